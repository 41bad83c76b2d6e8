"""Training of the demo bundle's hierarchical VAE (Song et al. 2021, section 4.1): from an image of a face to z+.

It is AgileGAN's own training, with three advantages of painted portraits: the base's encoder is there and its trunk is kept,
pictures are degraded like photographs while the clean portrait is known, and the painter's z of each is known too.
"""

from copy import deepcopy
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..encoders.compact import SEEN, CompactEncoder
from ..encoders.compact_methods import CompactVariationalEncoder
from ..encoders.config import IMAGE_SIZE
from ..encoders.training.criterion import Criterion
from ..encoders.training.features import Perception, identity_of
from ..encoders.training.methods import VariationalTask
from ..progress import Progress
from ..stylegan2 import Generator
from ..stylegan2.coarse import picture_of
from ..synthetic.dataset import PortraitDataset
from ..training.task import Draw, Moment
from .encoder import examples
from .method_recipes import AgileStyles
from .recipe import Encoding
from .run import Run

__all__ = ["PortraitExamples", "PortraitVariationalTask", "enlarged", "learn_variational", "variational_encoder"]

SEED = 13


class PortraitExamples:
    """Portraits degraded like photographs, and painted ones; the clean portrait is the target, and its z is known."""

    stream = None  # what is drawn comes from the generator of random numbers alone

    def __init__(
        self, plain: PortraitDataset, painted: PortraitDataset, held_out: int, recipe: Encoding, side: int = SEEN
    ) -> None:
        self.plain, self.painted, self.held_out, self.recipe, self.side = plain, painted, held_out, recipe, side

    def draw(self, rng: torch.Generator, count: int) -> Draw:
        """Pictures at half the size, their targets and z."""
        z, clean, pictures = examples(self.plain, self.painted, self.held_out, self.recipe, count, rng)
        return {"pictures": pictures, "clean": F.adaptive_avg_pool2d(clean, self.side), "z": z}

    def batch(self, draw: Draw, moment: Moment) -> tuple[Tensor, Tensor]:
        """Inputs at 256 pixels, which the compact encoder halves again, and targets."""
        return enlarged(draw["pictures"].to(moment.device)), draw["clean"].to(moment.device)

    def shown(self, count: int, moment: Moment) -> tuple[Tensor, Tensor]:
        """The first portraits, as they are."""
        _, clean, _ = self.plain.batch(self.plain.ready()[:count])
        clean = clean.to(moment.device)
        return enlarged(F.adaptive_avg_pool2d(clean, SEEN)), F.adaptive_avg_pool2d(clean, self.side)


class PortraitVariationalTask(VariationalTask):
    """The hierarchical VAE of a generator that draws whole portraits at every resolution."""

    def picture(self, w_plus: Tensor, draw: Draw, moment: Moment, step: int = 0) -> Tensor:
        """The generator's image at the side that is compared, which costs a part of the whole one."""
        assert isinstance(self.generator, Generator)
        side = min(self.settings.side, self.generator.resolution)
        with moment.autocast():
            return picture_of(self.generator, w_plus, side)


TRUNK = ("stem", "blocks", "reduce", "hidden")


def variational_encoder(encoder: CompactEncoder, z_dim: int, log_variance: float) -> CompactVariationalEncoder:
    """An encoder to z+ with the trunk of one to w+, and untrained heads.

    Args:
        z_dim: of the generator.
        log_variance: of z+, before training.
    """
    made = CompactVariationalEncoder(replace(encoder.config, w_dim=z_dim))
    for name in TRUNK:
        getattr(made, name).load_state_dict(getattr(encoder, name).state_dict())
    nn.init.constant_(made.variances.bias, log_variance)
    return made


def learn_variational(
    generator: Generator,
    encoder: CompactEncoder,
    perception: Perception,
    plain: PortraitDataset,
    painted: PortraitDataset,
    run: Run,
    *,
    recipe: AgileStyles,
    encoding: Encoding,
    progress: Progress,
    start: CompactVariationalEncoder | None = None,
) -> CompactVariationalEncoder:
    """Train the hierarchical VAE of a generator.

    Args:
        generator: stays as it is.
        encoder: of the base, whose trunk it starts from, and whose codes of shape compare identities.
        perception: compares images.
        plain: portraits of at least the encoder's side.
        painted: the same people in painted styles; as many as there are.
        encoding: how portraits are degraded.
        start: is trained on; by default an encoder with the base's trunk and untrained heads.

    Returns:
        its moving average, on the CPU, frozen.
    """
    settings = recipe.encoder
    schedule = run.schedule(
        images=recipe.encoder_images, batch=recipe.encoder_batch, seed=SEED, average_images=recipe.average_images
    )
    if start is None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)
            start = variational_encoder(encoder, generator.config.z_dim, recipe.log_variance)
    for name in TRUNK:
        getattr(start, name).requires_grad_(name not in recipe.frozen)
    side = min(settings.side, generator.resolution)
    task = PortraitVariationalTask(
        start,
        deepcopy(generator),
        PortraitExamples(plain, painted, run.held_out, encoding, side),
        Criterion(settings, perception, identity_of(deepcopy(encoder))),
        settings,
        images=schedule.images,
        seed=SEED,
    )
    run.train(task, schedule, "variational", progress)
    made = task.finished_encoder()
    assert isinstance(made, CompactVariationalEncoder)
    return made


def enlarged(pictures: Tensor) -> Tensor:
    """Pictures ``[N, 3, 128, 128]`` at the size that encoders take; a compact encoder halves them to what they were."""
    return F.interpolate(pictures, size=IMAGE_SIZE, mode="nearest")
