"""Joint training that also compares pairs of portraits of one person, between which one group of coordinates changes."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..encoders.compact import SEEN
from ..losses.difference import difference_loss
from ..losses.reconstruction import reconstruction_loss
from ..progress import Progress
from ..stylegan2.coarse import picture_of
from ..synthetic.dataset import PortraitDataset
from ..training.task import Draw, Losses, Moment
from .data import draw_indices
from .joint import JointTask, Pair
from .recipe import Encoding, Joint
from .run import Run

__all__ = ["PairedTask", "learn_together"]


class PairedTask(JointTask):
    """As `JointTask`; and what changes between the portraits of a pair is drawn, from the coordinates and from what is read.

    A smile makes up a hundredth of what a portrait is off by, so its share of an ordinary gradient drowns. In the difference
    between two portraits of a pair it is nearly all.

    Args:
        varied: the same people as `plain`, each with one group of coordinates changed.
    """

    def __init__(
        self,
        pair: Pair,
        plain: PortraitDataset,
        painted: PortraitDataset,
        varied: PortraitDataset,
        held_out: int,
        recipe: Joint,
        encoding: Encoding,
    ) -> None:
        super().__init__(pair, plain, painted, held_out, recipe, encoding)
        self.varied = varied

    def draw(self, rng: torch.Generator, count: int) -> Draw:
        """As `JointTask.draw`, and pairs: coordinates ``[2 P, D]`` and portraits, all before, then all after."""
        drawn = dict(super().draw(rng, count))
        pairs = max(1, round(self.joint.pairs * count))
        chosen = draw_indices([self.plain, self.varied], self.held_out, pairs, rng)
        both = [dataset.batch(chosen) for dataset in (self.plain, self.varied)]
        drawn["pair z"] = torch.cat([z for z, _, _ in both])
        drawn["pair portraits"] = torch.cat([F.adaptive_avg_pool2d(images, SEEN) for _, images, _ in both])
        return drawn

    def losses(self, draw: Draw, moment: Moment) -> Losses:
        """As `JointTask.losses`, and those of the pairs."""
        return dict(super().losses(draw, moment)) | self.pair_losses(draw, moment)

    def pair_losses(self, draw: Draw, moment: Moment) -> dict[str, Tensor]:
        """Of what changes between the portraits of the pairs, and of these portraits."""
        recipe, generator, encoder = self.joint, self.pair.generator, self.pair.encoder
        z, portraits = draw["pair z"].to(moment.device), draw["pair portraits"].to(moment.device)
        side = min(recipe.side, SEEN)
        with moment.autocast():
            w = generator.mapping(z)
            codes, offsets = encoder.predict(portraits)
            images = picture_of(generator, torch.cat([generator.broadcast(w), encoder.assemble(codes, offsets)]), side)
        wanted = F.adaptive_avg_pool2d(portraits, side)
        drawn, read = (difference_loss(*part.chunk(2), *wanted.chunk(2)) for part in images.float().chunk(2))
        return {
            "drawn differences": recipe.weight_differences * drawn,
            "read differences": recipe.weight_differences * read,
            "code differences": recipe.weight_codes * _code_differences(codes, w.detach() / encoder.spread),
            "pairs": recipe.weight_pairs * reconstruction_loss(images.float(), wanted.repeat(2, 1, 1, 1)),
        }


def _code_differences(codes: Tensor, w: Tensor) -> Tensor:
    """The share of the squared change of w ``[2 P, W]`` that the change of the codes ``[2 P, 2, W]`` does not explain."""
    (before, after), (w_before, w_after) = codes.chunk(2), w.chunk(2)
    wanted = (w_after - w_before)[:, None]
    missed = (after - before - wanted).square().sum(dim=-1)
    return (missed / (wanted.square().sum(dim=-1) + 1)).mean()


def learn_together(
    pair: Pair,
    plain: PortraitDataset,
    painted: PortraitDataset,
    varied: PortraitDataset,
    run: Run,
    *,
    recipe: Joint,
    encoding: Encoding,
    progress: Progress,
    name: str = "joint",
) -> Pair:
    """Train both to draw the portraits, at one size.

    A portrait that is read teaches more than one that is drawn from its coordinates, so most of the training belongs here, the
    smallest size first.

    Args:
        pair: to start from; left as it is.
        plain: the portraits, of at least the recipe's side and the encoder's.
        painted: the same people in painted styles; as many as there are.
        varied: the same people with one group of coordinates changed; as many as there are.
        name: of the stage's folder, before the side.

    Returns:
        the moving averages.
    """
    task = PairedTask(pair, plain, painted, varied, run.held_out, recipe, encoding)
    schedule = run.schedule(images=recipe.images, batch=recipe.batch, seed=6, average_images=recipe.average_images)
    run.train(task, schedule, f"{name}-{recipe.side}", progress)
    return task.average
