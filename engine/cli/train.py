"""`pastiche train ...`: training, resumable."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ..demo.make import make
from ..progress import Progress
from ..training.board import Board
from .console import emit, say, working
from .options import DeviceOption, JsonOption, pick_device

__all__ = ["train"]

train = typer.Typer(help="Train models.", no_args_is_help=True)


@train.callback()
def _train() -> None:
    """Train models; a run that was stopped goes on where it was."""


@train.command()
def demo(
    run: Annotated[Path, typer.Option("--run", help="Folder for portraits and states, about 1 GB; kept between runs.")] = Path(
        "runs/demo"
    ),
    out_path: Annotated[Path, typer.Option("--out", "-o", help="Folder for the bundle.")] = Path("weights/demo"),
    log: Annotated[
        Path | None, typer.Option("--log", help="Folder for losses and previews, for TensorBoard (pastiche[training]).")
    ] = None,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Make the demo bundle again, from nothing: paint portraits, then train every network.

    Stop it whenever you like, with Ctrl-C; the same command goes on from the last saved state, at most five
    minutes back. On two cores it takes about five hours.

      pastiche train demo --run runs/demo --out weights/demo
      pastiche train demo --log runs/log      and beside it: tensorboard --logdir runs/log
    """
    with _stages(log) as stage:
        make(run, out_path, device=pick_device(device), stage=stage)
    files = {path.name: path.stat().st_size for path in sorted(out_path.glob("*.safetensors"))}
    if as_json:
        emit({"written": str(out_path), "bytes": files})
    else:
        say(", ".join(f"{name} ({size / 2**20:.1f} MB)" for name, size in files.items()))


class _Stages:
    """One progress bar after another, each on the board if there is one."""

    def __init__(self, board: Board | None) -> None:
        self.current = ExitStack()
        self.board = board

    def __call__(self, name: str) -> Progress:
        self.current.close()
        progress = self.current.enter_context(working(name))
        return progress if self.board is None else self.board.watch(name, progress)


@contextmanager
def _stages(log: Path | None) -> Iterator[_Stages]:
    with ExitStack() as whole:
        stages = _Stages(whole.enter_context(Board(log)) if log else None)
        with stages.current:
            yield stages
