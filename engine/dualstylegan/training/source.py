"""Structure transfer on the source domain (section 3.3, stage II): the extrinsic path learns to replace style mixing.

    min max  a L_adv + b L_perc(G(z1, z2), g(z1 in rows below l, z2 in the others))

A face g draws with style mixing, which changes colours and, the smaller l, shapes. G is given both codes apart, and is to draw
the same. l falls from the first colour row, where style mixing is what the untrained path does already.
"""

from collections.abc import Mapping
from itertools import accumulate

import torch
from torch import Tensor, nn

from ...inversion import encode
from ...losses.features import feature_loss
from ...training.noise import draw_seeds
from ...training.task import Draw, Losses, Moment
from .adversary import SHOWN, AdversarialTask
from .config import Adversary, StructureTransfer
from .draws import mixed, noise_of
from .loss_networks import LossNetworks
from .pictures import Pictures
from .players import Players

__all__ = ["SourceTask"]


class SourceTask(AdversarialTask):
    """Trains the extrinsic path on faces.

    Args:
        players: the networks.
        settings: lengths and weights.
        adversary: settings of the discriminator's training.
        loss_networks: for the perceptual loss.
        pictures: of the source domain; None for faces that the generator draws itself.
        encoder: reads codes in faces, for a part of the styles; None for none.
    """

    def __init__(
        self,
        players: Players,
        settings: StructureTransfer,
        adversary: Adversary,
        loss_networks: LossNetworks,
        *,
        pictures: Pictures | None = None,
        encoder: nn.Module | None = None,
    ) -> None:
        super().__init__(players, adversary, settings.adversarial)
        self.settings, self.loss_networks, self.pictures, self.encoder = settings, loss_networks, pictures, encoder
        self.frozen = {**self.frozen, "loss_networks": loss_networks.networks}
        if encoder is not None:
            self.frozen["encoder"] = encoder
        if pictures is not None:
            self.states = {**self.states, "pictures": pictures}
        self.ends = tuple(accumulate(settings.iterations))
        size = (SHOWN, 2, players.generator.config.z_dim)
        rng = torch.Generator().manual_seed(0)
        self.shown = {"z": torch.randn(size, generator=rng), "seeds": draw_seeds(rng, SHOWN)}

    @property
    def iterations(self) -> int:
        return self.ends[-1]

    def draw(self, rng: torch.Generator, count: int) -> Draw:
        """Codes of faces and styles, and pictures."""
        generator = self.generator
        drawn = {
            "z": torch.randn(count, 2, generator.config.z_dim, generator=rng),
            "seeds": draw_seeds(rng, count),
            "path style": torch.randn(count, generator.config.z_dim, generator=rng),
            **self.draw_faces(rng, count, "path"),
        }
        own = self.draw_faces(rng, count, "real") if self.pictures is None else self.pictures.draw(rng, count)
        return {**drawn, **own, **self.draw_augmentation(rng, count)}

    def first_mixed_row(self, iteration: int) -> int:
        """l: 7, then 6, then 5, counted from the first colour row."""
        passed = sum(iteration >= end for end in self.ends[:-1])
        return max(1, self.generator.config.structure_rows - passed)

    def fake(self, draw: Draw, moment: Moment) -> Tensor:
        face, style = self._codes(draw)
        exstyle = self._style(style, draw, moment)
        noise = noise_of(self.generator, draw["seeds"])
        return self.generator.synthesis(self.generator.broadcast(face), exstyle=exstyle, noise=noise)

    def real(self, draw: Draw, moment: Moment) -> Tensor:
        if self.pictures is not None:
            return self.pictures.images(draw, moment.device)
        with torch.no_grad():
            noise = noise_of(self.generator, draw["real seeds"])
            return self.generator.synthesis(self.faces(draw, "real"), noise=noise)

    def teach(self, drawn: Tensor, draw: Draw, moment: Moment) -> Losses:
        """The perceptual loss: each of three layers with weight 1."""
        with torch.no_grad():
            target = self.target(draw, moment.iteration)
            wanted = self.loss_networks.texture(target)
        found = self.loss_networks.texture(drawn)
        return {"perceptual": self.settings.perceptual * feature_loss(found, wanted, [1.0] * len(found))}

    def target(self, draw: Draw, iteration: int) -> Tensor:
        """What g draws with style mixing at l, with the noise of G's images."""
        face, style = self._codes(draw)
        w_plus = mixed(face, style, self.first_mixed_row(iteration), self.players.rows)
        return self.generator.synthesis(w_plus, noise=noise_of(self.generator, draw["seeds"]))

    def path_images(self, face: Tensor, draw: Draw, noise: list[Tensor]) -> Tensor:
        style = self.generator.mapping(draw["path style"].to(face.device))
        return self.generator.synthesis(face, exstyle=self.generator.broadcast(style), noise=noise)

    def after_step(self, losses: Mapping[str, float], moment: Moment) -> None:
        """The mean path length starts anew where l changes, and for style transfer."""
        super().after_step(losses, moment)
        if moment.iteration in self.ends:
            self.players.path_mean.value = 0.0

    def samples(self) -> Tensor:
        """Faces, and below them G's images of the same faces in the styles of others."""
        average, shown = self.average, self.shown
        face, style = self._codes(shown)
        noise = noise_of(average, shown["seeds"])
        plain = average.synthesis(average.broadcast(face), noise=noise)
        styled = average.synthesis(average.broadcast(face), exstyle=average.broadcast(style), noise=noise)
        return torch.cat([plain, styled])

    def _codes(self, draw: Draw) -> tuple[Tensor, Tensor]:
        """The w of faces and of styles, ``[N, D]`` each."""
        generator = self.generator
        face, style = generator.mapping(draw["z"].to(generator.w_avg.device)).unbind(dim=1)
        return face, style

    def _style(self, style: Tensor, draw: Draw, moment: Moment) -> Tensor:
        """A style's w+: its code in every row, or every few iterations what the encoder reads in the face of that code."""
        generator, every = self.generator, self.settings.encoded_every
        plain = generator.broadcast(style)
        if self.encoder is None or not every or moment.iteration % every:
            return plain
        with torch.no_grad():
            faces = generator.synthesis(plain, noise=noise_of(generator, draw["seeds"] + 1))
            return generator.to_w_plus(encode(faces, self.encoder, generator)).codes
