"""`pastiche train ...`: from a folder of pictures to a model. A stopped training can be resumed."""

import typer

from .agilegan import agilegan, agilegan_export
from .blendgan import blendgan, blendgan_style
from .demo import demo
from .dualstylegan import dualstylegan
from .encoder import encoder
from .style_encoder import style_encoder
from .stylegan2 import stylegan2

__all__ = ["train"]

train = typer.Typer(help="Train models.", no_args_is_help=True)


@train.callback()
def _train() -> None:
    """Train models. A stopped training can be resumed.

    On several GPUs, start the same command with [b]accelerate launch -m pastiche[/b] instead of [b]pastiche[/b].
    """


for command in (stylegan2, encoder, agilegan, agilegan_export, style_encoder, blendgan, blendgan_style, dualstylegan, demo):
    train.command(name=command.__name__.replace("_", "-"))(command)
