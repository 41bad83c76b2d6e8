"""Style transfer on the target domain (section 3.3, stage III): the extrinsic path learns from the exemplars.

    a L_adv + b L_perc(G(z_i+, z_e+), S)  +  c L_CX(G, S) + d L_FM(G, S)  +  e L_ID(G(z, z_e+), g(z)) + f |W|
            + g L_pair                                                         (ours: see `paired`)

Iterations alternate: a random face in the style of a random exemplar; then an exemplar's own face, for which its picture S is
what G is to draw. |W| is the sum of the norms of the residual blocks' and colour transforms' weights.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...losses.contextual import contextual_loss
from ...losses.features import cosine_loss, feature_loss, mean_feature_loss
from ...training.task import Draw, Losses, Moment
from .adversary import SHOWN, AdversarialTask
from .config import Adversary, StyleTransfer
from .draws import noise_of
from .loss_networks import LossNetworks
from .paired import Copying
from .pictures import Pictures
from .players import Players

__all__ = ["Pairs", "TargetTask", "weight_norms"]

PAIRED_LAYERS = (0.0, 0.5, 1.0)  # of the perceptual loss: conv2_1 and conv3_1


@dataclass(frozen=True)
class Pairs:
    """The exemplars with the faces that destylization found for them.

    Attributes:
        intrinsic, extrinsic: z+ codes ``[E, L, D]`` of the faces and of the exemplars, in the order of the pictures.
    """

    intrinsic: Tensor
    extrinsic: Tensor


def weight_norms(parameters: Iterable[nn.Parameter]) -> Tensor:
    """The sum of the parameters' norms, which are not squared: it drives unneeded ones to zero."""
    return torch.stack([torch.linalg.vector_norm(parameter) for parameter in parameters]).sum()


class TargetTask(AdversarialTask):
    """Trains the extrinsic path on the exemplars.

    The contextual loss subtracts the channel means of a part of the batch, as the release does. So several processes, or a
    batch in several parts, learn nearly what one whole batch would, and not the same up to rounding.

    Args:
        players: the networks, after structure transfer.
        settings: lengths and weights.
        adversary: settings of the discriminator's training.
        loss_networks: for all losses on images.
        pictures: the exemplars' pictures.
        pairs: their codes.
        copying: of paired portraits, where there are any.
    """

    def __init__(
        self,
        players: Players,
        settings: StyleTransfer,
        adversary: Adversary,
        loss_networks: LossNetworks,
        pictures: Pictures,
        pairs: Pairs,
        copying: Copying | None = None,
    ) -> None:
        super().__init__(players, adversary, settings.adversarial)
        self.copying = copying if settings.paired else None
        self.settings, self.loss_networks, self.pictures, self.pairs = settings, loss_networks, pictures, pairs
        self.frozen = {**self.frozen, "loss_networks": loss_networks.networks}
        self.states = {**self.states, "pictures": pictures}
        with torch.no_grad():
            device = players.generator.w_avg.device
            self.styles = players.generator.mapping(pairs.extrinsic.to(device)).cpu()
        self.shown = self.draw_faces(torch.Generator().manual_seed(0), SHOWN, "shown")

    @property
    def iterations(self) -> int:
        return self.settings.iterations

    @property
    def colors_from(self) -> int:
        """The first row whose code in a pair is random, one after the first colour row: 8."""
        return self.generator.config.structure_rows + 1

    def draw(self, rng: torch.Generator, count: int) -> Draw:
        """Exemplars, faces, the noise on both, and pictures."""
        rows, generator = self.players.rows, self.generator
        return {
            "exemplar": torch.randint(len(self.styles), (count,), generator=rng),
            "jitter": torch.randn(count, rows, generator.latent_dim, generator=rng),
            "colors": torch.randn(count, rows - self.colors_from, generator.config.z_dim, generator=rng),
            "path exemplar": torch.randint(len(self.styles), (count,), generator=rng),
            **self.draw_faces(rng, count, "face"),
            **self.draw_faces(rng, count, "path"),
            **self.pictures.draw(rng, count),
            **self.draw_augmentation(rng, count),
            **({} if self.copying is None else self.copying.draw(rng, count)),
        }

    @staticmethod
    def paired(moment: Moment) -> bool:
        """Whether an iteration is of the exemplars' own faces."""
        return moment.iteration % 2 == 1

    def fake(self, draw: Draw, moment: Moment) -> Tensor:
        generator = self.generator
        noise = noise_of(generator, draw["face seeds"])
        return generator.synthesis(self._face(draw, moment), exstyle=self._style(draw), noise=noise)

    def real(self, draw: Draw, moment: Moment) -> Tensor:
        return self._exemplars(draw, moment) if self.paired(moment) else self.pictures.images(draw, moment.device)

    def teach(self, drawn: Tensor, draw: Draw, moment: Moment) -> Losses:
        """Perceptual (of pairs), contextual, feature matching, identity, and the weights' norms."""
        settings, loss_networks = self.settings, self.loss_networks
        found = loss_networks.texture(drawn)
        with torch.no_grad():
            wanted = loss_networks.texture(self._exemplars(draw, moment))
        losses = {
            "contextual": settings.contextual * self._contextual(found[2], wanted[2]),
            "matching": settings.matching * mean_feature_loss(found[1:], wanted[1:]),
            "regularization": settings.regularization * weight_norms(self.generator.extrinsic.res.parameters()),
        }
        if self.paired(moment):
            losses["perceptual"] = settings.perceptual * feature_loss(found, wanted, PAIRED_LAYERS)
        if settings.identity:
            with torch.no_grad():
                person = loss_networks.identity(self._plain(draw, moment))
            losses["identity"] = settings.identity * cosine_loss(loss_networks.identity(drawn), person)
        if self.copying is not None:
            losses["paired"] = settings.paired * self.copying.loss(draw, moment)
        return losses

    def path_images(self, face: Tensor, draw: Draw, noise: list[Tensor]) -> Tensor:
        style = self.styles[draw["path exemplar"]].to(face.device)
        return self.generator.synthesis(face, exstyle=style, noise=noise)

    @torch.no_grad()
    def samples(self) -> Tensor:
        """Faces, and below them the same faces in the styles of exemplars."""
        average = self.average
        faces = self.faces(self.shown, "shown")
        noise = noise_of(average, self.shown["shown seeds"])
        numbers = torch.arange(SHOWN) * len(self.styles) // SHOWN
        styled = average.synthesis(faces, exstyle=self.styles[numbers].to(faces.device), noise=noise)
        return torch.cat([average.synthesis(faces, noise=noise), styled])

    def _contextual(self, found: Tensor, wanted: Tensor) -> Tensor:
        side = self.settings.contextual_side
        if found.shape[-1] > side:
            found, wanted = (F.adaptive_avg_pool2d(maps, side) for maps in (found, wanted))
        return contextual_loss(found, wanted, self.settings.bandwidth)

    def _face(self, draw: Draw, moment: Moment) -> Tensor:
        """The w+ of random faces, or of the exemplars' own with random colours, which then can't agree with the picture's."""
        if not self.paired(moment):
            return self.faces(draw, "face")
        own = self.pairs.intrinsic[draw["exemplar"]].clone()
        own[:, self.colors_from :] = draw["colors"]
        return self.generator.mapping(own.to(moment.device))

    def _style(self, draw: Draw) -> Tensor:
        """The exemplars' w+ with noise."""
        noisy = self.styles[draw["exemplar"]] + self.settings.jitter * draw["jitter"]
        return noisy.to(self.generator.w_avg.device)

    def _exemplars(self, draw: Draw, moment: Moment) -> Tensor:
        return self.pictures.exemplars(draw["exemplar"], moment.device)

    def _plain(self, draw: Draw, moment: Moment) -> Tensor:
        """The faces without the style, with the noise of those in the style."""
        generator = self.generator
        return generator.synthesis(self._face(draw, moment), noise=noise_of(generator, draw["face seeds"]))
