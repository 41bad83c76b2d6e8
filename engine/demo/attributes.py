"""Training of the network that reads attributes, on painted portraits, whose attributes are known."""

from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor

from ..faces.attributes import AttributeNet
from ..progress import Progress, Step, measured
from ..synthetic.attributes import scores
from ..synthetic.coordinates import COORDINATES
from ..synthetic.dataset import PortraitDataset
from ..synthetic.parameters import parameters
from ..training.ema import update_average
from ..training.state import TrainingState
from .data import batches
from .generator import average_decay
from .recipe import Reading
from .run import Run

__all__ = ["learn_attributes", "standardized"]

SAMPLES = 20_000  # random portraits, for mean and standard deviation


def learn_attributes(plain: PortraitDataset, run: Run, *, recipe: Reading, progress: Progress) -> AttributeNet:
    """Train the network on portraits as they are and blurred, since generators draw softer than the painter.

    Returns:
        the moving average of the network.
    """
    rng = torch.Generator().manual_seed(11)
    torch.manual_seed(11)
    model = AttributeNet().to(run.device)
    average = deepcopy(model).eval()
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.lr, weight_decay=0.02)
    state = TrainingState(run.folder / "attributes.pt", {"model": model, "average": average, "optimizer": optimizer}, rng)
    seen = state.restore()
    source = batches(plain, run.held_out, recipe.batch, rng)
    while seen < recipe.images:
        z, images = next(source)
        images = softened(images, rng)
        for group in optimizer.param_groups:
            group["lr"] = recipe.lr * min(1.0, seen / 2000 + 0.01, 2.0 * (1 - seen / recipe.images) + 0.01)
        with run.autocast():
            found = model(images.to(run.device)).float()
        loss = F.smooth_l1_loss(found, standardized(z).to(run.device))
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        seen += recipe.batch
        update_average(average, model, average_decay(recipe.batch, recipe.average_images, seen))
        state.save_if_due(seen)
        progress(Step(index=seen, total=recipe.images, losses=measured({"readings": loss}, seen), preview=images.clone))
    state.save(seen)
    return average


def softened(images: Tensor, rng: torch.Generator) -> Tensor:
    """Images ``[N, 3, H, W]``, half of them blurred and moved a little in brightness."""
    n, _, height, width = images.shape
    soft = F.interpolate(F.avg_pool2d(images, 2), size=(height, width), mode="bilinear", align_corners=False)
    share = torch.rand(n, 1, 1, 1, generator=rng) * (torch.rand(n, 1, 1, 1, generator=rng) < 0.5)
    moved = torch.lerp(images, soft, share) + 0.05 * torch.randn(n, 3, 1, 1, generator=rng)
    return moved.clamp(-1, 1)


def standardized(z: Tensor) -> Tensor:
    """The scores ``[N, K]`` of the portraits of z ``[N, D]``, in standard deviations around the mean of random portraits."""
    known = scores(parameters(torch.randn(SAMPLES, len(COORDINATES), generator=torch.Generator().manual_seed(0))))
    return (scores(parameters(z)) - known.mean(dim=0)) / known.std(dim=0)
