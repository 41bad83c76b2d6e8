"""`pastiche convert`: convert published checkpoints to .safetensors."""

from pathlib import Path
from typing import Annotated

import typer

from ..bundle import file_of, inspect, load
from ..checkpoints import save
from ..checkpoints.formats.psp import SPACE
from ..checkpoints.plan import Resize
from ..errors import CheckpointError, PasticheError
from ..latents import Space
from .console import emit, say
from .options import DTYPES, DtypeOption, JsonOption
from .targets import TENSORS, check_target, lasting_name

__all__ = ["convert"]


def convert(
    source: Annotated[
        str, typer.Argument(help="A checkpoint: .pt, .pkl, .safetensors; or catalog:NAME, demo:NAME.", show_default=False)
    ],
    out_path: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The file to write; by default next to the source.", show_default=False),
    ] = None,
    dtype: DtypeOption = "float32",
    architecture: Annotated[
        str | None, typer.Option("--architecture", help="psp or e4e, for a file that could be either.")
    ] = None,
    space: Annotated[
        Space | None, typer.Option("--space", help="Of an encoder's codes where the file can't tell: z+ or w+.")
    ] = None,
    resize: Annotated[
        Resize | None,
        typer.Option(
            "--resize", help="How an encoder brings pictures to 256 pixels: area for DualStyleGAN's encoder_wplus.pt."
        ),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            help="What a file that is stored as a difference was fine-tuned from, if it is not where the file says.",
        ),
    ] = None,
    difference_from: Annotated[
        str | None,
        typer.Option(
            "--difference-from",
            help="Store only what differs from this checkpoint, which the new file then needs: demo, demo:NAME, catalog:NAME, "
            "or a file in the same folder. Best with --dtype float16 or int8.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Convert a checkpoint to .safetensors, which holds no pickle and loads in two thirds of the time.

    The source stays as it is. What the source can't tell about an encoder is asked for: the new file tells it.

      pastiche convert e4e_ffhq_encode.pt
      pastiche convert encoder.pt --space z+ --out dualstylegan-encoder.safetensors
      pastiche convert comics.safetensors --dtype int8 --difference-from ffhq.safetensors --out small.safetensors
    """
    found = file_of(source)
    target = out_path or found.with_suffix(".safetensors")
    if target.exists() and target.samefile(found):
        raise PasticheError(f"{source} is already a .safetensors file and would be overwritten: choose another file with --out")
    check_target(target, TENSORS)
    if SPACE in inspect(source, space=space, architecture=architecture, resize=resize).notes:
        raise CheckpointError(
            f"{source}: DualStyleGAN's encoder.pt gives codes in z+, other pSp encoders in w+, and the file does not say which "
            "it is: give --space z+ or --space w+ (for DualStyleGAN's encoder_wplus.pt also --resize area)"
        )
    checkpoint = load(source, space=space, architecture=architecture, resize=resize, base=base)
    origin = None if difference_from is None else load(difference_from)
    name = "" if difference_from is None else lasting_name(difference_from, target)
    save(checkpoint, target, dtype=DTYPES[dtype], base=origin, base_name=name)
    facts = {"written": str(target), "bytes": target.stat().st_size, "architecture": checkpoint.architecture}
    if as_json:
        emit({**facts, "parts": list(checkpoint.modules)})
    else:
        say(f"{target}: {checkpoint.architecture}, {facts['bytes'] / 2**20:.1f} MB")  # type: ignore[operator]
