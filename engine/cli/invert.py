"""`pastiche invert`: find the latent codes of photos."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich import box
from rich.table import Table
from torch import Tensor

from .. import catalog
from ..bench.inversion import Networks, compare_inversions
from ..faces import align
from ..images import write
from ..inversion import PivotalTuning
from ..latents import Latent
from ..losses.perceptual import find_lpips
from ..numerics import precision
from ..sheets import sheet
from ..stylegan2 import LatentGenerator
from .console import emit, out, say, working
from .options import (
    AlignedOption,
    DeviceOption,
    EncoderOption,
    InversionOption,
    JsonOption,
    LandmarksOption,
    Models,
    OutOption,
    PrecisionOption,
    SeedOption,
    WeightsOption,
    load_models,
)
from .person import tuned_to, tuning_of
from .stylize import latents_of
from .targets import PICTURES, TENSORS, check_target

__all__ = ["invert"]

MEASURES = ("pixels", "perceptual", "identity", "seconds", "memory")


def invert(
    photos: Annotated[
        list[Path], typer.Argument(help="The photo with the face; several are inverted at once.", show_default=False)
    ],
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
    preview: Annotated[
        Path | None, typer.Option("--preview", help="Also write an image with each face and its reconstruction side by side.")
    ] = None,
    compare: Annotated[
        Path | None,
        typer.Option(
            "--compare", help="Invert with every method instead, write a sheet of all to this image, and print a table. Slow."
        ),
    ] = None,
    search_steps: Annotated[
        int, typer.Option("--search-steps", min=1, help="Of the optimizations in w, w+ and z+ for [b]--compare[/b].")
    ] = 300,
    seed: SeedOption = 0,
    weights: WeightsOption = "demo",
    encoder: EncoderOption = None,
    aligned: AlignedOption = False,
    landmarks: LandmarksOption = "auto",
    device: DeviceOption = "auto",
    arithmetic: PrecisionOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Find the latent codes of the faces in PHOTOS, one of each.

    With [b]--tune[/b] the generator is also fine-tuned to this face (pivotal tuning). The file holds only the changes. Give
    it to [b]stylize[/b] as [b]--person[/b] to draw the person in any style of the same weights.

      pastiche invert me.jpg --preview me-again.png
      pastiche invert me.jpg you.jpg --compare methods.png
      pastiche invert me.jpg --tune me.safetensors --out code.safetensors
      pastiche stylize me.jpg --person me.safetensors --reference painting.jpg --likeness 0.6
    """
    _check(photos, out_path, tune_path, steps, preview, compare)
    models = load_models(weights, encoder, device)
    side = models.generator.resolution
    faces = [align(photo, side, landmarker=landmarks, aligned=aligned or None, limit=1)[0] for photo in photos]
    crops = torch.cat([face.crop for face in faces])
    with precision(arithmetic, models.device):
        if compare is not None:
            _compare(crops, models, tuning_of(models.checkpoint, steps), search_steps, seed, compare, as_json=as_json)
            return
        latent = latents_of(crops, models, inversion, seed)
        drawn = {f"inverted: {inversion}": _draw(models.generator, latent)}
        if tune_path is not None:
            person = tuned_to(faces[0], latent, models, tuning_of(models.checkpoint, steps))
            drawn["tuned"] = _draw(person.generator, latent)
    if tune_path is not None:
        person.save(tune_path, name=models.checkpoint.source)
    latent.to("cpu").save(out_path)
    if preview is not None:
        cells = [
            picture
            for row in zip(crops.split(1), *(images.split(1) for images in drawn.values()), strict=True)
            for picture in row
        ]
        write(sheet(cells, 1 + len(drawn), captions=["aligned", *drawn] * len(faces)), preview)
    errors = [float((images - crops).square().mean()) for images in drawn.values()]
    if as_json:
        facts: dict[str, Any] = {"written": str(out_path), "space": latent.space, "shape": list(latent.codes.shape)}
        if tune_path is not None:
            facts |= {"tuned": str(tune_path), "tuned_mean_square_error": errors[1]}
        score = min(face.score for face in faces)
        emit({**facts, "inversion": inversion, "score": score, "mean_square_error": errors[0]})
    else:
        say(f"{out_path}: {latent.space} {list(latent.codes.shape)}, mean square error {errors[0]:.4f}")
        if tune_path is not None:
            say(f"{tune_path}: mean square error {errors[1]:.4f}")


def _check(
    photos: list[Path], out_path: Path, tune_path: Path | None, steps: int | None, preview: Path | None, compare: Path | None
) -> None:
    """Reject options that do not fit each other, and places that can't be written."""
    if tune_path is None and compare is None and steps is not None:
        raise typer.BadParameter("--steps belongs to --tune: give --tune too")
    if tune_path is not None and tune_path.resolve() == out_path.resolve():
        raise typer.BadParameter(f"--tune and --out are both {out_path}: give two different files")
    if compare is not None and tune_path is not None:
        raise typer.BadParameter("--compare writes no latents and no tuned generator: leave --tune out")
    if tune_path is not None and len(photos) > 1:
        raise typer.BadParameter("--tune is for one face: give one photo")
    targets = ((None if compare else out_path, TENSORS), (tune_path, TENSORS), (preview, PICTURES), (compare, PICTURES))
    for path, suffixes in targets:
        if path is not None:
            check_target(path, suffixes)


def _compare(crops: Tensor, models: Models, tuning: PivotalTuning, steps: int, seed: int, path: Path, *, as_json: bool) -> None:
    """Invert with every method; write the sheet, and print the table."""
    lpips = find_lpips([catalog.weights_folder()])
    networks = Networks(
        generator=models.generator,
        encoder=models.encoder,
        discriminator=None if lpips is not None else models.discriminator,
        lpips=None if lpips is None else lpips.to(models.device),
    )
    with ExitStack() as bars:
        found = compare_inversions(
            crops, networks, steps=steps, tuning=tuning, seed=seed, progress=lambda method: bars.enter_context(working(method))
        )
    rows = [crops.split(1), *(row.images.split(1) for row in found)]
    cells = [picture for pictures in zip(*rows, strict=True) for picture in pictures]
    titles = ["aligned", *(row.method for row in found)]
    write(sheet(cells, len(titles), column_titles=titles), path)
    if as_json:
        emit({"written": str(path), "methods": {row.method: {name: getattr(row, name) for name in MEASURES} for row in found}})
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("method", *MEASURES):
        table.add_column(column, no_wrap=True, justify="left" if column == "method" else "right")
    for row in found:
        values = [getattr(row, name) for name in MEASURES[:-1]]
        memory = "" if row.memory is None else f"{row.memory / 2**20:.0f} MB"
        table.add_row(row.method, *("" if value is None else f"{value:.3f}" for value in values), memory)
    out.print(table)
    say(f"{path}: {len(crops)} faces")


@torch.no_grad()
def _draw(generator: LatentGenerator, latent: Latent) -> Tensor:
    return generator(latent).cpu().clamp(-1, 1)  # type: ignore[no-any-return]
