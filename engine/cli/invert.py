"""`pastiche invert`: from a photo to a latent code."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from torch import Tensor

from .. import catalog
from ..bundle import DEMO
from ..checkpoints import save
from ..faces import align
from ..images import write
from ..inversion import PivotalTuning, Tuned, tune
from ..latents import Latent
from ..losses.perceptual import find_lpips
from ..sheets import sheet
from ..stylegan2 import LatentGenerator
from .console import emit, say, working
from .options import (
    AlignedOption,
    DeviceOption,
    EncoderOption,
    InversionOption,
    JsonOption,
    Models,
    OutOption,
    SeedOption,
    WeightsOption,
    load_models,
)
from .stylize import latent_of
from .targets import PICTURES, TENSORS, check_target

__all__ = ["invert"]

TUNING = PivotalTuning()
DEMO_TUNING = PivotalTuning(steps=150, lr=3e-3)  # the small generator that ships has to move further


def invert(
    photo: Annotated[Path, typer.Argument(help="The picture with the face.", show_default=False)],
    out_path: OutOption = Path("face.safetensors"),
    inversion: InversionOption = "encoder",
    tune_path: Annotated[
        Path | None,
        typer.Option("--tune", help="Also tune the generator until the code draws this very face, and write it here."),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option("--steps", min=1, help="Of [b]--tune[/b]: 350, or 150 on the models that ship.", show_default=False),
    ] = None,
    compare: Annotated[Path | None, typer.Option("--compare", help="Also write the face beside its reconstruction.")] = None,
    seed: SeedOption = 0,
    weights: WeightsOption = "demo",
    encoder: EncoderOption = None,
    aligned: AlignedOption = False,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Find the latent code of the face in a PHOTO.

    With [b]--tune[/b] the generator learns this face too (pivotal tuning). The file is a checkpoint that takes the place
    of the weights: other commands find the tuned face by the code, or by the encoder if the code came from it.

      pastiche invert me.jpg --compare me-again.png
      pastiche invert me.jpg --tune my-weights.safetensors
      pastiche stylize me.jpg --weights my-weights.safetensors --reference painting.jpg
    """
    if tune_path is None and steps is not None:
        raise typer.BadParameter("--steps are of a tuning: give --tune too")
    for path, suffixes in ((out_path, TENSORS), (tune_path, TENSORS), (compare, PICTURES)):
        if path is not None:
            check_target(path, suffixes)
    models = load_models(weights, encoder, device)
    face = align(photo, models.generator.resolution, aligned=aligned or None, limit=1)[0]
    latent = latent_of(face, models, inversion, seed)
    drawn = {f"inverted: {inversion}": _draw(models.generator, latent)}
    if tune_path is not None:
        settings = DEMO_TUNING if weights == DEMO else TUNING
        tuned = _tuned(face.crop, models, latent, settings if steps is None else replace(settings, steps=steps))
        drawn["tuned"] = _draw(tuned.generator, latent)
        made = {**models.checkpoint.options, "tuned_to": photo.name}
        save(replace(models.checkpoint, generator=tuned.generator, options=made), tune_path)
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


def _tuned(face: Tensor, models: Models, latent: Latent, settings: PivotalTuning) -> Tuned:
    """Measured as a search is: by LPIPS where its two files are, else by the discriminator."""
    lpips = find_lpips([catalog.weights_folder()])
    with working("tuning the generator") as progress:
        return tune(
            face.to(models.device),
            models.generator,
            latent,
            discriminator=None if lpips is not None else models.discriminator,
            lpips=None if lpips is None else lpips.to(models.device),
            settings=settings,
            progress=progress,
        )


@torch.no_grad()
def _draw(generator: LatentGenerator, latent: Latent) -> Tensor:
    return generator(latent).cpu().clamp(-1, 1)  # type: ignore[no-any-return]
