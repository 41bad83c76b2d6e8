"""`pastiche invert`: find the latent codes of photos."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich import box
from rich.table import Table
from torch import Tensor

from .. import catalog
from ..bench.inversion import Networks, compare_inversions
from ..evaluation.evaluators import find_arcface
from ..images import write
from ..inversion import PivotalTuning
from ..latents import Latent
from ..losses.perceptual import find_lpips
from ..numerics import precision
from ..sheets import sheet
from ..stylegan2 import LatentGenerator
from .console import emit, out, say, working
from .faces import FindOptions
from .groups import grouped
from .options import InversionOption, JsonOption, Models, NetworkOptions, OutOption, SeedOption
from .person import tuned_to, tuning_of
from .stylize import latents_of
from .targets import PICTURES, TENSORS, check_target

__all__ = ["invert"]

MEASURES = ("pixels", "perceptual", "identity", "seconds", "memory")


@dataclass(frozen=True, kw_only=True)
class TuneOptions:
    """Fine-tuning of the generator to the face."""

    tune: Annotated[
        Path | None,
        typer.Option("--tune", help="Also fine-tune the generator to this face, and write the tuned generator to this file."),
    ] = None
    steps: Annotated[
        int | None,
        typer.Option(
            "--steps", min=1, help="Steps of [b]--tune[/b]: by default 350, or 140 for the bundled models.", show_default=False
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class CompareOptions:
    """Every method on one sheet."""

    compare: Annotated[
        Path | None,
        typer.Option(
            "--compare", help="Invert with every method instead, write a sheet of all to this image, and print a table. Slow."
        ),
    ] = None
    search_steps: Annotated[
        int, typer.Option("--search-steps", min=1, help="Of the optimizations in w, w+ and z+ for [b]--compare[/b].")
    ] = 300


@grouped
def invert(
    photos: Annotated[
        list[Path], typer.Argument(help="The photo with the face; several are inverted at once.", show_default=False)
    ],
    *,
    out_path: OutOption = Path("face.safetensors"),
    inversion: InversionOption = "encoder",
    noise: Annotated[
        bool,
        typer.Option(
            "--noise", help="Optimize the generator's noise maps too, and keep them in the file: for hybrid and optimize."
        ),
    ] = False,
    tuning: TuneOptions,
    preview: Annotated[
        Path | None, typer.Option("--preview", help="Also write an image with each face and its reconstruction side by side.")
    ] = None,
    comparing: CompareOptions,
    seed: SeedOption = 0,
    finding: FindOptions,
    networks: NetworkOptions,
    as_json: JsonOption = False,
) -> None:
    """Find the latent codes of the faces in PHOTOS, one of each.

    With [b]--tune[/b] the generator is also fine-tuned to this face (pivotal tuning). The file holds only the changes. Give
    it to [b]stylize[/b] as [b]--person[/b] to draw the person in any style of the same weights.

      pastiche invert me.jpg --preview me-again.png
      pastiche invert me.jpg --inversion optimize --noise
      pastiche invert me.jpg you.jpg --compare methods.png
      pastiche invert me.jpg --tune me.safetensors --out code.safetensors
      pastiche stylize me.jpg --person me.safetensors --reference painting.jpg --likeness 0.6
    """
    _check(photos, out_path, tuning, preview, comparing.compare, noise=noise)
    models = networks.load()
    models = models if tuning.tune is None else models.tunable
    settings = tuning_of(models.checkpoint, tuning.steps)
    faces = [finding.largest(photo, models.generator.resolution) for photo in photos]
    crops = torch.cat([face.crop for face in faces])
    with precision(networks.precision, models.device):
        if comparing.compare is not None:
            _compare(crops, models, settings, comparing.search_steps, seed, comparing.compare, as_json=as_json)
            return
        latent = latents_of(crops, models, inversion, seed, noise=noise)
        drawn = {f"inverted: {inversion}": _draw(models.generator, latent)}
        if tuning.tune is not None:
            person = tuned_to(faces[0], latent, models, settings)
            drawn["tuned"] = _draw(person.generator, latent)
    if tuning.tune is not None:
        person.save(tuning.tune, name=models.checkpoint.source)
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
        if tuning.tune is not None:
            facts |= {"tuned": str(tuning.tune), "tuned_mean_square_error": errors[1]}
        score = min(face.score for face in faces)
        emit({**facts, "inversion": inversion, "score": score, "mean_square_error": errors[0]})
    else:
        say(f"{out_path}: {latent.space} {list(latent.codes.shape)}, mean square error {errors[0]:.4f}")
        if tuning.tune is not None:
            say(f"{tuning.tune}: mean square error {errors[1]:.4f}")


def _check(
    photos: list[Path], out_path: Path, tuning: TuneOptions, preview: Path | None, compare: Path | None, *, noise: bool
) -> None:
    """Reject options that do not fit each other, and places that can't be written."""
    if tuning.tune is None and compare is None and tuning.steps is not None:
        raise typer.BadParameter("--steps belongs to --tune: give --tune too")
    if tuning.tune is not None and tuning.tune.resolve() == out_path.resolve():
        raise typer.BadParameter(f"--tune and --out are both {out_path}: give two different files")
    if compare is not None and tuning.tune is not None:
        raise typer.BadParameter("--compare writes no latents and no tuned generator: leave --tune out")
    if tuning.tune is not None and len(photos) > 1:
        raise typer.BadParameter("--tune is for one face: give one photo")
    if noise and compare is not None:
        raise typer.BadParameter("--compare inverts without noise maps: leave --noise out")
    if noise and tuning.tune is not None:
        raise typer.BadParameter("--tune trains with the generator's own noise maps: leave --noise out")
    targets = ((None if compare else out_path, TENSORS), (tuning.tune, TENSORS), (preview, PICTURES), (compare, PICTURES))
    for path, suffixes in targets:
        if path is not None:
            check_target(path, suffixes)


def _compare(crops: Tensor, models: Models, tuning: PivotalTuning, steps: int, seed: int, path: Path, *, as_json: bool) -> None:
    """Invert with every method; write the sheet, and print the table."""
    lpips, arcface = find_lpips([catalog.weights_folder()]), find_arcface()
    networks = Networks(
        generator=models.generator,
        encoder=models.encoder,
        discriminator=None if lpips is not None else models.discriminator,
        lpips=None if lpips is None else lpips.to(models.device),
        identity=None if arcface is None else arcface.to(models.device),
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
