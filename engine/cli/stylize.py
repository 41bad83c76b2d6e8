"""`pastiche stylize`: a photo in the style of a picture."""

from pathlib import Path
from typing import Annotated

import torch
import typer
from torch import Tensor

from ..faces import Face, align, paste_all
from ..images import read, write
from ..inversion import Method, invert
from ..latents import Latent
from ..losses.perceptual import find_lpips
from ..styles import Style, load_style
from .console import emit, out, working
from .learning import PresetOption, StepsOption, learn_style, settings_of
from .options import (
    AlignedOption,
    DeviceOption,
    EncoderOption,
    JsonOption,
    Models,
    OutOption,
    Precision,
    PrecisionOption,
    SeedOption,
    WeightsOption,
    load_models,
    precision,
)

__all__ = ["latent_of", "stylize"]


def stylize(
    photo: Annotated[Path, typer.Argument(help="The picture with the face.", show_default=False)],
    reference: Annotated[
        list[Path] | None, typer.Option("--reference", "-r", help="A picture of the style; repeat it for several of one style.")
    ] = None,
    style: Annotated[
        Path | None, typer.Option("--style", "-s", help="A style learned before, by [b]pastiche one-shot[/b].")
    ] = None,
    out_path: OutOption = Path("stylized.png"),
    strength: Annotated[
        float, typer.Option("--strength", min=0, max=1, help="0: the face as it is; 1: the style in full.")
    ] = 1.0,
    keep_background: Annotated[bool, typer.Option("--keep-background", help="Put the faces back into the photo.")] = False,
    faces: Annotated[int, typer.Option("--faces", min=1, help="How many faces at most, the largest first.")] = 1,
    method: Annotated[
        Method, typer.Option("--method", help="How faces are inverted; hybrid takes longer and is closer.")
    ] = "encoder",
    chosen: PresetOption = None,
    steps: StepsOption = None,
    seed: SeedOption = 0,
    weights: WeightsOption = "demo",
    encoder: EncoderOption = None,
    aligned: AlignedOption = False,
    device: DeviceOption = "auto",
    arithmetic: PrecisionOption = Precision.float32,
    as_json: JsonOption = False,
) -> None:
    """Draw the face of a PHOTO in the style of a picture.

    The style is learned from the reference within a minute, or read from a file. Without
    [b]--keep-background[/b] the result is the aligned face alone.

      pastiche stylize me.jpg --reference painting.jpg
      pastiche stylize party.jpg --style painting.safetensors --faces 8 --keep-background
    """
    if bool(reference) == (style is not None):
        raise typer.BadParameter("give either --reference or --style")
    settings = settings_of(chosen, steps, weights)
    models = load_models(weights, encoder, device)
    known = None if style is None else load_style(style, models.generator)
    picture = read(photo)
    found = align(picture, models.generator.resolution, aligned=aligned or None, limit=faces)
    with precision(models, arithmetic):
        used: Style = known or learn_style(models, reference or [], settings, seed=seed)[0]
        drawn = [used(latent_of(face, models, method, seed), strength=strength).cpu().clamp(-1, 1) for face in found]
    written = _write(picture, found, drawn, out_path, keep_background)
    facts = {"faces": len(found), "strength": strength, "seed": seed, "written": [str(path) for path in written]}
    if as_json:
        emit(facts)
    else:
        out.print(f"{len(found)} face{'s' * (len(found) > 1)}: " + ", ".join(facts["written"]))  # type: ignore[arg-type]


def latent_of(face: Face, models: Models, method: Method, seed: int) -> Latent:
    """The latent of one face, in w+; a search measures by LPIPS where its two files are, else by the discriminator."""
    lpips = None if method == "encoder" else find_lpips([])
    with working("inverting the face") as progress:
        return invert(
            face.crop.to(models.device),
            models.generator,
            models.encoder,
            method=method,
            discriminator=None if method == "encoder" or lpips is not None else models.discriminator,
            lpips=None if lpips is None else lpips.to(models.device),
            rng=torch.Generator(models.device).manual_seed(seed),
            progress=progress,
        )


def _write(photo: Tensor, faces: list[Face], drawn: list[Tensor], path: Path, keep_background: bool) -> list[Path]:
    if keep_background:
        write(paste_all(faces, drawn, photo, region="oval", match_color=False), path)
        return [path]
    paths = [path] if len(drawn) == 1 else [path.with_stem(f"{path.stem}-{index + 1}") for index in range(len(drawn))]
    for image, place in zip(drawn, paths, strict=True):
        write(image, place)
    return paths
