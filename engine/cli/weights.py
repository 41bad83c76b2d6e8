"""`pastiche weights ...`: list, download and verify published weights."""

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
from ..catalog import DownloadRecords, Entry, Fetched
from ..checkpoints import load, save
from ..errors import DownloadError, PasticheError
from ..progress import Progress, Step
from .console import emit, err, out
from .options import JsonOption

__all__ = ["weights"]

weights = typer.Typer(
    help="List, download and verify published weights.\n\n  pastiche weights get stylegan2-ffhq-config-f e4e-ffhq",
    no_args_is_help=True,
)

NameArgument = Annotated[str, typer.Argument(help="A name from [b]pastiche weights list[/b].", show_default=False)]
FolderOption = Annotated[
    list[Path] | None,
    typer.Option("--folder", help="Also search this folder, for example a ComfyUI models folder. Repeatable."),
]

PROOFS = {
    "published": "the sha256 matches the published one",
    "recorded": "the sha256 matches the first download; none is published",
    "host": "the sha256 matches the one that the host reports; it is recorded to check later downloads",
    "first": "no sha256 is published: that of the existing file is recorded to check later downloads",
    None: "no sha256 is published: that of this download is recorded to check later downloads",
}
USES = {True: "yes", False: "no", None: "unknown"}


@weights.callback()
def _weights() -> None:
    """List, download and verify published weights. Only [b]get[/b] downloads files.

    Use a downloaded file by its name:  [b]--weights catalog:NAME[/b]
    """


@weights.command(name="list")
def list_files(
    installed: Annotated[bool, typer.Option("--installed", help="Only downloaded files.")] = False,
    folders: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the files of the catalog.

    pastiche weights list
    """
    found = {name: catalog.find(item, folders or []) for name, item in catalog.entries().items()}
    items = [item for name, item in catalog.entries().items() if found[name] or not installed]
    if as_json:
        files = [_facts(item, found[item.name]) for item in items]
        emit({"folder": str(catalog.weights_folder()), "files": files})
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("name and purpose", "GB", "commercial use", "downloaded"):
        table.add_column(column, justify="right" if column == "GB" else "left")
    for item in items:
        size = f"{item.bytes / 1e9:.2f}" if item.bytes else ""
        there = "[green]yes[/green]" if found[item.name] else ""
        what = f"{item.name}\n[dim]{escape(item.purpose)}[/dim]"
        table.add_row(what, size, USES[item.license.commercial], there)
    out.print(table)
    searched = " or ".join(str(folder) for folder in (*(folders or []), catalog.weights_folder()))
    out.print(f"Downloaded: found in {escape(searched)}", highlight=False)


@weights.command()
def info(name: NameArgument, folders: FolderOption = None, as_json: JsonOption = False) -> None:
    """Show the purpose, license and source of a file.

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
    names: Annotated[list[str], typer.Argument(help="One or more names from the list.", show_default=False)],
    folder: Annotated[Path | None, typer.Option("--folder", help="Folder for the files; by default Pastiche's own.")] = None,
    convert: Annotated[
        bool, typer.Option("--convert", help="Also convert each file to .safetensors, which loads in two thirds of the time.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Download files and verify them. Interrupted downloads are resumed; existing files are verified too.

    pastiche weights get stylegan2-ffhq-config-f e4e-ffhq
    """
    done, problems = [], []
    for item in [catalog.entry(name) for name in names]:  # checks all names before the first download
        _show_license(item)
        try:
            fetched = _get(item, folder)
            path = _converted(fetched) if convert else fetched.path
        except PasticheError as error:
            problems.append(error.message("command"))
            continue
        done.append({"name": item.name, "path": str(path), "source": fetched.source, "sha256": fetched.sha256})
        if not as_json:
            _report(fetched, path)
    if as_json:
        emit({"files": done})
    if problems:
        raise DownloadError("\n".join(problems))


@weights.command()
def verify(
    name: Annotated[str | None, typer.Argument(help="One file; by default all downloaded files.", show_default=False)] = None,
    folders: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the hashes of downloaded files with the published ones, or with those of the first download.

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
            out.print("no file is downloaded yet: pastiche weights get NAME")
    if problems:
        raise DownloadError("\n".join([*problems, "delete the wrong files, and download them again"]))


@weights.command()
def path(
    name: Annotated[
        str | None, typer.Argument(help="Name of a file; without it, the folder is printed.", show_default=False)
    ] = None,
    folders: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the path of a file, or of the folder, for scripts.

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
    """Print the license, once for each file."""
    if DownloadRecords().acknowledge(item.name):
        color = "yellow" if item.license.commercial is not True else "dim"
        err.print(f"[{color}]{item.name}, license: {escape(str(item.license))}[/{color}]", highlight=False)


def _get(item: Entry, folder: Path | None) -> Fetched:
    try:
        with _downloading(item.name) as progress:
            return catalog.fetch(item.name, folder=folder, check=expect_entry, progress=progress)
    except KeyboardInterrupt:
        err.print(f"[yellow]the partial download is kept: `{item.command}` resumes it[/yellow]")
        raise


@contextmanager
def _downloading(what: str) -> Iterator[Progress]:
    """Show a progress bar in bytes."""
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Bar(TextColumn("{task.description}"), *columns, console=err, transient=True) as bar:
        task = bar.add_task(what, total=None)

        def advance(step: Step) -> None:
            bar.update(task, completed=step.index, total=step.total or None)

        yield advance


def _converted(fetched: Fetched) -> Path:
    """Convert a file to .safetensors. Returns the new path, or the file itself if it is not a checkpoint."""
    item, source = fetched.entry, fetched.path
    if not item.is_checkpoint or catalog.is_converted(source, item):
        return source
    target = source.with_suffix(".safetensors")
    save(load(source, **item.options), target)
    catalog.remember(target)
    return target


def _report(fetched: Fetched, path: Path) -> None:
    item = fetched.entry
    out.print(str(path), soft_wrap=True, highlight=False, markup=False)
    err.print(f"[dim]{PROOFS[fetched.proof] if fetched.sha256 else 'already downloaded'}[/dim]")
    if item.is_checkpoint and path.name == item.file:
        elsewhere = "" if path.parent == catalog.weights_folder() else f" --folder {shlex.quote(str(path.parent))}"
        command = f"{item.command} --convert{elsewhere}"
        err.print(
            f"To convert it, so that it loads in two thirds of the time:  {escape(command)}", soft_wrap=True, highlight=False
        )
    missing = [name for name in item.companions if catalog.find(catalog.entry(name), [path.parent]) is None]
    if missing:
        err.print(
            f"It is used with {', '.join(missing)}:  pastiche weights get {' '.join(missing)}", soft_wrap=True, highlight=False
        )
