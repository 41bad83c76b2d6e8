"""Training of the parsing network: from an aligned face to the class of every pixel."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..classes import CLASSES, index_of
from ..faces.parsing import PARSED, FaceParser, ParsingNet
from ..progress import Progress
from ..synthetic.dataset import PortraitDataset
from ..training.degradation import Rng, degrade, jitter_geometry
from ..training.task import Draw, Losses, Moment
from .examples import ExampleTask
from .occluded import PortraitBatch, at_size, draw_portraits, occlude, recolour, replace_background, thicken_hair
from .recipe import Parsing
from .run import Run

__all__ = ["ParsingTask", "intersection_over_union", "learn_parsing"]

LARGE = ("background", "skin", "hair", "neck", "cloth", "hat")
SMALL = 2.0  # what a pixel of any other class weighs
CHUNK = 4  # images that are degraded alike


class ParsingTask(ExampleTask[ParsingNet]):
    """Degraded portraits, plain ones and some in painted styles, and the class of every pixel."""

    def __init__(self, plain: PortraitDataset, painted: PortraitDataset, held_out: int, recipe: Parsing) -> None:
        super().__init__(ParsingNet(), name="parsing", images=recipe.images, lr=recipe.lr)
        self.plain, self.painted, self.held_out, self.recipe = plain, painted, held_out, recipe
        self.weights = torch.tensor([1.0 if name in LARGE else SMALL for name in CLASSES])

    def examples(self, rng: Rng, count: int) -> Draw:
        recipe = self.recipe
        it = draw_portraits(self.plain, self.painted, self.held_out, count, recipe.painted, PARSED, rng)
        it = recolour(thicken_hair(it, rng, chance=recipe.hair), rng)
        it = occlude(it, rng, hats=recipe.hats, hands=recipe.hands)
        images, wanted = disturbed(replace_background(it, rng, chance=recipe.clutter), recipe, rng)
        return {"images": images, "wanted": wanted}

    def losses(self, draw: Draw, moment: Moment) -> Losses:
        """Cross entropy of the classes, and 1 less their overlap."""
        wanted = draw["wanted"].to(moment.device)
        logits = self.network(draw["images"].to(moment.device))
        classes = F.cross_entropy(logits, wanted, self.weights.to(moment.device))
        return {"classes": classes, "overlap": self.recipe.weight_overlap * overlap_loss(logits, wanted)}


def learn_parsing(
    plain: PortraitDataset, painted: PortraitDataset, run: Run, *, recipe: Parsing, progress: Progress
) -> ParsingNet:
    """Train the parsing network.

    Returns:
        the moving average of the network.
    """
    torch.manual_seed(6)
    task = ParsingTask(plain, painted, run.held_out, recipe)
    return task.learn(run, batch=recipe.batch, seed=6, average_images=recipe.average_images, progress=progress)


def disturbed(it: PortraitBatch, recipe: Parsing, rng: Rng) -> tuple[Tensor, Tensor]:
    """Moved, mirrored and degraded; the masks are moved along."""
    images, theta = jitter_geometry(it.images, rng, turn=recipe.turn, scale=recipe.scale, shift=recipe.shift)
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    masks = F.grid_sample(it.masks[:, None].float(), grid, mode="nearest", padding_mode="reflection", align_corners=False)
    mirrored = torch.rand(len(images), generator=rng) < 0.5
    images = torch.where(mirrored[:, None, None, None], images.flip(-1), images)
    masks = torch.where(mirrored[:, None, None, None], masks.flip(-1), masks)
    return torch.cat([degrade(part, rng) for part in images.split(CHUNK)]), masks[:, 0].round().long()


def overlap_loss(logits: Tensor, wanted: Tensor) -> Tensor:
    """1 less the soft Dice coefficient, averaged over the classes that are there: small classes count like large ones."""
    found = logits.softmax(dim=1)
    right = F.one_hot(wanted, found.shape[1]).movedim(-1, 1).to(found.dtype)
    shared, both = (found * right).sum(dim=(0, 2, 3)), (found + right).sum(dim=(0, 2, 3))
    there = right.sum(dim=(0, 2, 3)) > 0
    return (1 - (2 * shared + 1) / (both + 1))[there].mean()


@torch.no_grad()
def intersection_over_union(network: ParsingNet, dataset: PortraitDataset, chosen: Tensor, recipe: Parsing) -> dict[str, float]:
    """How well portraits are parsed, degraded as in training, by class; only of classes that are there.

    Args:
        chosen: indices of held-out portraits.
    """
    rng = torch.Generator().manual_seed(0)
    it = replace_background(at_size(dataset, chosen, PARSED), rng, chance=recipe.clutter)
    images, wanted = disturbed(it, recipe, rng)
    found = FaceParser(network)(images).argmax(dim=1)
    scores = {}
    for name in CLASSES:
        (number,) = index_of(name)
        union = ((found == number) | (wanted == number)).sum()
        if (wanted == number).any():
            scores[name] = float(((found == number) & (wanted == number)).sum() / union)
    return scores
