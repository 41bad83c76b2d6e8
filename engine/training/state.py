"""The state of a training run, saved at intervals so that a stopped run can be resumed."""

import logging
import pickle
import time
from pathlib import Path
from typing import Any

import torch

from ..errors import TrainingError
from ..files import replacing

__all__ = ["TrainingState"]

log = logging.getLogger(__name__)


class TrainingState:
    """Saves the state of named parts at intervals, and restores it.

    Args:
        path: the file that holds the state.
        parts: modules and optimizer by name: any object with `state_dict` and `load_state_dict`.
        rng: the random generator, saved with the parts.
        minutes: the interval between two saves.
    """

    def __init__(self, path: Path, parts: dict[str, Any], rng: torch.Generator, minutes: float = 5.0) -> None:
        self.path = path
        self.parts = parts
        self.rng = rng
        self.seconds = 60 * minutes
        self._saved = time.monotonic()

    def restore(self) -> int:
        """Load the saved state, whatever device it was saved on. The parts stay on their devices.

        Returns:
            the number of images seen when the state was saved; 0 if there is no state.

        Raises:
            TrainingError: the state was saved with other sizes, or is damaged.
        """
        if not self.path.exists():
            return 0
        try:
            state = torch.load(self.path, map_location="cpu", weights_only=True)
            for name, part in self.parts.items():
                part.load_state_dict(state[name])
        except (OSError, EOFError, LookupError, RuntimeError, TypeError, ValueError, pickle.UnpicklingError) as error:
            raise TrainingError(f"{self.path} can't be resumed: {error}. Delete it to start over.") from error
        self.rng.set_state(state["rng"])
        log.info("resumed %s after %d pictures", self.path, state["seen"])
        return int(state["seen"])

    def save_if_due(self, seen: int) -> None:
        """Save if the interval since the last save has passed."""
        if time.monotonic() - self._saved >= self.seconds:
            self.save(seen)

    def save(self, seen: int) -> None:
        """Save now; the file appears whole or not at all.

        Args:
            seen: the number of images seen so far.

        Raises:
            TrainingError: the file can't be written.
        """
        state = {name: part.state_dict() for name, part in self.parts.items()}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(self.path, TrainingError) as beside:
            torch.save({**state, "rng": self.rng.get_state(), "seen": seen}, beside)
        self._saved = time.monotonic()
