"""`pastiche invert`: find the latent code of a photo."""

from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from torch import Tensor

from ..faces import align
from ..images import write
from ..latents import Latent
from ..numerics import precision
from ..sheets import sheet
from ..stylegan2 import LatentGenerator
from .console import emit, say
from .options import (
    AlignedOption,
    DeviceOption,
    EncoderOption,
    InversionOption,
    JsonOption,
    LandmarksOption,
    OutOption,
    PrecisionOption,
    SeedOption,
    WeightsOption,
    load_models,
)
from .person import tuned_to, tuning_of
from .stylize import latent_of
from .targets import PICTURES, TENSORS, check_target

__all__ = ["invert"]


def invert(
    photo: Annotated[Path, typer.Argument(help="The photo with the face.", show_default=False)],
    out_path: OutOption = Path("face.safetensors"),
    inversion: InversionOption = "encoder",
    tune_path: Annotated[
        Path | None,
        typer.Option("--tune", help="Also fine-tune the generator to this face, and write the tuned generator to this file."),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            "--steps", min=1, help="Steps of [b]--tune[/b]: by default 350, or 140 for the bundled models.", show_default=False
        ),
    ] = None,
    compare: Annotated[
        Path | None, typer.Option("--compare", help="Also write an image with the face and its reconstruction side by side.")
    ] = None,
    seed: SeedOption = 0,
    weights: WeightsOption = "demo",
    encoder: EncoderOption = None,
    aligned: AlignedOption = False,
    landmarks: LandmarksOption = "auto",
    device: DeviceOption = "auto",
    arithmetic: PrecisionOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Find the latent code of the face in a PHOTO.

    With [b]--tune[/b] the generator is also fine-tuned to this face (pivotal tuning). The file holds only the changes. Give
    it to [b]stylize[/b] as [b]--person[/b] to draw the person in any style of the same weights.

      pastiche invert me.jpg --compare me-again.png
      pastiche invert me.jpg --tune me.safetensors --out code.safetensors
      pastiche stylize me.jpg --person me.safetensors --reference painting.jpg --likeness 0.6
    """
    if tune_path is None and steps is not None:
        raise typer.BadParameter("--steps belongs to --tune: give --tune too")
    if tune_path is not None and tune_path.resolve() == out_path.resolve():
        raise typer.BadParameter(f"--tune and --out are both {out_path}: give two different files")
    for path, suffixes in ((out_path, TENSORS), (tune_path, TENSORS), (compare, PICTURES)):
        if path is not None:
            check_target(path, suffixes)
    models = load_models(weights, encoder, device)
    face = align(photo, models.generator.resolution, landmarker=landmarks, aligned=aligned or None, limit=1)[0]
    with precision(arithmetic, models.device):
        latent = latent_of(face, models, inversion, seed)
        drawn = {f"inverted: {inversion}": _draw(models.generator, latent)}
        if tune_path is not None:
            person = tuned_to(face, latent, models, tuning_of(models.checkpoint, steps))
            drawn["tuned"] = _draw(person.generator, latent)
    if tune_path is not None:
        person.save(tune_path, name=models.checkpoint.source)
    latent.to("cpu").save(out_path)
    if compare is not None:
        write(sheet([face.crop, *drawn.values()], 1 + len(drawn), captions=["aligned", *drawn]), compare)
    errors = [float((picture - face.crop).square().mean()) for picture in drawn.values()]
    if as_json:
        facts: dict[str, Any] = {"written": str(out_path), "space": latent.space, "shape": list(latent.codes.shape)}
        if tune_path is not None:
            facts |= {"tuned": str(tune_path), "tuned_mean_square_error": errors[1]}
        emit({**facts, "inversion": inversion, "score": face.score, "mean_square_error": errors[0]})
    else:
        say(f"{out_path}: {latent.space} {list(latent.codes.shape)}, mean square error {errors[0]:.4f}")
        if tune_path is not None:
            say(f"{tune_path}: mean square error {errors[1]:.4f}")


@torch.no_grad()
def _draw(generator: LatentGenerator, latent: Latent) -> Tensor:
    return generator(latent).cpu().clamp(-1, 1)  # type: ignore[no-any-return]
