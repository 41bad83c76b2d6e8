"""`pastiche invert`: from a photo to a latent code."""

from pathlib import Path
from typing import Annotated

import torch
import typer

from ..faces import align
from ..images import write
from ..sheets import sheet
from .console import emit, out
from .options import (
    AlignedOption,
    DeviceOption,
    EncoderOption,
    InversionOption,
    JsonOption,
    OutOption,
    SeedOption,
    WeightsOption,
    load_models,
)
from .stylize import latent_of

__all__ = ["invert"]


def invert(
    photo: Annotated[Path, typer.Argument(help="The picture with the face.", show_default=False)],
    out_path: OutOption = Path("face.safetensors"),
    inversion: InversionOption = "encoder",
    compare: Annotated[Path | None, typer.Option("--compare", help="Also write the face beside its reconstruction.")] = None,
    seed: SeedOption = 0,
    weights: WeightsOption = "demo",
    encoder: EncoderOption = None,
    aligned: AlignedOption = False,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Find the latent code of the face in a PHOTO.

    pastiche invert me.jpg --compare me-again.png
    """
    models = load_models(weights, encoder, device)
    face = align(photo, models.generator.resolution, aligned=aligned or None, limit=1)[0]
    latent = latent_of(face, models, inversion, seed)
    with torch.no_grad():
        again = models.generator(latent).cpu().clamp(-1, 1)
    latent.to("cpu").save(out_path)
    if compare is not None:
        write(sheet([face.crop, again], 2, captions=["aligned", f"inverted: {inversion}"]), compare)
    error = float((again - face.crop).square().mean())
    if as_json:
        facts = {"written": str(out_path), "space": latent.space, "shape": list(latent.codes.shape), "mean_square_error": error}
        emit({**facts, "inversion": inversion, "score": face.score})
    else:
        out.print(f"{out_path}: {latent.space} {list(latent.codes.shape)}, mean square error {error:.4f}")
