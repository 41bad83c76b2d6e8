"""The generators that a fine-tuning passes through, of which the user picks one; and what tells two fine-tunings apart."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import torch
from torch import Tensor

from ...checkpoints import Checkpoint, load, save
from ...errors import TrainingError
from ..fingerprint import fingerprint
from ..generator import Generator

__all__ = ["GeneratorSnapshots", "Snapshot", "training_key"]

SUFFIX = ".safetensors"

Kind = TypeVar("Kind", bound=Generator)


@dataclass(frozen=True, kw_only=True)
class Snapshot(Generic[Kind]):
    """What a fine-tuning had learned at an iteration.

    Attributes:
        generator: it, on the base's device.
        iteration: from 1 on.
        training: the configuration of the training, as plain data.
    """

    generator: Kind
    iteration: int
    training: Mapping[str, Any]


class GeneratorSnapshots(Generic[Kind]):
    """The snapshots in a folder. Each holds only what differs from the base, in half precision.

    Args:
        folder: of the snapshots, which is made when the first one is saved.
        base: the checkpoint that the fine-tuning started from.
    """

    architecture: ClassVar[str]
    kind: type[Kind]

    def __init__(self, folder: Path, base: Checkpoint) -> None:
        self.folder = folder
        self.base = base

    @property
    def iterations(self) -> list[int]:
        """Those that are there, from the first on."""
        return sorted(int(path.stem) for path in self.folder.glob(f"*{SUFFIX}") if path.stem.isdecimal())

    def save(self, generator: Kind, iteration: int, training: Mapping[str, Any]) -> None:
        """Save a generator.

        Args:
            training: the configuration of its training, as plain data.

        Raises:
            CheckpointError: it can't be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        options = {"iteration": iteration, "training": dict(training)}
        checkpoint = Checkpoint(architecture=self.architecture, generator=generator, options=options)
        source = Checkpoint(architecture=self.base.architecture, generator=self.base.generator, source=self.base.source)
        save(checkpoint, self._path(iteration), dtype=torch.float16, base=source, base_name=self.base.source or "the source")

    def load(self, iteration: int | None = None) -> Snapshot[Kind]:
        """The snapshot of an iteration, by default of the last one.

        Raises:
            TrainingError: there is no snapshot of it.
            CheckpointError: it was made from another generator than `base`.
        """
        there = self.iterations
        if not there:
            raise TrainingError(f"{self.folder} holds no snapshots: train first, or name the folder of such a training")
        if iteration is None:
            iteration = there[-1]
        if iteration not in there:
            raise TrainingError(f"there is no snapshot of iteration {iteration}: choose one of {', '.join(map(str, there))}")
        found = load(self._path(iteration), base=self.base, device=self.base.stylegan2.w_avg.device)
        assert isinstance(found.generator, self.kind)
        return Snapshot(generator=found.generator, iteration=iteration, training=found.options.get("training", {}))

    def _path(self, iteration: int) -> Path:
        return self.folder / f"{iteration:06d}{SUFFIX}"


def training_key(base: Checkpoint, pictures: Mapping[str, Tensor], facts: Mapping[str, Any], seed: int) -> str:
    """A name for the folder of a fine-tuning to pictures that are in memory: another one wherever an input differs.

    Args:
        base: what is fine-tuned.
        pictures: tensors by name.
        facts: the settings, without those that may change when a training is resumed.
    """
    found = hashlib.sha256(json.dumps([fingerprint(base.stylegan2), facts, seed]).encode())
    for name, images in pictures.items():
        found.update(f"{name} {list(images.shape)}\n".encode())
        found.update(images.detach().float().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()[:16]
