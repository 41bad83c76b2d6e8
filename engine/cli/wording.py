"""Advice of the engine, which names arguments of Python, in options of the command line."""

import re
from typing import NamedTuple

__all__ = ["in_options"]


class Wording(NamedTuple):
    """What the engine says, and what the command line says instead."""

    pattern: re.Pattern[str]
    instead: str


WORDINGS = (
    Wording(
        re.compile(r"say architecture='([\w-]+)' or '([\w-]+)'"),
        r"write one that tells: `pastiche convert FILE --architecture \1` (or \2)",
    ),
    Wording(re.compile(r"declare it so \(aligned=True\)"), "declare it so (--aligned)"),
    Wording(
        re.compile(r"turn the picture upright, or look for smaller ones .*$"),
        "turn the picture upright, or cut a square around the head, hair included, and give that with --aligned: "
        "which is the way for profiles, drawings and animals",
    ),
)


def in_options(message: str) -> str:
    """The message with options in the place of arguments."""
    for wording in WORDINGS:
        message = wording.pattern.sub(wording.instead, message)
    return message
