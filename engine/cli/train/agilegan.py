"""`pastiche train agilegan`: a style from about 100 pictures (AgileGAN), and `agilegan-export`: another stop of it."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import torch
import typer

from ... import catalog
from ...agilegan import AgileGenerator
from ...agilegan.training.attributes import FOLDERS, Groups, from_folders, from_table, unlabelled
from ...agilegan.training.classified import CLASSIFIER, classified, write_table
from ...agilegan.training.config import AgileTransfer
from ...agilegan.training.snapshots import Snapshots, stop_sheet
from ...agilegan.training.transfer import (
    SHEET,
    SNAPSHOTS,
    agile_task,
    chosen_structure,
    finished,
    schedule_of,
    snapshot_taker,
    stylized,
)
from ...bundle import load
from ...checkpoints import Checkpoint, save
from ...editing import swap_layers
from ...errors import PasticheError, TrainingError
from ...files import replacing
from ...images import write
from ...metrics.classifier import PortraitClassifier
from ...training.data import PictureDataset
from ...training.processes import join
from ...training.schedule import Schedule
from ..console import emit, say
from ..options import ClassifierOption, DeviceOption, JsonOption, LandmarksOption, find_classifier
from ..targets import PICTURES, TENSORS, check_target, lasting_name
from .options import (
    DryRunOption,
    LogOption,
    ModelOption,
    PicturesArgument,
    Preset,
    PresetOption,
    ReadyOption,
    RunOption,
    SetOption,
    run_folder,
)
from .run import Run

__all__ = ["agilegan", "agilegan_export"]

PRESETS = {Preset.FAST: AgileTransfer.FAST, Preset.PAPER: AgileTransfer.PAPER}
AUTO, NONE = "auto", "none"
RECORD, TABLE = "agilegan.json", "attributes.csv"  # in the folder of a training

GeneratorOption = Annotated[
    str,
    typer.Option(
        "--generator",
        "-g",
        help="The StyleGAN2 to transfer, with its discriminator: a file, [b]catalog:NAME[/b], or [b]demo[/b].",
    ),
]
WholeOption = Annotated[
    bool,
    typer.Option(
        "--whole",
        help="Write all weights. Otherwise the file holds only what differs from a generator that is demo, in the catalog, or "
        "in the same folder, and needs it.",
    ),
]


def agilegan(
    pictures: PicturesArgument,
    out_path: ModelOption,
    generator: GeneratorOption = "demo",
    attributes: Annotated[
        str,
        typer.Option(
            "--attributes",
            help="Each attribute gets a path of its own. [b]folders[/b]: one folder for each; a .csv with the columns file and "
            "attribute; [b]classifier[/b] (female, male) or [b]classifier:smiling[/b]: as [b]--classifier[/b] reads them; "
            "[b]none[/b]: one path for all; [b]auto[/b]: folders if all pictures lie in some, otherwise none.",
        ),
    ] = AUTO,
    classifier: ClassifierOption = None,
    whole: WholeOption = False,
    preset: PresetOption = Preset.FAST,
    settings: SetOption = None,
    run: RunOption = None,
    aligned: ReadyOption = False,
    landmarks: LandmarksOption = "auto",
    dry_run: DryRunOption = False,
    tensorboard: LogOption = False,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Learn a style from about 100 pictures (AgileGAN): the generator is transferred to them, and stops early.

    Where to stop is for the eye: RUN/iterations.png shows the same faces at every snapshot, and
    [b]pastiche train agilegan-export[/b] writes any of them. Ctrl-C stops; the same command resumes.

      pastiche train agilegan comics/ --out comics.safetensors --dry-run
      pastiche train agilegan comics/ --out comics.safetensors --attributes labels.csv --set iterations=800
      pastiche train agilegan comics/ --out comics.safetensors --attributes classifier --classifier classifier.safetensors
      pastiche train agilegan-export comics-training --iteration 300 --out comics.safetensors
      pastiche stylize me.jpg --weights comics.safetensors --attribute male
    """
    this = Run(out_path=out_path, folder=run_folder(out_path, run), device=device, dry=dry_run, tensorboard=tensorboard)
    reader = _reader(attributes, classifier)
    base = load(generator)
    side = base.stylegan2.resolution
    config, schedule = _settings(this, PRESETS[preset], settings)
    data = this.pictures(pictures, side, aligned=aligned, landmarks=landmarks)
    groups = grouped_pictures(data, attributes, reader)
    if this.main:
        _remember(this.folder, generator, groups, data)
    this.say(", ".join(f"{name}: {len(numbers)} pictures" for name, numbers in groups.items()))
    structure = None if base.discriminator is None else chosen_structure(base.discriminator, [catalog.weights_folder()])
    task = agile_task(base, {name: data.subset(numbers) for name, numbers in groups.items()}, config, structure=structure)
    task.check_batch(schedule, join(device).world)
    this.say(f"structure is compared by {task.structure.name}")
    written = this.train(
        task,
        schedule,
        lambda: finished(task, base, this.folder),
        record=snapshot_taker(task, base, this.folder),
        **_storage(base, generator, out_path, whole=whole),  # type: ignore[arg-type]
    )
    if written:
        say(f"{this.folder / SHEET} shows every stop")
    if as_json and written:
        emit({"written": str(out_path), "folder": str(this.folder), "attributes": list(groups), "pictures": len(data)})


def agilegan_export(
    run: Annotated[Path, typer.Argument(help="The folder of the training.", show_default=False)],
    out_path: ModelOption,
    iteration: Annotated[
        int | None, typer.Option("--iteration", "-n", min=1, help="Where to stop; by default at the end.", show_default=False)
    ] = None,
    swap_at: Annotated[
        int | None,
        typer.Option(
            "--swap-at", help="Take layers below this resolution from the face generator: style without its change of shape."
        ),
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", help="Also draw the sheet of all stops anew, to this picture.", show_default=False)
    ] = None,
    generator: Annotated[
        str | None,
        typer.Option("--generator", "-g", help="What was transferred, if it has moved.", show_default=False),
    ] = None,
    whole: WholeOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write the generator that a training of AgileGAN passed through at an iteration.

    pastiche train agilegan-export comics-training --iteration 300 --out comics.safetensors
    pastiche train agilegan-export comics-training --out comics.safetensors --swap-at 32 --sheet stops.png
    """
    check_target(out_path, TENSORS)
    if sheet is not None:
        check_target(sheet, PICTURES)
    name = generator or _remembered(run)
    base = load(name)
    snapshots = Snapshots(run / SNAPSHOTS, base)
    found = snapshots.load(iteration)
    if swap_at is not None:
        swapped = swap_layers(base.stylegan2, found.generator, at=swap_at)
        assert isinstance(swapped, AgileGenerator)
        found = replace(found, generator=swapped)
    save(stylized(base, found), out_path, **_storage(base, name, out_path, whole=whole))  # type: ignore[arg-type]
    if sheet is not None:
        write(stop_sheet(snapshots), sheet)
    if as_json:
        emit({"written": str(out_path), "iteration": found.iteration, "iterations": snapshots.iterations})
    else:
        say(f"{out_path}: iteration {found.iteration} of {', '.join(map(str, snapshots.iterations))}")


def _settings(run: Run, preset: AgileTransfer, assignments: list[str] | None) -> tuple[AgileTransfer, Schedule]:
    """Settings and schedule, whose length and batch are the settings'."""
    start = schedule_of(preset)
    config, schedule = run.override(preset, start, assignments)
    if schedule.images != start.images:
        raise PasticheError("--set images: the length of this training is its iterations: --set iterations=1200")
    values = schedule_of(config)
    return config, replace(
        schedule, **{name: getattr(values, name) for name in ("images", "batch", "average_images", "average_ramp")}
    )


def _reader(attributes: str, path: Path | None) -> PortraitClassifier | None:
    """The classifier that ``--attributes`` asks for; None if it asks for another source.

    Raises:
        TrainingError: it asks for one, and there is none; or one is named, and not asked for.
        CheckpointError: the named file is none.
    """
    if attributes.partition(":")[0] != CLASSIFIER:
        if path is not None:
            raise TrainingError(f"--classifier {path} reads no attributes: give --attributes {CLASSIFIER} too")
        return None
    found = find_classifier(path)
    if found is None:
        raise TrainingError(
            f"--attributes {attributes}: there is no classifier, because none ships: give its file as --classifier (`pastiche "
            "train demo --only perception --out perception` trains one), or put the pictures into one folder for each "
            "attribute, or give a table (--attributes labels.csv)"
        )
    return found


def grouped_pictures(pictures: PictureDataset, attributes: str, classifier: PortraitClassifier | None) -> Groups:
    """The pictures' numbers by attribute, as ``--attributes`` says.

    Args:
        classifier: that reads them, if attributes are to be read.

    Raises:
        TrainingError: as the source of the attributes.
    """
    names = pictures.names
    if attributes == AUTO:
        attributes = FOLDERS if all("/" in name for name in names) else NONE
    if attributes == NONE:
        return unlabelled(names)
    if attributes == FOLDERS:
        return from_folders(names)
    if classifier is not None:
        label = attributes.partition(":")[2]
        return classified(pictures, classifier, *([label] if label else []))
    if not attributes.lower().endswith((".csv", ".tsv", ".txt")) and not Path(attributes).is_file():
        raise TrainingError(f"--attributes {attributes}: expected auto, none, folders, classifier or a .csv")
    return from_table(Path(attributes), names)


def _storage(base: Checkpoint, generator: str, out_path: Path, *, whole: bool) -> dict[str, object]:
    """How to save: as a difference in half precision where the generator can be found again, else whole."""
    if whole:
        return {}
    try:
        name = lasting_name(generator, out_path)
    except PasticheError:
        say(f"{out_path.name} will hold all weights: {generator} lies in another folder, where it would not be found")
        return {}
    return {"base": base, "base_name": name, "dtype": torch.float16}


def _remember(folder: Path, generator: str, groups: Groups, pictures: PictureDataset) -> None:
    """Write what the export needs, and the attributes as a table that can be corrected and given back."""
    folder.mkdir(parents=True, exist_ok=True)
    named = generator if not Path(generator).is_file() else str(Path(generator).resolve())
    _keep_corrections(folder / TABLE, groups, pictures.names)
    with replacing(folder / RECORD, TrainingError) as beside:
        beside.write_text(json.dumps({"generator": named}) + "\n", encoding="utf8")
    write_table(groups, pictures.names, folder / TABLE)


def _keep_corrections(table: Path, groups: Groups, names: list[str]) -> None:
    """Refuse to overwrite a table of attributes that says something else of a picture: it was corrected by hand.

    Raises:
        TrainingError: it does; or it can't be read.
    """
    if not table.exists():
        return
    attributes = {names[number]: attribute for attribute, numbers in groups.items() for number in numbers}
    with table.open(encoding="utf-8-sig", newline="") as file:
        corrected = [row for row in csv.reader(file) if len(row) > 1 and attributes.get(row[0], row[1]) != row[1]]
    if corrected:
        raise TrainingError(
            f"{table} says that {corrected[0][0]} is {corrected[0][1]!r}, and --attributes says "
            f"{attributes[corrected[0][0]]!r}: give the table as --attributes, or delete it"
        )


def _remembered(folder: Path) -> str:
    try:
        return str(json.loads((folder / RECORD).read_text(encoding="utf8"))["generator"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise TrainingError(
            f"{folder} is no folder of a training of AgileGAN ({RECORD}: {error}): name the one that pastiche train agilegan "
            "said, or give what was transferred as --generator"
        ) from error
