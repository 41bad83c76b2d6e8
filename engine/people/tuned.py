"""A generator tuned to given faces, with their latents, and its file format."""

import json
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ..errors import Advice, LatentError, StyleError
from ..latents import Latent
from ..stylegan2 import LatentGenerator
from ..stylegan2.fingerprint import fingerprint
from ..tensor_files import TensorFile

__all__ = ["Tuned"]

HEADER = "pastiche.person"  # in a file's metadata: the generator that was tuned
FILE = TensorFile(
    header=HEADER,
    what="a person",
    writer=Advice(python="`Tuned.save`", command="`pastiche invert --tune`", node="`pastiche invert --tune`"),
    refusal=StyleError,
)
CODES = "codes"
DIFFERENCE = "difference."  # prefix of the names of tuned parameters


@dataclass(frozen=True)
class Tuned:
    """Latents of faces, and the generator tuned to them.

    Attributes:
        latent: the pivots, in w+.
        generator: a tuned, frozen copy of `base`. It can replace `base` in a checkpoint:
            ``pastiche.save(dataclasses.replace(checkpoint, generator=tuned.generator), path)``.
        base: the generator before the tuning.
    """

    latent: Latent
    generator: LatentGenerator
    base: LatentGenerator

    def at(self, likeness: float) -> LatentGenerator:
        """The generator at `likeness` of the way from `base` (0) to the tuned one (1), parameters interpolated."""
        if likeness in (0, 1):
            return self.generator if likeness else self.base
        with torch.inference_mode(False), torch.no_grad():
            moved = deepcopy(self.generator).requires_grad_(False)
            for own, before in zip(moved.parameters(), self.base.parameters(), strict=True):
                own.copy_(torch.lerp(before.to(own), own, likeness))
        return moved

    def save(self, path: str | Path, *, name: str = "") -> None:
        """Save the changes to the generator (float16), the latents, and the fingerprint of the base.

        Args:
            name: human-readable name of the base generator.

        Raises:
            StyleError: it can't be written.
        """
        before = dict(self.base.named_parameters())
        changed = {
            DIFFERENCE + key: (value.detach() - before[key].to(value)).half()
            for key, value in self.generator.named_parameters()
            if not value.equal(before[key].to(value))
        }
        facts = {
            "base": fingerprint(self.base),
            "base_name": name or f"a {type(self.base).__name__} of {self.base.resolution} pixels",
        }
        FILE.write(path, {CODES: self.latent.codes.float(), **changed}, json.dumps(facts, sort_keys=True))

    @classmethod
    def load(cls, path: str | Path, generator: LatentGenerator) -> "Tuned":
        """Load a file that `save` wrote.

        Args:
            generator: the base; the changes are applied to a copy on the same device.

        Raises:
            StyleError: the file holds no tuned generator, is damaged, or belongs to another generator.
        """
        tensors, facts = FILE.read_facts(path, str(generator.w_avg.device))
        _expect_base(path, facts, generator)
        differences = {key.removeprefix(DIFFERENCE): value for key, value in tensors.items() if key.startswith(DIFFERENCE)}
        with torch.inference_mode(False), torch.no_grad():
            tuned = deepcopy(generator).requires_grad_(False).eval()
            parameters = dict(tuned.named_parameters())
            for key, difference in differences.items():
                if key not in parameters or parameters[key].shape != difference.shape:
                    raise StyleError(f"{path} is damaged: its {key} does not fit the generator. Tune to the photo again.")
                parameters[key].add_(difference.to(parameters[key]))
        try:
            latent = generator.to_w_plus(Latent(tensors[CODES], "w+"))
        except (KeyError, LatentError) as error:
            raise StyleError(f"{path} is damaged: its codes do not fit the generator. Tune to the photo again.") from error
        return cls(latent, tuned, generator)


def _expect_base(path: str | Path, facts: dict[str, Any], generator: LatentGenerator) -> None:
    found, wanted = fingerprint(generator), str(facts.get("base"))
    if found != wanted:
        raise StyleError(
            f"{path} was tuned on another generator ({facts.get('base_name', 'unknown')}, fingerprint {wanted[:12]}) than the "
            f"one given (fingerprint {found[:12]}): load that generator, or tune to the photo again on this one"
        )
