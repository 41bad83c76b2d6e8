"""`pastiche weights ...`: the published weights, fetched when asked for."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from .. import catalog
from ..bundle import expect_entry
from ..catalog import Entry, Fetched, Known
from ..checkpoints import load, save
from ..errors import DownloadError, PasticheError
from ..progress import Progress, Step
from .console import emit, err, out
from .options import JsonOption

__all__ = ["weights"]

weights = typer.Typer(
    help="List, fetch and check the published weights.\n\n  pastiche weights get stylegan2-ffhq-config-f e4e-ffhq",
    no_args_is_help=True,
)

NameArgument = Annotated[str, typer.Argument(help="As [b]pastiche weights list[/b] shows it.", show_default=False)]
FolderOption = Annotated[
    list[Path] | None, typer.Option("--folder", help="Also look here; repeatable. A ComfyUI models folder, say.")
]

PROOFS = {
    "published": "its sha256 is the published one",
    "recorded": "its sha256 is that of its first download; none was published",
    "host": "its sha256 is the one that its host names; it is recorded, and later downloads are held against it",
    "first": "no sha256 was published: what is there is recorded, and held against from now on",
    None: "no sha256 was published: what came is recorded, and later downloads are held against it",
}
USES = {True: "yes", False: "no", None: "not known"}


@weights.callback()
def _weights() -> None:
    """List, fetch and check the published weights. Nothing is downloaded but by [b]get[/b].

    A file that is there is used by its name:  [b]--weights catalog:NAME[/b]
    """


@weights.command(name="list")
def list_files(
    installed: Annotated[bool, typer.Option("--installed", help="Only those that are there.")] = False,
    folders: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the files of the catalog.

    pastiche weights list
    """
    found = {name: catalog.find(item, folders or []) for name, item in catalog.entries().items()}
    items = [item for name, item in catalog.entries().items() if found[name] or not installed]
    if as_json:
        files = [_facts(item, found[item.name]) for item in items]
        emit({"folder": str(catalog.weights_folder()), "files": files})
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("name, and what for", "GB", "commercial use", "there"):
        table.add_column(column, justify="right" if column == "GB" else "left")
    for item in items:
        size = f"{item.bytes / 1e9:.2f}" if item.bytes else ""
        there = "[green]yes[/green]" if found[item.name] else ""
        what = f"{item.name}\n[dim]{escape(item.purpose)}[/dim]"
        table.add_row(what, size, USES[item.license.commercial], there)
    out.print(table)
    places = " or ".join(str(folder) for folder in (*(folders or []), catalog.weights_folder()))
    out.print(f"There: in {escape(places)}", highlight=False)


@weights.command()
def info(name: NameArgument, folders: FolderOption = None, as_json: JsonOption = False) -> None:
    """Say all that is known of a file: what it is for, its license, where it comes from.

    pastiche weights info e4e-ffhq
    """
    item = catalog.entry(name)
    facts = _facts(item, catalog.find(item, folders or []))
    if as_json:
        emit(facts)
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column()
    table.add_column(overflow="fold")
    for key, value in {**facts, "commercial_use": USES[item.license.commercial], "fetch": item.command}.items():
        if value not in (None, "", []):
            words = "\n".join(value) if isinstance(value, list) else str(value)
            table.add_row(f"[dim]{key.replace('_', ' ')}[/dim]", escape(words))
    out.print(table)


@weights.command()
def get(
    names: Annotated[list[str], typer.Argument(help="One file or several, as the list shows them.", show_default=False)],
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Where to put them; a folder of Pastiche's own by default.")
    ] = None,
    convert: Annotated[
        bool, typer.Option("--convert", help="Also rewrite each as .safetensors, which loads in two thirds of the time.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Fetch files. Each is checked, also one that was put there by hand, and what was interrupted goes on where it was.

    pastiche weights get stylegan2-ffhq-config-f e4e-ffhq
    """
    done, problems = [], []
    for item in [catalog.entry(name) for name in names]:  # every name is looked at first
        _show_license(item)
        try:
            fetched = _get(item, folder)
            path = _converted(fetched) if convert else fetched.path
        except PasticheError as error:
            problems.append(error.message("command"))
            continue
        done.append({"name": item.name, "path": str(path), "source": fetched.source, "sha256": fetched.sha256})
        if not as_json:
            _tell(fetched, path)
    if as_json:
        emit({"files": done})
    if problems:
        raise DownloadError("\n".join(problems))


@weights.command()
def verify(
    name: Annotated[str | None, typer.Argument(help="One file; all that are there by default.", show_default=False)] = None,
    folders: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read files that are there, and compare their hashes with the published ones, or with the first download.

    pastiche weights verify
    """
    names = [name] if name else [key for key, item in catalog.entries().items() if catalog.find(item, folders or [])]
    verdicts = [catalog.verify(key, folders or [], check=expect_entry) for key in names]
    problems = [verdict.problem for verdict in verdicts if verdict.problem]
    if as_json:
        files = [
            {
                "name": verdict.entry.name,
                "path": str(verdict.path),
                "sha256": verdict.sha256,
                "bytes": verdict.bytes,
                "against": verdict.proof,
                "problem": verdict.problem,
            }
            for verdict in verdicts
        ]
        emit({"files": files, "good": not problems})
    else:
        for verdict in verdicts:
            out.print(f"{verdict.entry.name}: {'[red]WRONG[/red]' if verdict.problem else PROOFS[verdict.proof]}")
        if not verdicts:
            out.print("nothing is there yet: pastiche weights get NAME")
    if problems:
        raise DownloadError("\n".join([*problems, "remove what is wrong, and fetch it again"]))


@weights.command()
def path(
    name: Annotated[str | None, typer.Argument(help="Of a file; without it, the folder is said.", show_default=False)] = None,
    folders: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say where a file is, or the folder of all: for scripts.

    pastiche weights path e4e-ffhq
    """
    place = catalog.locate(name, folders or [])[0] if name else catalog.weights_folder()
    if as_json:
        emit({"path": str(place)})
    else:
        out.print(str(place), soft_wrap=True, highlight=False, markup=False)


def _facts(item: Entry, place: Path | None) -> dict[str, Any]:
    return {**item.as_dict(), "path": None if place is None else str(place)}


def _show_license(item: Entry) -> None:
    """Once for each file."""
    if Known().acknowledge(item.name):
        color = "yellow" if item.license.commercial is not True else "dim"
        err.print(f"[{color}]{item.name}, license: {escape(str(item.license))}[/{color}]", highlight=False)


def _get(item: Entry, folder: Path | None) -> Fetched:
    try:
        with _downloading(item.name) as progress:
            return catalog.fetch(item.name, folder=folder, check=expect_entry, progress=progress)
    except KeyboardInterrupt:
        err.print(f"[yellow]what came is kept: `{item.command}` goes on from there[/yellow]")
        raise


@contextmanager
def _downloading(what: str) -> Iterator[Progress]:
    """A progress bar in bytes."""
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Bar(TextColumn("{task.description}"), *columns, console=err, transient=True) as bar:
        task = bar.add_task(what, total=None)

        def advance(step: Step) -> None:
            bar.update(task, completed=step.index, total=step.total or None)

        yield advance


def _converted(fetched: Fetched) -> Path:
    """The .safetensors of a file, which takes its place; the file itself, if it is no checkpoint."""
    item, source = fetched.entry, fetched.path
    if not item.is_checkpoint or catalog.is_converted(source, item):
        return source
    target = source.with_suffix(".safetensors")
    save(load(source, **item.options), target)
    catalog.remember(target)
    return target


def _tell(fetched: Fetched, path: Path) -> None:
    item = fetched.entry
    out.print(str(path), soft_wrap=True, highlight=False, markup=False)
    err.print(f"[dim]{PROOFS[fetched.proof] if fetched.sha256 else 'was there already'}[/dim]")
    if item.is_checkpoint and path.name == item.file:
        elsewhere = "" if path.parent == catalog.weights_folder() else f" --folder {shlex.quote(str(path.parent))}"
        command = f"{item.command} --convert{elsewhere}"
        err.print(f"To load it in two thirds of the time from now on:  {escape(command)}", soft_wrap=True, highlight=False)
    missing = [name for name in item.companions if catalog.find(catalog.entry(name), [path.parent]) is None]
    if missing:
        err.print(
            f"It goes with {', '.join(missing)}:  pastiche weights get {' '.join(missing)}", soft_wrap=True, highlight=False
        )
