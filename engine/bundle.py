"""The demo bundle: small models that ship, and work without any download.

They were trained by this project on portraits that it paints itself; `pastiche train demo` makes them again.
"""

import os
from pathlib import Path

from . import checkpoints
from .checkpoints import Checkpoint, Facts
from .latents import Space
from .resources import demo_file

__all__ = ["DEMO", "demo_photo", "demo_references", "inspect", "load"]

DEMO = "demo"  # in the place of a path: the bundle's


def load(source: str | os.PathLike[str], *, space: Space | None = None, architecture: str | None = None) -> Checkpoint:
    """Read a checkpoint, whatever published format it has; nothing of it is run.

    Args:
        source: a file, or "demo" for the bundle that ships: generator, discriminator and encoder.
        space, architecture: for files that can't tell; see `checkpoints.load`.

    Raises:
        CheckpointError: the file is missing, damaged, unknown, or asks for code to be run.
    """
    return checkpoints.load(_path(source), space=space, architecture=architecture)


def inspect(source: str | os.PathLike[str], *, sha256: bool = False) -> Facts:
    """What a checkpoint holds, without building anything; see `checkpoints.inspect`."""
    return checkpoints.inspect(_path(source), sha256=sha256)


def _path(source: str | os.PathLike[str]) -> str | os.PathLike[str]:
    return demo_file("faces.safetensors") if source == DEMO else source


def demo_photo() -> Path:
    """A photograph: Eileen Collins, by NASA, in the public domain."""
    return demo_file("astronaut.png")


def demo_references() -> dict[str, Path]:
    """Painted pictures to learn styles from, by name."""
    return {path.stem: path for path in sorted(demo_file("references").glob("*.png"))}
