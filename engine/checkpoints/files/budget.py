"""Bounds on the time and memory that reading a file may take, whatever the file contains.

Every object is charged before or while it is created, for at least the memory that it takes. The budget grows with the file,
but more slowly: real checkpoints are hundreds of megabytes of weights, which are not read here, and a few thousand names and
shapes.
"""

from ...errors import CheckpointError

__all__ = ["ENTRY", "OBJECT", "RECORD", "SLOT", "Budget"]

MOST_STEPS = 300_000  # instructions of a pickle; the largest published checkpoint takes a fifth of that
BYTES_A_STEP = 256  # bytes of the file for each further step
ROOM = 12 * 2**20  # bytes of memory for any file
SHARE = 2  # a further byte for this many bytes of the file

SLOT = 32  # bytes for a slot of a stack or a list, including overallocation
ENTRY = 200  # for an entry of a dict or a set, including the old table while it grows
RECORD = 512  # for an archive's record
OBJECT = 1024  # for a tensor, a storage, or another object with attributes


class Budget:
    """The remaining steps and memory for one file, including everything nested in it.

    Args:
        where: the file, for messages.
        size: size of the file in bytes.
    """

    def __init__(self, where: str, size: int) -> None:
        self.where = where
        self.steps = MOST_STEPS + size // BYTES_A_STEP
        self.memory = ROOM + size // SHARE

    def step(self) -> None:
        """Charge one instruction.

        Raises:
            CheckpointError: the steps are used up.
        """
        self.steps -= 1
        if self.steps < 0:
            raise CheckpointError(
                f"{self.where}: reading it takes more steps than any checkpoint of its size; download the file again"
            )

    def take(self, count: int) -> None:
        """Charge `count` bytes of memory.

        Raises:
            CheckpointError: fewer bytes are left.
        """
        self.memory -= count
        if self.memory < 0:
            raise CheckpointError(
                f"{self.where}: describes more objects than any checkpoint of its size; download the file again"
            )
