"""The registry of checkpoint formats, and the detection of a file's format.

A format consists of a predicate over the contents of a file, and a reader. A predicate looks at a few keys. It may accept
files of another format, but must accept all files of its own. If two formats accept the same file, the more specific one
declares in `before` that it comes first.

To add a format, write both functions and `register` them when your package is imported.
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
    """One layout of checkpoints.

    Attributes:
        name: unique name, for messages and facts.
        detect: whether a file may have this format.
        read: reads the file into a plan.
        before: formats that also accept files of this one, and are therefore tried later.
    """

    name: str
    detect: Callable[[Content], bool]
    read: Callable[[Content, Request], Plan]
    before: tuple[str, ...] = ()


_FORMATS: dict[str, Format] = {}


def register(known: Format) -> None:
    """Make a format known to `load` and `inspect`, replacing one of the same name."""
    _FORMATS[known.name] = known


def formats() -> list[Format]:
    """All known formats, in the order in which they are tried."""
    earlier: dict[str, list[str]] = {name: [] for name in _FORMATS}
    for known in _FORMATS.values():
        for name in known.before:
            earlier.setdefault(name, []).append(known.name)
    return [_FORMATS[name] for name in TopologicalSorter(earlier).static_order() if name in _FORMATS]


def find_format(content: Content) -> Format:
    """Detect the format of a file.

    Raises:
        CheckpointError: no format fits; the message lists the file's keys.
    """
    for known in formats():
        if known.detect(content):
            return known
    raise CheckpointError(
        f"{content.path}: holds {_outline(content)}, which matches no known checkpoint format; "
        f"expected one of: {', '.join(known.name for known in formats())}"
    )


def _outline(content: Content) -> str:
    """The first keys of the file, for a message."""
    keys = [repr(key)[:60] for key in list(content.root)[:6]]
    more = len(content.root) - len(keys)
    return ", ".join(keys) + (f" and {more} more keys" if more > 0 else "") if keys else "nothing"
