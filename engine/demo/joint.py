"""Joint training of the demo generator and its encoder.

A portrait can be drawn from the coordinates that it was painted from, or from the code that the encoder predicts from an
image of it. The second code includes features that the coordinates only threshold (a beard, a bald head), so it teaches the
generator what they look like. The first one teaches it where they are in w.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..encoders.compact import SEEN, CompactEncoder
from ..losses.texture import textured_loss
from ..stylegan2 import Generator
from ..stylegan2.coarse import picture_of
from ..synthetic.dataset import PortraitDataset
from ..training.muon import muon_or_adam
from ..training.task import Draw, Losses, Moment, Phase, Task
from .data import draw_indices
from .encoder import examples
from .generator import preview, set_rates
from .mixing import mix, mixed_codes
from .recipe import Encoding, Joint

__all__ = ["JointTask", "Pair"]


class Pair(nn.Module):
    """A generator and the encoder into its w+."""

    def __init__(self, generator: Generator, encoder: CompactEncoder) -> None:
        super().__init__()
        self.generator = generator
        self.encoder = encoder

    def optimizer(self, recipe: Joint) -> torch.optim.Optimizer:
        """Muon or Adam with a rate for each of synthesis, mapping and encoder, kept as ``base`` in its groups."""
        mapping = list(self.generator.style.parameters())
        synthesis = [value for name, value in self.generator.named_parameters() if not name.startswith("style.")]
        groups: list[dict[str, Any]] = [
            {"params": synthesis, "base": recipe.lr},
            {"params": mapping, "base": recipe.lr * recipe.lr_mapping},
            {"params": list(self.encoder.parameters()), "base": recipe.lr_encoder},
        ]
        return muon_or_adam(groups, recipe.lr, (recipe.beta1, 0.99), muon=recipe.muon)


class JointTask(Task):
    """Portraits drawn from their coordinates, and from what the encoder reads in images of them.

    Args:
        pair: to start from; a copy learns.
        plain, painted, held_out: portraits, as for `learn_coordinates`.
    """

    def __init__(
        self, pair: Pair, plain: PortraitDataset, painted: PortraitDataset, held_out: int, recipe: Joint, encoding: Encoding
    ) -> None:
        super().__init__()
        self.plain, self.painted, self.held_out, self.joint, self.encoding = plain, painted, held_out, recipe, encoding
        self.pair = deepcopy(pair).cpu().train().requires_grad_(True)
        self.average = deepcopy(self.pair).eval()
        self.networks, self.averages = {"pair": self.pair}, {"pair": self.average}
        self.optimizers = {"pair": self.pair.optimizer(recipe)}
        set_rates(self.optimizers["pair"], self.share_of_rate(0))
        self.phases = [Phase(name="joint", learns=("pair",), optimizer="pair", losses=self.losses)]

    def draw(self, rng: torch.Generator, count: int) -> Draw:
        """Coordinates and their portraits; and images to read, with theirs."""
        recipe = self.joint
        read = min(round(recipe.read * count), count - 1)
        z, portraits, _ = self.plain.batch(draw_indices([self.plain], self.held_out, count - read, rng))
        read_z, read_portraits, pictures = examples(self.plain, self.painted, self.held_out, self.encoding, read, rng)
        clean = torch.rand(read, 1, 1, 1, generator=rng) < recipe.clean
        pictures = torch.where(clean, F.adaptive_avg_pool2d(read_portraits, SEEN), pictures)
        return {
            "z": z,
            "latents": mix(z, recipe.mixing, rng),
            "portraits": F.adaptive_avg_pool2d(portraits, recipe.side),
            "pictures": pictures,
            "read z": read_z,
            "read portraits": F.adaptive_avg_pool2d(read_portraits, recipe.side),
        }

    def images(self, draw: Draw, moment: Moment) -> tuple[Tensor, Losses]:
        """The generator's images ``[N, 3, side, side]``, those from coordinates first, and the losses of the codes."""
        generator, encoder, device = self.pair.generator, self.pair.encoder, moment.device
        with moment.autocast():
            codes, offsets = encoder.predict(draw["pictures"].to(device))
            wanted = (generator.mapping(draw["read z"].to(device)).detach() - encoder.latent_avg) / encoder.spread
            drawn = mixed_codes(generator, draw["latents"].to(device))
            images = picture_of(generator, torch.cat([drawn, encoder.assemble(codes, offsets)]), self.joint.side)
        losses = {
            "codes": self.joint.weight_codes * (codes - wanted[:, None]).square().mean(),
            "offsets": self.joint.weight_offsets * offsets.square().mean(),
        }
        return images, losses

    @staticmethod
    def wanted(draw: Draw, device: torch.device) -> Tensor:
        """The portraits that the images should be, in their order."""
        return torch.cat([draw["portraits"], draw["read portraits"]]).to(device)

    def losses(self, draw: Draw, moment: Moment) -> Losses:
        """Of the images and of the codes."""
        images, losses = self.images(draw, moment)
        wanted, recipe = self.wanted(draw, moment.device), self.joint
        return {"pixels": textured_loss(images, wanted, fine=recipe.fine, texture=recipe.texture), **losses}

    def after_step(self, losses: Mapping[str, float], moment: Moment) -> None:
        set_rates(self.optimizers["pair"], self.share_of_rate(moment.seen))

    def share_of_rate(self, seen: int) -> float:
        """The learning rates after `seen` images, as a share of the highest."""
        return min(1.0, seen / 800 + 0.02, 2.0 * (1 - seen / self.joint.images) + 0.05)

    def samples(self) -> Tensor:
        return preview(self.average.generator)
