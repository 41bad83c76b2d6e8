"""The formats that are known, and which of them a file has.

A format is a predicate over what a file holds, and a reader. Predicates look at a few keys: they may
accept another format's file, and must never miss their own. Where that makes two of them accept the same
file, the more particular one says before which it wants to be asked.

To add a format: write both functions, and `register` them when your package is imported.
"""

from collections.abc import Callable
from dataclasses import dataclass
from graphlib import TopologicalSorter

from ..errors import CheckpointError
from .files import Content
from .plan import Plan, Request

__all__ = ["Format", "find_format", "register"]


@dataclass(frozen=True, kw_only=True)
class Format:
    """One way in which checkpoints are laid out.

    Attributes:
        name: unique, for messages and facts.
        detect: whether a file looks like it.
        read: what the file means.
        before: formats that also accept this one's files, and so are asked later.
    """

    name: str
    detect: Callable[[Content], bool]
    read: Callable[[Content, Request], Plan]
    before: tuple[str, ...] = ()


_FORMATS: dict[str, Format] = {}


def register(known: Format) -> None:
    """Make a format known to `load` and `inspect`; another of the same name is replaced."""
    _FORMATS[known.name] = known


def formats() -> list[Format]:
    """Every known format, in the order in which they are asked."""
    earlier: dict[str, list[str]] = {name: [] for name in _FORMATS}
    for known in _FORMATS.values():
        for name in known.before:
            earlier.setdefault(name, []).append(known.name)
    return [_FORMATS[name] for name in TopologicalSorter(earlier).static_order() if name in _FORMATS]


def find_format(content: Content) -> Format:
    """The format of a file.

    Raises:
        CheckpointError: none fits; says what the file holds.
    """
    for known in formats():
        if known.detect(content):
            return known
    raise CheckpointError(
        f"{content.path}: holds {_outline(content)}, which is the layout of no checkpoint that is known here; "
        f"expected one of: {', '.join(known.name for known in formats())}"
    )


def _outline(content: Content) -> str:
    """The file's keys, as far as they fit in a message."""
    keys = [repr(key)[:60] for key in list(content.root)[:6]]
    more = len(content.root) - len(keys)
    return ", ".join(keys) + (f" and {more} more keys" if more > 0 else "") if keys else "nothing"
