"""Read the exemplars of a DualStyleGAN: the release's tables of codes, or our own files."""

import os
from pathlib import Path

from ..dualstylegan import Exemplars
from .files.kinds import expect_file
from .files.numpy_table import NUMPY_MAGIC, read_table

__all__ = ["load_exemplars"]


def load_exemplars(path: str | os.PathLike[str]) -> Exemplars:
    """Load the style codes of exstyle_code.npy, refined_exstyle_code.npy or instyle_code.npy, or a file that
    `Exemplars.save` wrote.

    Raises:
        UnsafeCheckpointError: the file asks for code to be run; nothing was run.
        CheckpointError, StyleError: it is missing, damaged, or holds something else.
    """
    path = Path(path)
    expect_file(path)
    with path.open("rb") as file:
        published = file.read(len(NUMPY_MAGIC)) == NUMPY_MAGIC
    return Exemplars.from_table(read_table(path), str(path)) if published else Exemplars.load(path)
