"""`pastiche train ...`: training, resumable."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ..demo.make import make
from ..progress import Progress
from .console import emit, out, working
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
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Make the demo bundle again, from nothing: paint portraits, then train every network.

    Stop it whenever you like, with Ctrl-C; the same command goes on from the last saved state, at most five
    minutes back. On two cores it takes about three hours.

      pastiche train demo --run runs/demo --out weights/demo
    """
    with _stages() as stage:
        make(run, out_path, device=pick_device(device), stage=stage)
    files = {path.name: path.stat().st_size for path in sorted(out_path.glob("*.safetensors"))}
    if as_json:
        emit({"written": str(out_path), "bytes": files})
    else:
        out.print(", ".join(f"{name} ({size / 2**20:.1f} MB)" for name, size in files.items()))


class _Stages:
    """One progress bar after another."""

    def __init__(self) -> None:
        self.current = ExitStack()

    def __call__(self, name: str) -> Progress:
        self.current.close()
        return self.current.enter_context(working(name))


@contextmanager
def _stages() -> Iterator[_Stages]:
    stages = _Stages()
    with stages.current:
        yield stages
