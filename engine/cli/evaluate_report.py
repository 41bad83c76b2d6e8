"""`pastiche evaluate report`: the papers' experiments on the models at hand, as a page and as Markdown."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import torch
import typer

from ..bundle import DEMO, demo_references, load
from ..checkpoints import Checkpoint
from ..devices import find_device
from ..errors import PasticheError
from ..evaluation.evaluators import Evaluators, find_evaluators
from ..evaluation.few import short_recipe
from ..evaluation.markdown import markdown
from ..evaluation.page import page
from ..evaluation.report import EXPERIMENTS, Counts, Material, measure
from ..evaluation.result import Result
from ..files import replacing
from .console import err, say
from .evaluate_pictures import FeaturesOption
from .learning import StepsOption, settings_of
from .options import ClassifierOption, DeviceOption, SeedOption, WeightsOption, find_classifier
from .targets import check_target
from .train.stages import stages

__all__ = ["report"]

PAGE, TEXT = "report.html", "results.md"
TITLE = "Pastiche: the papers' results on these models"
STANDINS = "These are not the networks of the papers: no number by them is {}. Compare what rises and falls, not its size."
FROM = "or a file; left out if it is missing"


def report(
    out_path: Annotated[Path, typer.Option("--out", "-o", help="Folder for the page, and for pictures and trainings.")],
    weights: WeightsOption = DEMO,
    blendgan: Annotated[str, typer.Option("--blendgan", help=f"[b]demo:blendgan[/b] {FROM}.")] = "demo:blendgan",
    agilegan: Annotated[str, typer.Option("--agilegan", help=f"[b]demo:agilegan[/b] {FROM}.")] = "demo:agilegan",
    dualstylegan: Annotated[
        str, typer.Option("--dualstylegan", help=f"[b]demo:dualstylegan[/b] {FROM}.")
    ] = "demo:dualstylegan",
    paintings: Annotated[
        Path | None,
        typer.Option("--paintings", help="Pictures in many styles; painted if not given, which takes minutes."),
    ] = None,
    portraits: Annotated[Path | None, typer.Option("--portraits", help="Plain aligned faces; painted if not given.")] = None,
    style_pictures: Annotated[
        Path | None, typer.Option("--style-pictures", help="Pictures in the style of the AgileGAN.")
    ] = None,
    snapshots: Annotated[
        Path | None,
        typer.Option("--snapshots", help="The folder snapshots of a `pastiche train agilegan`, for its early stopping."),
    ] = None,
    transfer: Annotated[
        int,
        typer.Option("--transfer", min=0, help="Without --snapshots, iterations of a transfer to half of --style-pictures."),
    ] = 0,
    few_pictures: Annotated[
        Path | None,
        typer.Option("--few-pictures", help="16 aligned pictures, on which two DualStyleGANs are trained: long on a CPU."),
    ] = None,
    iterations: Annotated[int, typer.Option("--iterations", min=8, help="Length of each training on --few-pictures.")] = 200,
    only: Annotated[
        list[str] | None, typer.Option("--only", help=f"Only these experiments: {', '.join(EXPERIMENTS)}; repeatable.")
    ] = None,
    faces: Annotated[int, typer.Option("--faces", min=6, help="Number of faces.")] = 40,
    styles: Annotated[int, typer.Option("--styles", min=2, help="Number of styles of each face.")] = 10,
    count: Annotated[int, typer.Option("--count", min=16, help="Number of pictures that distances are measured from.")] = 400,
    optimized: Annotated[
        int, typer.Option("--optimized", min=0, help="Steps of the optimization in w+ that AgileGAN is held against.")
    ] = 30,
    references: Annotated[
        list[str] | None, typer.Option("--reference", "-r", help="Bundled references for JoJoGAN, by name; repeatable.")
    ] = None,
    steps: StepsOption = None,
    features: FeaturesOption = "auto",
    classifier: ClassifierOption = None,
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
) -> None:
    """Reproduce the papers' results on the models at hand: tables, plots and pictures beside the papers' numbers.

    The page is report.html in the folder; the tables are printed as Markdown, and written to results.md. Experiments whose
    models or pictures are missing say what they need.

    BlendGAN: distance and diversity for each indicator. AgileGAN: where to stop, and z+ against w+. DualStyleGAN: structure
    and colour apart, and 16 pictures. JoJoGAN: mixing.

      pastiche evaluate report --out report
      pastiche evaluate report --out report --only indicator --faces 100 --count 1000
    """
    _check_names(only or (), references or ())
    _check_paths(
        {
            "--paintings": paintings,
            "--portraits": portraits,
            "--style-pictures": style_pictures,
            "--snapshots": snapshots,
            "--few-pictures": few_pictures,
        }
    )
    check_target(out_path / PAGE, (Path(PAGE).suffix,))
    names = only or list(EXPERIMENTS)
    base, where = load(weights), find_device(device)
    evaluators = find_evaluators(base, features=features, classifier=find_classifier(classifier), device=where)
    counts = Counts(faces=faces, styles=styles, reference=count, steps=optimized)
    results: list[Result] = []
    with stages(None) as stage:
        material = Material(
            base=base.to(where),
            evaluators=evaluators,
            counts=counts,
            folder=out_path,
            blendgan=_model(blendgan, where, needed="indicator" in names),
            agilegan=_model(agilegan, where, needed="codes" in names),
            dualstylegan=_model(dualstylegan, where, needed="amounts" in names),
            painted=paintings,
            portraits=portraits,
            style=style_pictures,
            snapshots=snapshots,
            transfer=transfer,
            few=few_pictures,
            recipe=short_recipe(iterations),
            one_shot=settings_of(None, base, steps=steps),
            references=tuple(references or ("toon", "mona_lisa")),
            seed=seed,
            stage=stage,
        )
        for result in measure(material, names):
            results.append(result)
            _write(out_path, results, evaluators)  # what is measured is kept, whatever comes after it
    say(markdown(results))
    err.print(f"[dim]{out_path / PAGE}[/dim]", highlight=False)
    if all(result.skipped for result in results):
        raise PasticheError("nothing was measured: each experiment says above what it needs")


def _check_names(experiments: Sequence[str], references: Sequence[str]) -> None:
    if unknown := [name for name in experiments if name not in EXPERIMENTS]:
        raise typer.BadParameter(f"there is no experiment {unknown[0]}: choose from {', '.join(EXPERIMENTS)}")
    if unknown := [name for name in references if name not in demo_references()]:
        raise typer.BadParameter(f"{unknown[0]} is not a bundled reference: choose from {', '.join(demo_references())}")


def _check_paths(given: Mapping[str, Path | None]) -> None:
    """Refuse what does not exist before anything is painted or measured, by the names of the options."""
    for option, path in given.items():
        if path is not None and not path.exists():
            raise typer.BadParameter(f"{path} does not exist", param_hint=option)


def _model(source: str, device: torch.device, *, needed: bool) -> Checkpoint | str:
    """A method's checkpoint; or why there is none, if it is one that ships, or if no experiment needs it."""
    if not needed:
        return "it was not asked for"
    try:
        return load(source).to(device)
    except PasticheError as error:
        if not source.startswith(f"{DEMO}:"):
            raise
        return f"this installation has no {source} ({error.message('command')})"


def _write(folder: Path, results: list[Result], evaluators: Evaluators) -> None:
    facts = [f"{role}: {name}" for role, name in evaluators.names.items()]
    facts += [STANDINS.format(" or ".join(evaluators.standins))] if evaluators.standins else []
    for name, text in ((PAGE, page(results, TITLE, facts)), (TEXT, markdown(results))):
        with replacing(folder / name, PasticheError) as beside:
            beside.write_text(text, encoding="utf8")
