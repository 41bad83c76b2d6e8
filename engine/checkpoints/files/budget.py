"""What reading a file may take in time and memory, however little of it is a checkpoint.

Everything that is made while a file is read is paid for before or as it is made, at a price that is not
below what it takes. The budget grows with the file, and slower than it: real checkpoints are
hundreds of megabytes of weights, which are not read here, and a few thousand names and shapes.
"""

from ...errors import CheckpointError

__all__ = ["ENTRY", "OBJECT", "RECORD", "SLOT", "Budget"]

MOST_STEPS = 300_000  # of a pickle's program; the largest published checkpoint takes a fifth of that
BYTES_A_STEP = 256  # of the file, for each step beyond
ROOM = 12 * 2**20  # bytes of memory for any file
SHARE = 2  # and half of its size beyond

SLOT = 32  # bytes for a place on a stack or in a list, with what lists keep in reserve
ENTRY = 200  # for an entry of a dict or a set, the old table included while it grows
RECORD = 512  # for an archive's record of a name and a place
OBJECT = 1024  # for a tensor, a storage, or another object with attributes


class Budget:
    """What is left to one file, all that lies within it taken together.

    Args:
        where: the file, for messages.
        size: of the file in bytes.
    """

    def __init__(self, where: str, size: int) -> None:
        self.where = where
        self.steps = MOST_STEPS + size // BYTES_A_STEP
        self.memory = ROOM + size // SHARE

    def step(self) -> None:
        """Pay for one instruction.

        Raises:
            CheckpointError: there have been too many.
        """
        self.steps -= 1
        if self.steps < 0:
            raise CheckpointError(
                f"{self.where}: it takes more steps to read than any checkpoint of its size; download the file again"
            )

    def take(self, count: int) -> None:
        """Pay for `count` bytes of memory.

        Raises:
            CheckpointError: there are fewer left.
        """
        self.memory -= count
        if self.memory < 0:
            raise CheckpointError(
                f"{self.where}: describes more objects than any checkpoint of its size; download the file again"
            )
