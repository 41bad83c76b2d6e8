"""What travels along the wires between our nodes, besides latents, which are the engine's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from . import comfy

if TYPE_CHECKING:
    import torch

    from ..engine import Checkpoint, Face, Style, Tuned
    from ..engine.stylegan2 import LatentGenerator

__all__ = [
    "BATCH",
    "ENCODER",
    "FACES",
    "GENERATOR",
    "LATENT",
    "PERSON",
    "STYLE",
    "Faces",
    "Networks",
    "PersonNetworks",
    "StyledNetworks",
    "drawing",
    "learning",
]

GENERATOR = "PASTICHE_GENERATOR"
ENCODER = "PASTICHE_ENCODER"
LATENT = "PASTICHE_LATENT"
STYLE = "PASTICHE_STYLE"
FACES = "PASTICHE_FACES"
PERSON = "PASTICHE_PERSON"

# Bytes that work takes beyond the weights at 1024 pixels, for each picture; of what was measured on a
# processor, with room to spare.
DRAWING = 0.2e9
LEARNING = 4e9
BUNDLE = "pastiche-demo"  # the source of the small models that ship
BATCH = 4  # pictures that are drawn at once


@dataclass(frozen=True, eq=False)
class Networks:
    """A checkpoint whose networks ComfyUI moves: what a generator's and an encoder's wires carry.

    Attributes:
        checkpoint: as the engine loaded it.
        patchers: for each of its networks, by the name of its slot.
    """

    checkpoint: Checkpoint
    patchers: Mapping[str, comfy.Patcher]

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Networks:
        """Networks that were just loaded or made."""
        return cls(checkpoint, {slot: comfy.patcher(module) for slot, module in checkpoint.modules.items()})

    def with_generator(self, generator: LatentGenerator, how: str, patcher: comfy.Patcher | None = None) -> Networks:
        """The same networks, but for another generator, and how it was made.

        Args:
            patcher: of the generator, if it has one already: ComfyUI takes a second one for a leak.
        """
        patchers = {**self.patchers, "generator": patcher or comfy.patcher(generator)}
        source = f"{self.checkpoint.source}, {how}"
        return Networks(replace(self.checkpoint, generator=generator, source=source), patchers)

    @property
    def generator(self) -> LatentGenerator:
        """The generator.

        Raises:
            CheckpointError: there is none.
        """
        from ..engine import CheckpointError

        if self.checkpoint.generator is None:
            raise CheckpointError(
                f"{self.checkpoint.source} holds a {self.checkpoint.architecture} and no generator: "
                "choose a StyleGAN checkpoint in Load StyleGAN"
            )
        return self.checkpoint.generator

    @property
    def ships(self) -> bool:
        """Whether these are the small models that come with Pastiche, or made of them."""
        return self.checkpoint.source.startswith(BUNDLE)

    def ready(self, *slots: str, beside: Networks | None = None, memory: float = 0) -> torch.device:
        """Bring some of the networks, and all of another checkpoint's, to the device; gives the device."""
        chosen = [self.patchers[slot] for slot in slots if slot in self.patchers]
        if beside is not None and beside is not self:
            chosen += [patcher for patcher in beside.patchers.values() if patcher not in chosen]
        return comfy.load(chosen, memory)


@dataclass(frozen=True, eq=False)
class StyledNetworks:
    """A style and the networks that it draws with, which ComfyUI moves: what a style's wire carries."""

    style: Style
    patchers: tuple[comfy.Patcher, ...]

    @classmethod
    def of(cls, style: Style, *known: Networks) -> StyledNetworks:
        """A style that was just made.

        Args:
            known: whose networks it may use; others that it has become ComfyUI's to move as well.
        """
        from torch import nn

        there = {id(patcher.model): patcher for networks in known for patcher in networks.patchers.values()}
        modules = [value for value in vars(style).values() if isinstance(value, nn.Module)]
        return cls(style, tuple(there.get(id(module)) or comfy.patcher(module) for module in modules))

    @property
    def side(self) -> int:
        """Of its pictures in pixels."""
        generator: Any = self.patchers[0].model
        return int(generator.resolution)

    def ready(self, beside: StyledNetworks | PersonNetworks | None = None) -> torch.device:
        """Bring its networks, and another style's or a person's, to the device, which is given back."""
        others = [] if beside is None else [patcher for patcher in beside.patchers if patcher not in self.patchers]
        return comfy.load([*self.patchers, *others], drawing(self.side, BATCH))


@dataclass(frozen=True, eq=False)
class PersonNetworks:
    """A generator that was tuned to a person, and the one before, which ComfyUI moves: what a person's wire carries."""

    tuned: Tuned
    patchers: tuple[comfy.Patcher, ...]

    @classmethod
    def of(cls, tuned: Tuned, base: Networks) -> PersonNetworks:
        """A person that was just made, or read."""
        return cls(tuned, (base.patchers["generator"], comfy.patcher(tuned.generator)))


@dataclass(frozen=True, eq=False)
class Faces:
    """Faces that were found in a batch of photos.

    Attributes:
        faces: of all photos.
        photos: for each, the number of its photo.
        count: of photos.
    """

    faces: tuple[Face, ...]
    photos: tuple[int, ...]
    count: int

    def of_photo(self, number: int) -> list[int]:
        """Which faces are in a photo."""
        return [index for index, photo in enumerate(self.photos) if photo == number]


def drawing(side: int, pictures: int = 1) -> float:
    """Bytes that drawing takes."""
    return DRAWING * pictures * (side / 1024) ** 2


def learning(side: int, pictures: int = 1) -> float:
    """Bytes that learning and searching take."""
    return LEARNING * pictures * (side / 1024) ** 2
