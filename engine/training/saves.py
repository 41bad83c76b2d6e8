"""The saved states of a training: written whole or not at all, kept by a policy, resumed on any device."""

import logging
import pickle
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ..errors import TrainingError
from ..files import replacing
from .task import Stateful

__all__ = ["STATES", "Saves", "seen_before"]

log = logging.getLogger(__name__)

STATES = "states"  # in a training's folder
SUFFIX = ".pt"
LASTING = "-kept"  # in the names of states that are kept for good
LONGEST = 60  # characters of a setting in a message
DAMAGED = (OSError, EOFError, LookupError, RuntimeError, TypeError, ValueError, pickle.UnpicklingError)


def state_paths(folder: Path) -> list[Path]:
    """The saved states in a folder, oldest first."""
    return sorted(path for path in folder.glob(f"*{SUFFIX}") if path.stem.removesuffix(LASTING).isdecimal())


def seen_before(folder: Path) -> int:
    """Images seen in the newest state of a training's folder; 0 if there is none."""
    found = state_paths(folder / STATES)
    return int(found[-1].stem.removesuffix(LASTING)) if found else 0


class Saves:
    """The saved states in a folder, each named by the number of images seen.

    Args:
        folder: for the states.
        parts: everything that is saved, by name.
        facts: plain data saved with them; a state of other facts is refused.
        minutes: interval between two states.
        keep: how many of the newest states are kept.
        keep_images: states at multiples of this number of images are kept for good.
    """

    def __init__(
        self,
        folder: Path,
        parts: Mapping[str, Stateful],
        facts: Mapping[str, Any],
        *,
        minutes: float = 5.0,
        keep: int = 2,
        keep_images: int | None = None,
    ) -> None:
        self.folder = folder
        self.parts = parts
        self.facts = dict(facts)
        self.seconds = 60 * minutes
        self.keep = keep
        self.keep_images = keep_images
        self.latest: int | None = None  # images seen at the newest state
        self._saved = time.monotonic()

    def paths(self) -> list[Path]:
        """The saved states, oldest first."""
        return state_paths(self.folder)

    def restore(self, rng: torch.Generator) -> tuple[int, int]:
        """Load the newest state, whatever device it was saved on. The parts stay on their devices.

        Returns:
            images seen and iterations finished; 0 and 0 if there is no state.

        Raises:
            TrainingError: the state is damaged, or was saved with other sizes or settings.
        """
        if not (found := self.paths()):
            return 0, 0
        path = found[-1]
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            self._check(state["facts"], path)
            for name, part in self.parts.items():
                part.load_state_dict(state["parts"][name])
            rng.set_state(state["rng"])
            seen, iteration = int(state["seen"]), int(state["iteration"])
        except DAMAGED as error:
            raise TrainingError(f"{path} can't be resumed: {error}. Delete it to resume from the one before.") from error
        self.latest = seen
        log.info("resumed %s after %d images", path, seen)
        return seen, iteration

    def _check(self, found: Mapping[str, Any], path: Path) -> None:
        names = sorted({*found, *self.facts})
        missing = "not set"
        differ = [name for name in names if found.get(name, missing) != self.facts.get(name, missing)]
        if differ:
            pairs = ((name, *(_shown(facts.get(name, missing)) for facts in (found, self.facts))) for name in differ)
            changes = ", ".join(f"{name} {before} -> {now}" for name, before, now in pairs)
            raise TrainingError(
                f"{path} was saved with other settings ({changes}): resume with the same ones, or train in another folder"
            )

    def due(self, before: int, seen: int) -> bool:
        """Whether to save now: the interval has passed, or a multiple of `keep_images` was reached since `before`."""
        return time.monotonic() - self._saved >= self.seconds or self._kept(before, seen)

    def _kept(self, before: int, seen: int) -> bool:
        return self.keep_images is not None and seen // self.keep_images > before // self.keep_images

    def save(self, rng: torch.Generator, *, seen: int, iteration: int, before: int) -> Path:
        """Save the state, and remove those that the policy does not keep.

        Args:
            before: images seen one iteration earlier.

        Raises:
            TrainingError: the file can't be written.
        """
        state = {name: part.state_dict() for name, part in self.parts.items()}
        content = {"parts": state, "facts": self.facts, "rng": rng.get_state(), "seen": seen, "iteration": iteration}
        path = self.folder / f"{seen:09d}{LASTING if self._kept(before, seen) else ''}{SUFFIX}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TrainingError(f"{self.folder} can't be made: {error.strerror}. Train in another folder.") from error
        with replacing(path, TrainingError) as beside:
            _write(content, beside)
        self._prune()
        self.latest = seen
        self._saved = time.monotonic()
        return path

    def _prune(self) -> None:
        passing = [path for path in self.paths() if not path.stem.endswith(LASTING)]
        for path in passing[: -self.keep]:
            path.unlink(missing_ok=True)


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _write(content: Mapping[str, Any], path: Path) -> None:
    """Save with PyTorch, whose writer hides why the disk refused.

    Raises:
        OSError: the disk is full, for one.
    """
    with path.open("wb") as file:
        try:
            torch.save(content, file)
        except RuntimeError as error:
            if isinstance(error.__context__, OSError):
                raise error.__context__ from error
            raise
