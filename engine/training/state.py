"""What a training run needs to go on after it was stopped."""

import logging
import pickle
import time
from pathlib import Path
from typing import Any

import torch

from ..errors import TrainingError
from ..files import replacing

__all__ = ["Keeper"]

log = logging.getLogger(__name__)


class Keeper:
    """Saves the state of named parts now and then, and restores it.

    Args:
        path: the state's file.
        parts: modules and optimisers, by name: anything with `state_dict` and `load_state_dict`.
        rng: the source of randomness, saved along.
        minutes: between two saves.
    """

    def __init__(self, path: Path, parts: dict[str, Any], rng: torch.Generator, minutes: float = 5.0) -> None:
        self.path = path
        self.parts = parts
        self.rng = rng
        self.seconds = 60 * minutes
        self._saved = time.monotonic()

    def restore(self) -> int:
        """Put the saved state back, whatever device it was saved on; the parts stay on theirs.

        Returns:
            the number of pictures seen by then; 0 if there is no state.

        Raises:
            TrainingError: the state belongs to other sizes, or is damaged.
        """
        if not self.path.exists():
            return 0
        try:
            state = torch.load(self.path, map_location="cpu", weights_only=True)
            for name, part in self.parts.items():
                part.load_state_dict(state[name])
        except (OSError, EOFError, LookupError, RuntimeError, TypeError, ValueError, pickle.UnpicklingError) as error:
            raise TrainingError(f"{self.path} can't be resumed: {error}. Delete it to begin again.") from error
        self.rng.set_state(state["rng"])
        log.info("resumed %s after %d pictures", self.path, state["seen"])
        return int(state["seen"])

    def keep(self, seen: int, *, now: bool = False) -> None:
        """Save if it is time to, or if `now`."""
        if not now and time.monotonic() - self._saved < self.seconds:
            return
        state = {name: part.state_dict() for name, part in self.parts.items()}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(self.path, TrainingError) as beside:
            torch.save({**state, "rng": self.rng.get_state(), "seen": seen}, beside)
        self._saved = time.monotonic()
