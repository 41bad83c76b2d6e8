"""`pastiche inspect`: describe a file."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ..bundle import inspect as look
from .console import emit, out
from .options import JsonOption

__all__ = ["inspect"]


def inspect(
    path: Annotated[
        str,
        typer.Argument(
            help="A checkpoint (.pt, .pkl, .safetensors), a saved style or latent, a file of exemplars, [b]catalog:NAME[/b], "
            "or a bundled model: [b]demo[/b], [b]demo:blendgan[/b].",
            show_default=False,
        ),
    ],
    sha256: Annotated[bool, typer.Option("--sha256", help="Also compute the SHA-256 hash.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Describe the contents of a file, without running its code or building its networks.

    pastiche inspect stylegan2-ffhq-config-f.pt
    """
    facts = look(path, sha256=sha256).as_dict()
    if as_json:
        emit(facts)
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in facts.items():
        if value not in (None, "", (), [], {}):
            table.add_row(f"[dim]{name.replace('_', ' ')}[/dim]", escape(_words(value)))
    out.print(table)


def _words(value: object) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{key}: {item}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return "\n".join(str(item) for item in value)
    return str(value)
