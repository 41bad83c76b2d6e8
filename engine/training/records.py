"""What a training leaves to look at: a log of its losses as JSON lines, and sheets of samples."""

import json
import math
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from .. import images
from ..errors import TrainingError
from ..files import replacing
from ..sheets import sheet

__all__ = ["Records", "write_samples"]


class Records:
    """The log ``log.jsonl`` in a folder: each line holds the means of the losses since the line before.

    Args:
        folder: of the training.
        every: images between two lines.
    """

    def __init__(self, folder: Path, every: int) -> None:
        self.path = folder / "log.jsonl"
        self.every = every
        self._sums: dict[str, float] = defaultdict(float)
        self._counts: dict[str, int] = defaultdict(int)
        self._start = time.monotonic()

    def rewind(self, seen: int) -> None:
        """Drop the lines after `seen` images, which a resumed training writes again."""
        if not self.path.exists():
            return
        lines = self.path.read_text(encoding="utf8").splitlines()
        kept = [line for line in lines if _seen(line) <= seen]
        if kept != lines:
            with replacing(self.path, TrainingError) as beside:
                beside.write_text("".join(f"{line}\n" for line in kept), encoding="utf8")

    def add(self, losses: Mapping[str, float], *, before: int, seen: int, iteration: int) -> None:
        """Add the losses of one iteration; write a line if one is due."""
        for name, value in losses.items():
            self._sums[name] += value
            self._counts[name] += 1
        if seen // self.every > before // self.every:
            self.flush(seen, iteration)

    def flush(self, seen: int, iteration: int) -> None:
        """Write what was added since the last line."""
        if not self._sums:
            return
        means = {name: self._sums[name] / self._counts[name] for name in self._sums}
        line = {"seen": seen, "iteration": iteration, "seconds": round(time.monotonic() - self._start, 3), **means}
        try:
            with self.path.open("a", encoding="utf8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            raise TrainingError(f"{self.path} can't be written: {error.strerror}. Train in another folder.") from error
        self._sums.clear()
        self._counts.clear()


def _seen(line: str) -> float:
    """The images of a line; of a line that was cut off, infinitely many."""
    try:
        return float(json.loads(line)["seen"])
    except (LookupError, TypeError, ValueError):
        return math.inf


def write_samples(samples: Tensor, path: Path, side: int = 256) -> None:
    """Write samples ``[N, 3, H, W]`` in [-1, 1] as one sheet.

    Args:
        side: largest side of one sample in the sheet, in pixels.

    Raises:
        ImageError: a sample is not finite, or the file can't be written.
    """
    pictures = samples.detach().float().cpu().clamp(-1, 1)
    columns = math.ceil(math.sqrt(len(pictures)))
    images.write(sheet(list(pictures.split(1)), columns, side=min(side, pictures.shape[-1])), path)
