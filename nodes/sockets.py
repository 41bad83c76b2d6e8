"""The types of the connections between our nodes. Latents and directions are the engine's own types."""

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
    "DIRECTIONS",
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
DIRECTIONS = "PASTICHE_DIRECTIONS"

# Bytes needed in addition to the weights, for each image of 1024 pixels; measured on a CPU, with a margin.
DRAWING = 0.2e9
LEARNING = 4e9
BATCH = 4  # images in one forward pass


@dataclass(frozen=True, eq=False)
class Networks:
    """A checkpoint whose networks ComfyUI moves: the value of connections for generators, encoders and other networks.

    Attributes:
        checkpoint: as the engine loaded it.
        patchers: the handle of each network, by the name of its slot.
        path: of the file, if it was loaded from one.
    """

    checkpoint: Checkpoint
    patchers: Mapping[str, comfy.Patcher]
    path: Path | None = None

    @classmethod
    def of(cls, checkpoint: Checkpoint, path: Path | None = None) -> Networks:
        """Wrap the networks of a checkpoint."""
        return cls(checkpoint, {slot: comfy.patcher(module) for slot, module in checkpoint.modules.items()}, path)

    def with_generator(self, generator: LatentGenerator, how: str) -> Networks:
        """The same networks with another generator. `how` says how it was made."""
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
    def tunable(self) -> Networks:
        """These networks with the generator that is tuned to people: an AgileGAN's source, otherwise their own.

        Raises:
            CheckpointError: an AgileGAN whose source is not in the checkpoint.
        """
        from ..engine import CheckpointError
        from ..engine.agilegan import AgileGenerator

        if not isinstance(self.generator, AgileGenerator):
            return self
        if self.checkpoint.base is None:
            raise CheckpointError(
                f"{self.checkpoint.source} holds an AgileGAN, which draws a style: connect the face generator that it was "
                "fine-tuned from, in AgileGAN's encoder file, to generator of Tune to Face and to source of Attribute Style"
            )
        return self.with_generator(self.checkpoint.base, "its source")

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
        """Whether these are the small bundled models, or derived from them."""
        return self.checkpoint.is_demo

    def ready(
        self, *slots: str, beside: Sequence[Networks | StyledNetworks | PersonNetworks | None] = (), memory: float = 0
    ) -> torch.device:
        """Move the networks in `slots`, and all networks of `beside`, to the device. Returns the device.

        What is used together must be moved together: a later call may move out what an earlier one brought in.
        """
        chosen = [self.patchers[slot] for slot in slots if slot in self.patchers]
        for other in beside:
            if other is not None and other is not self:
                theirs = other.patchers.values() if isinstance(other, Networks) else other.patchers
                chosen += [patcher for patcher in theirs if patcher not in chosen]
        return comfy.load(chosen, memory)


@dataclass(frozen=True, eq=False)
class StyledNetworks:
    """A style and its networks, which ComfyUI moves: the value of a style connection."""

    style: Style
    patchers: tuple[comfy.Patcher, ...]

    @classmethod
    def of(cls, style: Style, *sources: Networks) -> StyledNetworks:
        """Wrap a style.

        Args:
            sources: networks that the style may share. Its other networks are registered with ComfyUI as well.
        """
        from torch import nn

        there = {id(patcher.model): patcher for networks in sources for patcher in networks.patchers.values()}
        modules = [value for value in vars(style).values() if isinstance(value, nn.Module)]
        return cls(style, tuple(there.get(id(module)) or comfy.patcher(module) for module in modules))

    @property
    def side(self) -> int:
        """Side of its images in pixels."""
        generator: Any = self.patchers[0].model
        return int(generator.resolution)

    def ready(self, beside: StyledNetworks | PersonNetworks | None = None) -> torch.device:
        """Move its networks, and those of another style or a person, to the device. Returns the device."""
        others = [] if beside is None else [patcher for patcher in beside.patchers if patcher not in self.patchers]
        return comfy.load([*self.patchers, *others], drawing(self.side, BATCH))


@dataclass(frozen=True, eq=False)
class PersonNetworks:
    """A generator tuned to a person, and its base, which ComfyUI moves: the value of a person connection."""

    tuned: Tuned
    patchers: tuple[comfy.Patcher, ...]

    @classmethod
    def of(cls, tuned: Tuned, base: Networks) -> PersonNetworks:
        """Wrap a tuned generator."""
        return cls(tuned, (base.patchers["generator"], comfy.patcher(tuned.generator)))


@dataclass(frozen=True, eq=False)
class Faces:
    """The faces found in a batch of photos.

    Attributes:
        faces: the faces of all photos.
        photos: for each face, the index of its photo.
        count: the number of photos.
    """

    faces: tuple[Face, ...]
    photos: tuple[int, ...]
    count: int

    def of_photo(self, number: int) -> list[int]:
        """Indices of the faces in a photo."""
        return [index for index, photo in enumerate(self.photos) if photo == number]


def drawing(side: int, pictures: int = 1) -> float:
    """Bytes needed for synthesis."""
    return DRAWING * pictures * (side / 1024) ** 2


def learning(side: int, pictures: int = 1) -> float:
    """Bytes needed for training and optimization."""
    return LEARNING * pictures * (side / 1024) ** 2
