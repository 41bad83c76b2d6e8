"""`pastiche train ...`: from a folder of pictures to a model. A stopped training can be resumed."""

import typer

from .demo import demo
from .dualstylegan import dualstylegan
from .stylegan2 import stylegan2

__all__ = ["train"]

train = typer.Typer(help="Train models.", no_args_is_help=True)


@train.callback()
def _train() -> None:
    """Train models. A stopped training can be resumed.

    On several GPUs, start the same command with [b]accelerate launch -m pastiche[/b] instead of [b]pastiche[/b].
    """


for command in (stylegan2, dualstylegan, demo):
    train.command()(command)
