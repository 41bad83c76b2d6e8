"""The command line application: its commands and exit codes."""

import logging
import sys
from importlib.metadata import version
from typing import Annotated

import typer
from rich.markup import escape

from ..errors import Cancelled, PasticheError
from ..numerics import tensor_float32
from .amounts import EditCommand
from .batch import batch
from .console import err, out, set_verbosity
from .convert import convert
from .demo import demo
from .directions import directions
from .edit import edit
from .evaluate import evaluate
from .evaluate_models import generator, indicators, inversion
from .evaluate_pictures import diversity, fid, identity, reconstruction
from .evaluate_report import report
from .evaluate_video import evaluate_video
from .exemplars import exemplars
from .generate import generate
from .inspect import inspect
from .interpolate import interpolate
from .invert import invert
from .measure import bench
from .memory import reuse_freed_memory
from .one_shot import one_shot
from .stylize import stylize
from .swap_layers import swap_layers
from .train import train
from .video import video
from .weights import weights

__all__ = ["app", "main"]

log = logging.getLogger(__name__)

app = typer.Typer(
    name="pastiche",
    help="Portrait stylization with StyleGAN2.\n\n"
    "Try it without any download:  [b]pastiche demo[/b]\n\n"
    "With your own photo:  [b]pastiche stylize me.jpg --reference painting.jpg[/b]",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 success, 1 error, 2 invalid usage, 130 interrupted.",
)


def _version(asked: bool) -> None:
    if asked:
        out.print(f"pastiche {version('pastiche')}")
        raise typer.Exit


@app.callback()
def options(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show log messages.")] = False,
    _asked: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)] = False,
) -> None:
    set_verbosity(verbose)


for command in (
    stylize,
    batch,
    video,
    one_shot,
    exemplars,
    invert,
    generate,
    interpolate,
    swap_layers,
    inspect,
    convert,
    bench,
    demo,
):
    app.command(name=command.__name__.replace("_", "-"))(command)
evaluate.command(name="video")(evaluate_video)
for measured in (fid, diversity, identity, reconstruction, generator, inversion, indicators, report):
    evaluate.command(name=measured.__name__)(tensor_float32(allowed=False)(measured))
app.command(name="edit", cls=EditCommand)(edit)
app.add_typer(directions, name="directions")
app.add_typer(evaluate, name="evaluate")
app.add_typer(train, name="train")
app.add_typer(weights, name="weights")


def main() -> None:
    """Run the command line. An error that the user can fix is printed as one message, without a traceback."""
    reuse_freed_memory()
    try:
        app()
    except Cancelled as stopped:
        err.print(f"[yellow]{escape(stopped.message('command')) or 'stopped'}[/yellow]", highlight=False, soft_wrap=True)
        sys.exit(130)
    except PasticheError as error:
        err.print(f"[red]error:[/red] {escape(error.message('command'))}", highlight=False, soft_wrap=True)
        log.debug("traceback", exc_info=True)
        sys.exit(1)
    except SystemExit as end:
        if end.code == 130:
            err.print("[yellow]interrupted; no incomplete files are left[/yellow]")
        raise
