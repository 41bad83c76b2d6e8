"""What travels along the wires between our nodes, besides latents, which are the engine's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import comfy

if TYPE_CHECKING:
    import torch

    from ..engine import Checkpoint, Face, Style, Tuned
    from ..engine.blendgan import StyleEncoder
    from ..engine.encoders import ArcFace
    from ..engine.stylegan2 import LatentGenerator

__all__ = [
    "BATCH",
    "ENCODER",
    "FACES",
    "GENERATOR",
    "IDENTITY",
    "LATENT",
    "OPTIONS",
    "PERSON",
    "STYLE",
    "STYLE_ENCODER",
    "Faces",
    "Networks",
    "PersonNetworks",
    "StyledNetworks",
    "drawing",
    "learning",
]

GENERATOR = "PASTICHE_GENERATOR"
ENCODER = "PASTICHE_ENCODER"
IDENTITY = "PASTICHE_IDENTITY"
STYLE_ENCODER = "PASTICHE_STYLE_ENCODER"
OPTIONS = "PASTICHE_OPTIONS"
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
    """A checkpoint whose networks ComfyUI moves: what the wires of generators, encoders and other networks carry.

    Attributes:
        checkpoint: as the engine loaded it.
        patchers: for each of its networks, by the name of its slot.
        path: of the file, if it was loaded from one.
    """

    checkpoint: Checkpoint
    patchers: Mapping[str, comfy.Patcher]
    path: Path | None = None

    @classmethod
    def of(cls, checkpoint: Checkpoint, path: Path | None = None) -> Networks:
        """Networks that were just loaded or made."""
        return cls(checkpoint, {slot: comfy.patcher(module) for slot, module in checkpoint.modules.items()}, path)

    def with_generator(self, generator: LatentGenerator, how: str) -> Networks:
        """The same networks, but for another generator, and how it was made."""
        patchers = {**self.patchers, "generator": comfy.patcher(generator)}
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
    def identity(self) -> ArcFace:
        """The identity network.

        Raises:
            CheckpointError: there is none.
        """
        from ..engine import CheckpointError
        from ..engine.encoders import ArcFace

        if not isinstance(self.checkpoint.encoder, ArcFace):
            raise CheckpointError(
                f"{self.checkpoint.source} holds a {self.checkpoint.architecture} and no identity network: "
                "choose an ArcFace (model_ir_se50.pth) in Load Identity Network"
            )
        return self.checkpoint.encoder

    @property
    def style_encoder(self) -> StyleEncoder:
        """BlendGAN's style encoder.

        Raises:
            CheckpointError: there is none.
        """
        from ..engine import CheckpointError
        from ..engine.blendgan import StyleEncoder

        if not isinstance(self.checkpoint.style_encoder, StyleEncoder):
            raise CheckpointError(
                f"{self.checkpoint.source} holds a {self.checkpoint.architecture} and no style encoder: "
                "choose style_encoder.pt or blendgan.pt in Load Style Encoder"
            )
        return self.checkpoint.style_encoder

    @property
    def ships(self) -> bool:
        """Whether these are the small models that come with Pastiche, or made of them."""
        return self.checkpoint.source.startswith(BUNDLE)

    def ready(self, *slots: str, beside: Sequence[Networks | None] = (), memory: float = 0) -> torch.device:
        """Bring some of the networks, and all of other checkpoints', to the device; gives the device."""
        chosen = [self.patchers[slot] for slot in slots if slot in self.patchers]
        for other in beside:
            if other is not None and other is not self:
                chosen += [patcher for patcher in other.patchers.values() if patcher not in chosen]
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
