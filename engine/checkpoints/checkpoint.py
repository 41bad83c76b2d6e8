"""The result of loading: modules that are ready to run, and the facts that the file states."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ..devices import find_device
from ..dualstylegan import ExemplarTable
from ..errors import CheckpointError
from ..stylegan2 import Discriminator, Generator, LatentGenerator

__all__ = ["DEMO_SOURCE", "SLOTS", "Checkpoint"]

DEMO_SOURCE = "pastiche-demo"  # source of the small bundled models
SLOTS = ("generator", "discriminator", "encoder", "style_encoder", "sampler", "exemplars")


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The modules of one file: float32, in evaluation mode, with frozen parameters.

    To train one, call ``module.requires_grad_(True)`` first.

    Attributes:
        architecture: "stylegan2", "psp", "e4e", ...
        generator, discriminator, encoder, style_encoder, sampler, exemplars: modules, or None.
        options: plain data: training options that the file states, and values that it lacks.
        source: name of the file that the weights were first loaded from.
        license: the license, if the file states it.
        base: the generator that this one was fine-tuned from, for a file that is stored as its difference from it.
        base_encoder: the encoder that was trained for `base`, where it is known.
    """

    architecture: str
    generator: LatentGenerator | None = None
    discriminator: Discriminator | None = None
    encoder: nn.Module | None = None
    style_encoder: nn.Module | None = None
    sampler: nn.Module | None = None
    exemplars: ExemplarTable | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    license: str = ""
    base: Generator | None = None
    base_encoder: nn.Module | None = None

    @property
    def is_demo(self) -> bool:
        """Whether these are the small bundled models, or were trained like them, wherever their file is."""
        return self.source.startswith(DEMO_SOURCE)

    @property
    def w_avg(self) -> Tensor | None:
        """The generator's mean w, ``[D]``."""
        return None if self.generator is None else self.generator.w_avg

    @property
    def stylegan2(self) -> Generator:
        """The generator, for functions that need a StyleGAN2: styles change or mix its layers.

        Raises:
            CheckpointError: there is no generator, or it has another architecture.
        """
        if self.generator is None:
            raise CheckpointError(
                f"{self.source} is a {self.architecture} checkpoint without a generator: expected a StyleGAN2 checkpoint"
            )
        if not isinstance(self.generator, Generator):
            raise CheckpointError(
                f"{self.source} holds a {self.architecture} generator, which generates and inverts faces but takes no "
                "styles: expected a StyleGAN2 checkpoint"
            )
        return self.generator

    def to(self, device: torch.device | str) -> "Checkpoint":
        """Move all modules to a device, in place, those of the base too, and return the checkpoint itself.

        Raises:
            PasticheError: this machine does not have the device.
        """
        where = find_device(device)
        for module in (*self.modules.values(), self.base, self.base_encoder):
            if module is not None:
                module.to(where)
        return self

    def __repr__(self) -> str:
        """The sizes of its modules, because PyTorch prints every layer of each."""
        sizes = {name: sum(p.numel() for p in module.parameters()) for name, module in self.modules.items()}
        parts = ", ".join(f"{name} with {size / 1e6:.1f} million parameters" for name, size in sizes.items())
        return f"<Checkpoint {self.source}, {self.architecture}: {parts or 'no modules'}>"

    @property
    def modules(self) -> dict[str, nn.Module]:
        """The modules that are not None, by the name of their attribute."""
        found = {slot: getattr(self, slot) for slot in SLOTS}
        return {slot: module for slot, module in found.items() if module is not None}
