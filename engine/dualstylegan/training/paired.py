"""Learning from paired portraits, where the same person is known plain and in the manner of an exemplar. Not the paper's.

    | G(w_i, e_s, e_c) - P |  of pixels and edges, at a reduced size

    w_i  the person           e_s  structure rows of an exemplar's code
    P    their painting       e_c  colour rows of an exemplar's code, of the same one or of another

Pictures of the world have no such pairs, and facial destylization is the paper's answer to that. Painted portraits have them.
Where structure and colours of a painting come from two exemplars, either half of a code learns what it alone is to do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ...losses.texture import textured_loss
from ...stylegan2 import Generator
from ...stylegan2.coarse import picture_after, picture_of
from ...training.muon import muon_or_adam
from ...training.task import Draw, Losses, Moment, Phase, Task
from ..generator import DualStyleGenerator
from .config import Pairing
from .players import BETAS, Players

__all__ = ["Copying", "Paintings", "PairedTask", "picture_at"]

SHOWN = 8  # paintings of a sample sheet


@dataclass(frozen=True, kw_only=True)
class Paintings:
    """Paintings whose people and manners are known.

    Attributes:
        faces: w+ codes of the people ``[K, P, L, D]``: K ways to know each of P, such as their own code and an encoder's.
        person: ``[N]``: who each of N paintings shows, a number below P.
        structure, color: ``[N]``: numbers of the exemplars whose structure and whose colours it has.
        pictures: numbers ``[n]`` to the paintings ``[n, 3, S, S]`` in [-1, 1].
    """

    faces: Tensor
    person: Tensor
    structure: Tensor
    color: Tensor
    pictures: Callable[[Tensor], Tensor]

    def __len__(self) -> int:
        return len(self.person)


def picture_at(generator: Generator, w_plus: Tensor, side: int, exstyle: Tensor | None = None) -> Tensor:
    """The image so far at the stage of `side` pixels, ``[N, 3, side, side]``, without noise.

    Args:
        w_plus: faces ``[N, L, D]``.
        exstyle: mapped codes of styles ``[N, L, D]``, for a generator with an extrinsic path; None for plain faces.

    Raises:
        ValueError: there is no such stage.
    """
    if exstyle is None or not isinstance(generator, DualStyleGenerator):
        return picture_of(generator, w_plus, side)
    style = generator.bind_style(exstyle)
    stages = style.into(generator.bind(generator.styles(style.recolor(w_plus)), generator.noise_maps("none")))
    return picture_after(generator, stages, len(w_plus), side)


class Copying:
    """Draws of paintings, and how far the generator's images are from them.

    Args:
        generator: whose extrinsic path learns.
        paintings: to copy.
        styles: w+ of the exemplars ``[E, L, D]``, on the CPU.
        settings: of the comparison.
    """

    def __init__(self, generator: DualStyleGenerator, paintings: Paintings, styles: Tensor, settings: Pairing) -> None:
        self.generator, self.paintings, self.styles, self.settings = generator, paintings, styles, settings

    def draw(self, rng: torch.Generator, count: int) -> Draw:
        """Paintings, how their people are known, and the noise on their codes."""
        ways, shape = len(self.paintings.faces), self.styles.shape[1:]
        return {
            "painting": torch.randint(len(self.paintings), (count,), generator=rng),
            "known": torch.randint(ways, (count,), generator=rng),
            "painting jitter": torch.randn(count, *shape, generator=rng),
            "psi": torch.rand(count, 1, 1, generator=rng),
        }

    def loss(self, draw: Draw, moment: Moment) -> Tensor:
        """How far the images are from the paintings; see `textured_loss`."""
        wanted = self.paintings.pictures(draw["painting"]).to(moment.device)
        with moment.autocast():
            drawn = self.images(self.generator, draw)
        wanted = F.adaptive_avg_pool2d(wanted, self.settings.side)
        return textured_loss(drawn, wanted, fine=self.settings.fine, texture=self.settings.texture)

    def images(self, generator: DualStyleGenerator, draw: Draw) -> Tensor:
        """What a generator draws in the place of the paintings, ``[N, 3, side, side]``."""
        paintings, settings, rows = self.paintings, self.settings, generator.config.structure_rows
        chosen, device = draw["painting"], generator.w_avg.device
        faces = paintings.faces[draw["known"], paintings.person[chosen]]
        psi = settings.truncation + (1 - settings.truncation) * draw["psi"]
        structure, color = (self.styles[numbers[chosen]] for numbers in (paintings.structure, paintings.color))
        exstyle = torch.cat([structure[:, :rows], color[:, rows:]], dim=1) + settings.jitter * draw["painting jitter"]
        return picture_at(generator, (psi * faces).to(device), settings.side, exstyle.to(device))


class PairedTask(Task):
    """Trains the extrinsic path on paintings alone, before it meets the discriminator.

    Args:
        players: the networks; the optimizer is this task's own.
        copying: of the paintings.
    """

    def __init__(self, players: Players, copying: Copying) -> None:
        super().__init__()
        self.settings, self.average, self.copying = copying.settings, players.average, copying
        settings = copying.settings
        extrinsic = players.generator.extrinsic
        self.networks, self.averages = {"extrinsic": extrinsic}, {"extrinsic": players.average.extrinsic}
        self.frozen = {"whole": players.generator, "average": players.average}
        mapping = {id(parameter) for parameter in extrinsic.style.parameters()}
        groups: list[dict[str, Any]] = [
            {"params": [p for p in extrinsic.parameters() if id(p) not in mapping], "base": settings.lr},
            {"params": list(extrinsic.style.parameters()), "base": settings.lr * settings.lr_mapping},
        ]
        self.optimizers = {"adam": muon_or_adam(groups, settings.lr, BETAS, muon=settings.muon)}
        self._set_rates(0)
        self.phases = [Phase(name="paired", learns=("extrinsic",), optimizer="adam", losses=self.losses)]
        self.shown = self.copying.draw(torch.Generator().manual_seed(0), SHOWN)

    def draw(self, rng: torch.Generator, count: int) -> Draw:
        """As `Copying.draw`."""
        return self.copying.draw(rng, count)

    def losses(self, draw: Draw, moment: Moment) -> Losses:
        """The paired loss alone."""
        return {"pixels": self.copying.loss(draw, moment)}

    def after_step(self, losses: Mapping[str, float], moment: Moment) -> None:
        self._set_rates(moment.iteration)

    def _set_rates(self, iteration: int) -> None:
        """Learning rates rise in the first fiftieth of the iterations, and fall in the last half."""
        passed = iteration / max(1, self.settings.iterations)
        share = min(1.0, 50 * passed + 0.02, 2 * (1 - passed) + 0.02)
        for group in self.optimizers["adam"].param_groups:
            group["lr"] = share * group["base"]

    @torch.no_grad()
    def samples(self) -> Tensor:
        """Paintings, and below them what the average draws in their place."""
        wanted = self.copying.paintings.pictures(self.shown["painting"])
        wanted = F.adaptive_avg_pool2d(wanted, self.settings.side)
        drawn = self.copying.images(self.average, self.shown)
        return torch.cat([wanted.to(drawn.device), drawn])
