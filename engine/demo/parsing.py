"""Training of the parsing network: from an aligned face to the class of every pixel."""

from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor

from ..classes import CLASSES, index_of
from ..faces.parsing import PARSED, FaceParser, ParsingNet
from ..progress import Progress, Step, measured
from ..synthetic.dataset import PortraitDataset
from ..training.degradation import Rng, degrade, jitter_geometry
from ..training.ema import update_average
from ..training.state import TrainingState
from .generator import average_decay
from .occluded import PortraitBatch, at_size, draw_portraits, occlude, recolour, replace_background, thicken_hair
from .recipe import Parsing
from .run import Run

__all__ = ["intersection_over_union", "learn_parsing"]

LARGE = ("background", "skin", "hair", "neck", "cloth", "hat")
SMALL = 2.0  # what a pixel of any other class weighs
CHUNK = 4  # images that are degraded alike


def learn_parsing(
    plain: PortraitDataset, painted: PortraitDataset, run: Run, *, recipe: Parsing, progress: Progress
) -> ParsingNet:
    """Train the parsing network on degraded portraits, plain ones and some in painted styles.

    Returns:
        the moving average of the network.
    """
    rng = torch.Generator().manual_seed(6)
    torch.manual_seed(6)
    model = ParsingNet().to(run.device)
    average = deepcopy(model).eval()
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.lr, weight_decay=0.01)
    state = TrainingState(run.folder / "parsing.pt", {"model": model, "average": average, "optimizer": optimizer}, rng)
    seen = state.restore()
    weights = torch.tensor([1.0 if name in LARGE else SMALL for name in CLASSES], device=run.device)
    while seen < recipe.images:
        images, wanted = (part.to(run.device) for part in examples(plain, painted, run.held_out, recipe, rng))
        for group in optimizer.param_groups:
            group["lr"] = recipe.lr * min(1.0, seen / 2000 + 0.01, 2.0 * (1 - seen / recipe.images) + 0.01)
        logits = model(images)
        losses = {"classes": F.cross_entropy(logits, wanted, weights), "overlap": overlap_loss(logits, wanted)}
        optimizer.zero_grad()
        torch.autograd.backward(losses["classes"] + recipe.weight_overlap * losses["overlap"])
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        seen += recipe.batch
        update_average(average, model, average_decay(recipe.batch, recipe.average_images, seen))
        state.save_if_due(seen)
        progress(Step(index=seen, total=recipe.images, losses=measured(losses, seen), preview=images.clone))
    state.save(seen)
    return average


def examples(
    plain: PortraitDataset, painted: PortraitDataset, held_out: int, recipe: Parsing, rng: Rng
) -> tuple[Tensor, Tensor]:
    """Images ``[N, 3, S, S]`` in [-1, 1] and classes, int64 ``[N, S, S]``."""
    it = draw_portraits(plain, painted, held_out, recipe.batch, recipe.painted, PARSED, rng)
    it = recolour(thicken_hair(it, rng, chance=recipe.hair), rng)
    it = occlude(it, rng, hats=recipe.hats, hands=recipe.hands)
    return disturbed(replace_background(it, rng, chance=recipe.clutter), recipe, rng)


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
