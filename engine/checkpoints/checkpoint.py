"""What loading gives: modules that are ready to run, and the facts that the file held."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ..devices import find_device
from ..dualstylegan import ExemplarTable
from ..errors import CheckpointError
from ..stylegan2 import Discriminator, Generator, LatentGenerator

__all__ = ["SLOTS", "Checkpoint"]

SLOTS = ("generator", "discriminator", "encoder", "style_encoder", "sampler", "exemplars")


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The modules of one file: float32, in evaluation mode, their parameters frozen.

    Who trains one calls ``module.requires_grad_(True)`` first.

    Attributes:
        architecture: "stylegan2", "psp", "e4e", ...
        generator, discriminator, encoder, style_encoder, sampler, exemplars: modules, or None.
        options: what the file says, or leaves open, about its making and use; plain data.
        source: where the weights came from: the name of the file they were first loaded from.
        license: under which terms, where the file says so.
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

    @property
    def w_avg(self) -> Tensor | None:
        """The generator's mean w, ``[D]``."""
        return None if self.generator is None else self.generator.w_avg

    @property
    def stylegan2(self) -> Generator:
        """The generator, for what works on a StyleGAN2 alone: styles, which change or mix its layers.

        Raises:
            CheckpointError: there is none, or it is of another architecture.
        """
        if self.generator is None:
            raise CheckpointError(f"{self.source} holds a {self.architecture} and no generator: give a StyleGAN2 checkpoint")
        if not isinstance(self.generator, Generator):
            raise CheckpointError(
                f"{self.source} holds a {self.architecture} generator, which makes and inverts faces but takes no styles: "
                "give a StyleGAN2 checkpoint"
            )
        return self.generator

    def to(self, device: torch.device | str) -> "Checkpoint":
        """Move all of its modules to a device, in place; gives the checkpoint itself.

        Raises:
            PasticheError: this machine does not have the device.
        """
        where = find_device(device)
        for module in self.modules.values():
            module.to(where)
        return self

    @property
    def modules(self) -> dict[str, nn.Module]:
        """Those that are not None, by the name of their attribute."""
        found = {slot: getattr(self, slot) for slot in SLOTS}
        return {slot: module for slot, module in found.items() if module is not None}
