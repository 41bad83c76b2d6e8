"""One iteration of the style encoder's training; see `contrastive`."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import asdict

import torch
import torch.nn.functional as F
from torch import Tensor

from ...errors import TrainingError
from ...training.data import Stream
from ...training.processes import everywhere
from ...training.schedule import Schedule
from ...training.task import Draw, Losses, Moment, Phase, Task
from ..encoder import StyleEncoder
from .affine import draw_affine, transform
from .codes import Pictures, spread_evenly, style_codes, whiten
from .config import StyleEncoderTraining
from .contrastive import Projector, matched, nt_xent
from .recolour import draw_colors, recoloured

__all__ = ["SimCLRTask"]

PREVIEWED, QUERIES, NEIGHBOURS = 48, 4, 3


class SimCLRTask(Task):
    """Codes of two views of a picture become alike, and unlike those of others.

    Args:
        encoder: to be trained, with the backbone that it keeps or starts from.
        pictures: in many styles.
        settings: of the training.
        partners: for each picture the number of another one in the same manner, or its own, ``[M]``.
    """

    def __init__(
        self, encoder: StyleEncoder, pictures: Pictures, settings: StyleEncoderTraining, partners: Tensor | None = None
    ) -> None:
        super().__init__()
        if settings.partners and partners is None:
            raise TrainingError(
                "partners are to be shown, and it is not known which pictures have the same manner: set it to 0"
            )
        self.partners = partners
        self.encoder, self.head = encoder, Projector(encoder.code_dim, settings.head_layers)
        self.average = deepcopy(encoder).requires_grad_(False)
        self.pictures, self.settings = pictures, settings
        self.stream = Stream(len(pictures))
        self.networks = {"encoder": self.encoder, "head": self.head}
        self.averages = {"encoder": self.average}
        self.optimizers = {"encoder": torch.optim.Adam(list(self._groups()))}
        self.states = {"pictures": self.stream}
        self.phases = [Phase(name="views", learns=("encoder", "head"), optimizer="encoder", losses=self.losses)]
        self.config = asdict(settings)

    def _groups(self) -> Iterator[dict[str, object]]:
        """What learns at which rate; a fixed backbone is left out."""
        yield {"params": [*self.encoder.embedder_mlp.parameters(), *self.head.parameters()], "lr": self.settings.lr}
        if self.settings.lr_backbone:
            yield {"params": list(self.encoder.embedder.backbone.parameters()), "lr": self.settings.lr_backbone}

    @staticmethod
    def check(schedule: Schedule, count: int) -> None:
        """Refuse a schedule whose batches leave a picture without others to be told from, or show it twice.

        Args:
            count: of the pictures.

        Raises:
            TrainingError: the batch is too small or too large, or would be computed in parts.
        """
        if schedule.batch < 2 or schedule.accumulate != 1:
            raise TrainingError(
                f"pictures of a batch are each other's negatives: a batch of {schedule.batch} in {schedule.accumulate} parts "
                "was asked for, and 2 or more in one part are needed. Lower batch instead of raising accumulate"
            )
        if schedule.batch > count:
            raise TrainingError(
                f"a batch of {schedule.batch} out of {count} pictures would show some twice, and these would be each other's "
                f"negatives: set batch to {count} or less, or give more pictures"
            )

    def draw(self, rng: torch.Generator, count: int) -> Draw:
        views, shown = self.settings.views, self.stream.next(count, rng)
        draw = {
            "pictures": shown,
            "first": draw_affine(rng, count, views),
            "second": draw_affine(rng, count, views),
        }
        if self.partners is not None:
            taken = torch.rand(count, generator=rng) < self.settings.partners
            draw["partners"] = torch.where(taken, self.partners[shown], shown)
        if self.settings.recolour:
            draw["colors"] = draw_colors(rng, count, self.settings.recolour)
        return draw

    def losses(self, draw: Draw, moment: Moment) -> Losses:
        """NT-Xent of both views, over the pictures of all processes."""
        views = self._view(draw, "pictures", "first", moment), self._view(draw, "partners", "second", moment)
        with moment.autocast():
            codes = self.encoder(torch.cat(views))
        first, second = (everywhere(part) for part in self.head(codes).chunk(2))
        return {
            "nt_xent": nt_xent(first, second, self.settings.temperature),
            "_matched": matched(first.detach(), second.detach()),
        }

    def _view(self, draw: Draw, shown: str, view: str, moment: Moment) -> Tensor:
        images = self.pictures.batch(draw.get(shown, draw["pictures"]), device=moment.device)
        return transform(recoloured(images, draw["colors"]) if "colors" in draw else images, draw[view])

    @torch.no_grad()
    def samples(self) -> Tensor:
        """Pictures, and beside each of them those of the most similar codes."""
        numbers = spread_evenly(len(self.pictures), PREVIEWED)
        images = self.pictures.batch(numbers, device=next(self.average.parameters()).device)
        codes = F.normalize(self.average(images), dim=1)
        queries = spread_evenly(len(images), QUERIES)
        nearest = (codes[queries] @ codes.mT).topk(min(1 + NEIGHBOURS, len(images)), dim=1).indices
        return images[nearest.flatten()]

    def result(self) -> StyleEncoder:
        """The trained encoder."""
        if self.settings.whiten:
            colors = draw_colors(torch.Generator().manual_seed(0), len(self.pictures), self.settings.recolour)
            whiten(self.average, style_codes(self.average, self.pictures, colors))
        return self.average
