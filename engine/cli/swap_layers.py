"""`pastiche swap-layers`: structure from one generator, texture from another."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from ..bundle import load
from ..checkpoints import Checkpoint, save
from ..editing import swap_layers as swap
from ..errors import StyleError
from ..jojogan import JoJoStyle
from ..styles import load_style, read_style
from .console import emit, say
from .options import JsonOption, OutOption
from .targets import TENSORS, check_target

__all__ = ["swap_layers"]


def swap_layers(
    base: Annotated[
        str, typer.Argument(help="The generator that faces are inverted with, or [b]demo[/b].", show_default=False)
    ],
    tuned: Annotated[
        str,
        typer.Argument(
            help="One that was fine-tuned from it: a checkpoint, or a style by [b]pastiche one-shot[/b].", show_default=False
        ),
    ],
    at: Annotated[
        int | None, typer.Option("--at", help="The border: the first resolution on its upper side. 32 by default.")
    ] = None,
    row: Annotated[int | None, typer.Option("--row", help="The border as a row of w+, in the place of --at.")] = None,
    softness: Annotated[
        float,
        typer.Option("--softness", min=0, max=6, help="Octaves on each side of the border that mix both; 0: a hard border."),
    ] = 1.0,
    low_from: Annotated[
        Literal["base", "tuned"],
        typer.Option("--low-from", help="Whose layers draw what lies below the border: shapes and pose."),
    ] = "base",
    out_path: OutOption = Path("swapped.safetensors"),
    as_json: JsonOption = False,
) -> None:
    """Make a generator that takes shapes from BASE and texture from TUNED, or the other way round.

    The file keeps BASE's encoder and discriminator, so that the other commands work on it.

      pastiche swap-layers demo ink.safetensors --at 32 --out mixed.safetensors
      pastiche swap-layers ffhq.pt cartoon.pt --low-from tuned --out photographed-cartoons.safetensors
    """
    if at is not None and row is not None:
        raise typer.BadParameter("give either --at or --row")
    if at is None and row is None:
        at = 32
    check_target(out_path, TENSORS)
    checkpoint = load(base)
    other = _tuned(tuned, checkpoint)
    swapped = swap(checkpoint.stylegan2, other.stylegan2, at, row=row, softness=softness, low_from=low_from)
    licenses = " and ".join(dict.fromkeys(text for text in (checkpoint.license, other.license) if text))
    made = replace(checkpoint, generator=swapped, source=f"{checkpoint.source} with layers of {other.source}", license=licenses)
    save(made, out_path)
    facts = {"written": str(out_path), "bytes": out_path.stat().st_size, "low_from": low_from, "softness": softness}
    if as_json:
        emit({**facts, "at": at, "row": row, "parts": list(made.modules)})
    else:
        say(f"{out_path}: {made.architecture}, {facts['bytes'] / 2**20:.1f} MB")  # type: ignore[operator]


def _tuned(path: str, base: Checkpoint) -> Checkpoint:
    """A checkpoint; for a style that was learned on `base`, one of its generator."""
    try:
        read_style(Path(path))
    except StyleError:
        return load(path)
    style = load_style(path, base.stylegan2)
    if not isinstance(style, JoJoStyle):
        raise StyleError(
            f"{path} holds a {type(style).__name__}, which has no generator of its own: give one learned by one-shot"
        )
    return Checkpoint(architecture="stylegan2", generator=style.tuned, source=Path(path).name)
