"""`pastiche swap-layers`: combine the structure of one generator with the texture of another."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from ..bundle import load
from ..checkpoints import Checkpoint, save
from ..editing import swap_layers as swap
from ..errors import StyleError
from ..jojogan import JoJoStyle
from ..style_protocol import load_style, read_style
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
            help="A generator that was fine-tuned from BASE: a checkpoint, or a style from [b]pastiche one-shot[/b].",
            show_default=False,
        ),
    ],
    at: Annotated[
        int | None, typer.Option("--at", help="The resolution from which layers come from the other generator. 32 by default.")
    ] = None,
    row: Annotated[int | None, typer.Option("--row", help="The border as a row of w+, instead of --at.")] = None,
    softness: Annotated[
        float,
        typer.Option(
            "--softness",
            min=0,
            max=6,
            help="Width of the transition: octaves on each side of the border that mix both. 0: a hard border.",
        ),
    ] = 1.0,
    low_from: Annotated[
        Literal["base", "tuned"],
        typer.Option("--low-from", help="The generator whose layers are used below the border, for shapes and pose."),
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
    """Load a checkpoint; for a style that was learned on `base`, a checkpoint of its fine-tuned generator."""
    try:
        read_style(Path(path))
    except StyleError:
        return load(path)
    style = load_style(path, base.stylegan2)
    if not isinstance(style, JoJoStyle):
        raise StyleError(
            f"{path} holds a {type(style).__name__}, which has no fine-tuned generator: give a style learned by one-shot"
        )
    return Checkpoint(architecture="stylegan2", generator=style.tuned, source=Path(path).name)
