"""Training of the network that reads attributes, on painted portraits, whose attributes are known."""

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from ..faces.attributes import AttributeNet
from ..progress import Progress
from ..synthetic.attributes import scores
from ..synthetic.coordinates import COORDINATES
from ..synthetic.dataset import PortraitDataset
from ..synthetic.parameters import parameters
from ..training.task import Draw, Losses, Moment
from .data import draw_indices
from .examples import ExampleTask
from .recipe import Reading
from .run import Run

__all__ = ["AttributeTask", "learn_attributes", "standardized"]

SAMPLES = 20_000  # random portraits, for mean and standard deviation


class AttributeTask(ExampleTask[AttributeNet]):
    """Portraits as they are and blurred, since generators draw softer than the painter, and their attributes."""

    def __init__(self, plain: PortraitDataset, held_out: int, recipe: Reading) -> None:
        super().__init__(AttributeNet(), name="attributes", images=recipe.images, lr=recipe.lr)
        self.plain, self.held_out = plain, held_out

    def examples(self, rng: torch.Generator, count: int) -> Draw:
        z, images = self.plain.batch(draw_indices([self.plain], self.held_out, count, rng))[:2]
        return {"images": softened(images, rng), "attributes": standardized(z)}

    def losses(self, draw: Draw, moment: Moment) -> Losses:
        """The distance of readings from the attributes, in standard deviations."""
        with moment.autocast():
            found = self.network(draw["images"].to(moment.device)).float()
        return {"readings": F.smooth_l1_loss(found, draw["attributes"].to(moment.device))}


def learn_attributes(plain: PortraitDataset, run: Run, *, recipe: Reading, progress: Progress) -> AttributeNet:
    """Train the network.

    Returns:
        the moving average of the network.
    """
    torch.manual_seed(11)
    task = AttributeTask(plain, run.held_out, recipe)
    return task.learn(run, batch=recipe.batch, seed=11, average_images=recipe.average_images, progress=progress)


def softened(images: Tensor, rng: torch.Generator) -> Tensor:
    """Images ``[N, 3, H, W]``, half of them blurred and moved a little in brightness."""
    n, _, height, width = images.shape
    soft = F.interpolate(F.avg_pool2d(images, 2), size=(height, width), mode="bilinear", align_corners=False)
    share = torch.rand(n, 1, 1, 1, generator=rng) * (torch.rand(n, 1, 1, 1, generator=rng) < 0.5)
    moved = torch.lerp(images, soft, share) + 0.05 * torch.randn(n, 3, 1, 1, generator=rng)
    return moved.clamp(-1, 1)


def standardized(z: Tensor) -> Tensor:
    """The scores ``[N, K]`` of the portraits of z ``[N, D]``, in standard deviations around the mean of random portraits."""
    mean, spread = _moments()
    return (scores(parameters(z)) - mean) / spread


@lru_cache(maxsize=1)
def _moments() -> tuple[Tensor, Tensor]:
    known = scores(parameters(torch.randn(SAMPLES, len(COORDINATES), generator=torch.Generator().manual_seed(0))))
    return known.mean(dim=0), known.std(dim=0)
