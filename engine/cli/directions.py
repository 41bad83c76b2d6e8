"""`pastiche directions ...`: find, learn, convert, list and measure directions to edit faces along."""

import csv
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich import box
from rich.table import Table
from torch import Tensor

from ..bundle import DEMO, load_directions
from ..demo.directions import learn_demo_directions
from ..directions import Directions
from ..editing import channels, find_sefa, import_directions, learn_directions, measure, parse_rows
from ..errors import LatentError, PasticheError
from ..faces.landmarks import bundled_landmarks
from ..latents import Latent
from ..numerics import tensor_float32
from .console import emit, out, say
from .options import (
    ClassifierOption,
    DeviceOption,
    JsonOption,
    OutOption,
    SeedOption,
    WeightsOption,
    find_classifier,
    load_models,
)
from .targets import TENSORS, check_target

__all__ = ["directions"]

directions = typer.Typer(help="Directions to edit faces along, for [b]pastiche edit[/b].", no_args_is_help=True)

RowsOption = Annotated[str | None, typer.Option("--rows", help="Rows of w+, such as 0-6; all by default.", show_default=False)]


@directions.command()
def find(
    count: Annotated[int, typer.Option("--count", min=1, help="How many directions.")] = 10,
    rows: RowsOption = None,
    channel: Annotated[
        list[str] | None,
        typer.Option("--channel", help="Style channels instead, such as 6:21 (layer:channel); repeatable.", show_default=False),
    ] = None,
    out_path: OutOption = Path("directions.safetensors"),
    weights: WeightsOption = "demo",
    as_json: JsonOption = False,
) -> None:
    """Find directions in a generator's weights (SeFa), without any labels; or take single style channels.

    pastiche directions find --count 8 --rows 0-5
    pastiche directions find --channel 6:21 --channel 4:100 -o channels.safetensors
    """
    check_target(out_path, TENSORS)
    models = load_models(weights, None, "cpu")
    name = models.checkpoint.source
    if channel:
        found = channels(models.stylegan2, channel, name=name)
    else:
        found = find_sefa(models.stylegan2, count, rows=None if rows is None else parse_rows(rows), name=name)
    _save(found, out_path, as_json)


@directions.command()
def learn(
    latents: Annotated[Path, typer.Argument(help="Latents of many faces, saved by Pastiche.", show_default=False)],
    labels: Annotated[
        Path, typer.Argument(help="A .csv with a column for each label, and a row for each face.", show_default=False)
    ],
    hold: Annotated[
        str | None,
        typer.Option(
            "--hold", help="Labels that stay while another changes, such as yaw,age; all others by default.", show_default=False
        ),
    ] = None,
    rows: RowsOption = None,
    out_path: OutOption = Path("directions.safetensors"),
    weights: WeightsOption = "demo",
    as_json: JsonOption = False,
) -> None:
    """Learn a direction for each label of labelled faces (logistic regression).

    A column of true and false, yes and no, or 0 and 1 is a class; of other numbers, the upper and the lower part are.

      pastiche directions learn faces.safetensors labels.csv --hold yaw
    """
    check_target(out_path, TENSORS)
    models = load_models(weights, None, "cpu")
    w_plus = models.to_w_plus(Latent.load(latents)).codes
    table = _labels(labels)
    kept = None if hold is None else [name.strip() for name in hold.split(",") if name.strip()]
    found = learn_directions(
        models.generator,
        w_plus.mean(dim=1),
        table,
        hold=None if kept is None else {name: [other for other in kept if other != name] for name in table},
        rows=None if rows is None else dict.fromkeys(table, parse_rows(rows)),
        name=models.checkpoint.source,
    )
    _save(found, out_path, as_json)


def _labels(path: Path) -> dict[str, Tensor]:
    words = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}
    try:
        with path.open(encoding="utf8", newline="") as file:
            table = list(csv.DictReader(file))
        columns = {
            name: torch.tensor(
                [words[row[name].strip().lower()] if row[name].strip().lower() in words else float(row[name]) for row in table]
            )
            for name in (table[0] if table else {})
        }
    except (OSError, UnicodeDecodeError, ValueError, AttributeError, TypeError, csv.Error) as error:
        raise PasticheError(
            f"{path} can't be read as labels ({error}): give a .csv with a column of numbers for each label"
        ) from error
    if not columns:
        raise PasticheError(f"{path} holds no labels: give a .csv with a head and a row for each face")
    return {name: values.bool() if set(values.tolist()) <= {0.0, 1.0} else values for name, values in columns.items()}


@directions.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(help="A published .pt or .npy.", show_default=False)],
    name: Annotated[str | None, typer.Option("--name", help="Name of a single direction.", show_default=False)] = None,
    out_path: OutOption = Path("directions.safetensors"),
    weights: WeightsOption = "demo",
    as_json: JsonOption = False,
) -> None:
    """Read published directions: encoder4editing's .pt, GANSpace's components, STIT's .npy. No code in the file is run.

    No such file says which generator it belongs to: give that one as [b]--weights[/b].

      pastiche directions import age.pt -w stylegan2-ffhq-config-f.pt -o age.safetensors
    """
    check_target(out_path, TENSORS)
    models = load_models(weights, None, "cpu")
    _save(import_directions(file, models.generator, attribute=name, name=models.checkpoint.source), out_path, as_json)


@directions.command(name="list")
def list_(
    file: Annotated[Path | None, typer.Argument(help="A file of directions; by default the bundled ones.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List the directions in a file."""
    found = load_directions(DEMO if file is None else file)
    if as_json:
        facts = [{"name": name, "space": its.space, "rows": its.rows, "source": its.source} for name, its in found.items()]
        emit({"generator": found.generator, "generator_name": found.name, "directions": facts})
        return
    say(f"for {found.name or 'a generator'}, fingerprint {found.generator[:12]}")
    for name, direction in found.items():
        rows = "" if direction.rows is None else f", rows {min(direction.rows)} to {max(direction.rows)}"
        say(f"  {name}: {direction.space}{rows}, {direction.source}")


@directions.command()
def demo(
    classifier: ClassifierOption = None,
    out_path: OutOption = Path("directions.safetensors"),
    weights: WeightsOption = "demo",
    as_json: JsonOption = False,
) -> None:
    """Make the directions of the bundled generator from the painter's labels, which takes less than a minute.

    A classifier then frees each direction from the attributes that it moves besides its own, which takes some minutes.

    pastiche directions demo --out weights/demo/directions.safetensors
    """
    check_target(out_path, TENSORS)
    models = load_models(weights, None, "cpu")
    found = learn_demo_directions(models.stylegan2, find_classifier(classifier), name=models.checkpoint.source)
    _save(found, out_path, as_json)


@directions.command(name="measure")
@tensor_float32(allowed=False)
def measure_(
    file: Annotated[Path | None, typer.Argument(help="A file of directions; by default the bundled ones.")] = None,
    classifier: ClassifierOption = None,
    faces: Annotated[int, typer.Option("--faces", min=2, help="Number of random faces.")] = 128,
    seed: SeedOption = 1,
    weights: WeightsOption = "demo",
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Measure what each direction changes, as a classifier reads it.

    The network learned from painted portraits only, never from the generator. For an amount of 1, in standard deviations
    of random faces: the change of the direction's own attribute, the sum of the changes of all others, and how much the
    readings by which people are told apart change, compared with two different people. Found again: people whose
    landmarks stay nearest to their own, among all.
    """
    reader = find_classifier(classifier)
    if reader is None:
        raise LatentError(
            "no classifier lies beside the bundled models: give one with --classifier, such as the one that `pastiche train "
            "demo` makes"
        )
    models = load_models(weights, None, device)
    found = measure(
        load_directions(DEMO if file is None else file),
        models.stylegan2,
        reader.to(models.device),
        landmarker=bundled_landmarks(),
        faces=faces,
        seed=seed,
    )
    if as_json:
        emit(
            {
                "faces": faces,
                "seed": seed,
                "directions": {name: asdict(row) | {"ratio": row.ratio} for name, row in found.items()},
            }
        )
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("direction", "own", "others", "ratio", "identity", "strangers", "found again"):
        table.add_column(column, no_wrap=True, justify="left" if column == "direction" else "right")
    for name, row in found.items():
        numbers = (row.own, row.others, row.ratio, row.identity, row.strangers)
        table.add_row(name, *(f"{number:.2f}" for number in numbers), f"{100 * row.found_again:.0f} %")
    out.print(table)


def _save(found: Directions, path: Path, as_json: bool) -> None:
    found.save(path)
    if as_json:
        emit({"written": str(path), "generator": found.generator, "directions": list(found)})
    else:
        say(f"{path}: {', '.join(found)}")
