"""`pastiche generate`: random faces."""

from pathlib import Path
from typing import Annotated

import torch
import typer

from ..images import write
from ..numerics import precision
from ..sheets import sheet
from .console import emit, say
from .methods import saved_style
from .options import (
    DeviceOption,
    JsonOption,
    OutOption,
    PrecisionOption,
    SeedOption,
    WeightsOption,
    load_models,
)
from .targets import PICTURES, check_target

__all__ = ["generate"]


def generate(
    out_path: OutOption = Path("faces.png"),
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="Number of faces.")] = 1,
    psi: Annotated[
        float,
        typer.Option("--psi", min=-1, max=1.5, help="Truncation: 0 is the mean face, 1 the full variety; 0.5 to 0.7 is usual."),
    ] = 0.7,
    style: Annotated[Path | None, typer.Option("--style", "-s", help="A saved style to draw the faces in.")] = None,
    strength: Annotated[float, typer.Option("--strength", min=0, max=1, help="Strength of the style.")] = 1.0,
    separate: Annotated[
        bool, typer.Option("--separate", help="Write one numbered file for each face instead of a sheet.")
    ] = False,
    seed: SeedOption = 0,
    weights: WeightsOption = "demo",
    encoder: Annotated[
        str | None,
        typer.Option("--encoder", "-e", help="AgileGAN's encoder file, which is needed for strengths below 1."),
    ] = None,
    device: DeviceOption = "auto",
    arithmetic: PrecisionOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Generate random faces, with or without a style.

    pastiche generate --count 16 --seed 4
    pastiche generate --style painting.safetensors --count 16
    """
    check_target(out_path, PICTURES)
    models = load_models(weights, encoder, device)
    generator = models.generator
    draw = saved_style(models, style) if style else None
    images = []
    with torch.no_grad(), precision(arithmetic, models.device):
        faces = models.random_faces(count, seed, psi)
        for index in range(count):
            latent = faces[index]
            images.append((draw(latent, strength=strength) if draw else generator(latent)).cpu().clamp(-1, 1))
    paths = [out_path]
    if separate and count > 1:
        paths = [out_path.with_stem(f"{out_path.stem}-{index + 1}") for index in range(count)]
        for image, path in zip(images, paths, strict=True):
            write(image, path)
    else:
        columns = min(count, round(count**0.5 + 0.49))
        write(images[0] if count == 1 else sheet(images, columns), out_path)
    if as_json:
        emit({"written": [str(path) for path in paths], "seed": seed, "psi": psi, "count": count})
    else:
        say(", ".join(str(path) for path in paths))
