"""Models of the methods on the bundle's base: what they learn from, and their files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import copyfile

import torch
from torch import nn

from ..checkpoints import Checkpoint, load, save
from ..checkpoints.checkpoint import DEMO_SOURCE
from ..checkpoints.difference import digest, move_base
from ..encoders.compact import SEEN
from ..errors import CheckpointError, TrainingError
from ..files import replacing
from ..progress import Progress
from ..synthetic.dataset import PortraitDataset
from .data import level
from .run import Run

__all__ = ["FACES", "LICENSE", "Material", "base_of", "find_base", "write_models"]

FACES = "faces.safetensors"
LICENSE = "MIT"


@dataclass(frozen=True, kw_only=True)
class Material:
    """What the model of a method is learned from.

    Attributes:
        base: the generator, discriminator and encoder that the model starts from, as their file holds them.
        levels: plain portraits, a dataset for each size.
        painted: the same people in painted styles.
        run: folder, device and precision. A stage keeps its own data and states in a folder in `run.folder`.
        stage: called with the name of each stage; returns its progress callback.
        earlier: folder of a bundle whose models are trained on; None to train new ones from the base.
    """

    base: Checkpoint
    levels: tuple[PortraitDataset, ...]
    painted: PortraitDataset
    run: Run
    stage: Callable[[str], Progress]
    earlier: Path | None = None

    def start(self, name: str) -> Checkpoint | None:
        """The model of the earlier bundle, moved to this base; None where there is no such bundle.

        What a fine-tuning changes survives a change of what it was fine-tuned from, if that is small: each tensor gets what
        changed in its counterpart. So a model goes on where it was, though not every detail fits at once.

        Args:
            name: of its file, without a suffix.

        Raises:
            CheckpointError: the bundle has no such model, or its base has other sizes.
        """
        if self.earlier is None:
            return None
        before = load(self.earlier / FACES)
        model = load(self.earlier / f"{name}.safetensors", base=before)
        for slot in ("generator", "encoder"):
            module, old, new = (checkpoint.modules.get(slot) for checkpoint in (model, before, self.base))
            if module is not None and old is not None and new is not None:
                _expect_same_sizes(old, new, self.earlier)
                move_base(module.float(), old.float(), new.float())
        discriminator = None if model.discriminator is None else self.base.discriminator
        return replace(model, discriminator=discriminator, base=None)

    @property
    def plain(self) -> PortraitDataset:
        """The plain portraits of the size that encoders see."""
        return level(self.levels, SEEN)


def base_of(given: Path | None, out: Path) -> Checkpoint:
    """The base that the models of a bundle are stored as differences from; it lies in the bundle's folder afterwards.

    Args, Raises: as `find_base`.
    """
    base, own = find_base(given, out), out / FACES
    if given is not None and not own.is_file():
        out.mkdir(parents=True, exist_ok=True)
        with replacing(own, TrainingError) as beside:
            copyfile(given, beside)
    return base


def find_base(given: Path | None, out: Path) -> Checkpoint:
    """The base of the bundle in a folder. Nothing is written.

    Args:
        given: its file; the bundle's own if None.
        out: folder of the bundle.

    Raises:
        TrainingError: there is no base, or the bundle has another one.
        CheckpointError: the file holds something else.
    """
    own = out / FACES
    if given is None and not own.is_file():
        raise TrainingError(
            f"there is no {own}, and the methods are learned on it: give its file with --base, or make it first"
        )
    source = given or own
    base = load(source)
    if not {"generator", "discriminator", "encoder"} <= base.modules.keys():
        raise CheckpointError(
            f"{source} holds {', '.join(base.modules)}; a base has a generator, a discriminator and an encoder"
        )
    if given is not None and own.is_file() and _digests(load(own)) != _digests(base):
        raise TrainingError(f"{own} is another base than {given}: choose another folder with --out, or replace it first")
    return base


def _expect_same_sizes(before: nn.Module, after: nn.Module, folder: Path) -> None:
    old, new = ({name: value.shape for name, value in module.state_dict().items()} for module in (before, after))
    if old != new:
        raise CheckpointError(
            f"the base in {folder} has other sizes than this one, so that its models can't be moved: train new ones, without "
            "--start-from"
        )


def _digests(checkpoint: Checkpoint) -> dict[str, str]:
    return {slot: digest(module) for slot, module in checkpoint.modules.items()}


def write_models(models: Mapping[str, Checkpoint], base: Checkpoint, out: Path) -> None:
    """Write the models of a method as their differences from the base, in 8 bits.

    Args:
        models: by the names of their files, without a suffix.
    """
    for name, model in models.items():
        for module in model.modules.values():
            module.cpu().eval()
        marked = replace(model, source=f"{DEMO_SOURCE}: {name}", license=LICENSE)
        save(marked, out / f"{name}.safetensors", dtype=torch.int8, base=base, base_name=FACES)
