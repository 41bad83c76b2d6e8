"""Training of the demo encoder: from an image of a face, a photo or a painting, to w+.

The code of every portrait is known. The encoder first learns to predict the painter's coordinates, which needs no
generator; then the w codes from the generator's mapping network and, through the frozen generator, images. It sees
the portraits degraded like photographs, before other backgrounds, or in a painted style, and must predict the
clean face. So it generalizes to photographs, which are not in its training set.
"""

from copy import deepcopy

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..encoders.compact import SEEN, CompactEncoder, CompactEncoderConfig
from ..losses.reconstruction import reconstruction_loss
from ..progress import Progress
from ..stylegan2 import Generator
from ..stylegan2.coarse import picture_of
from ..synthetic.coordinates import COORDINATES
from ..synthetic.dataset import PortraitDataset
from ..training.degradation import degrade, jitter_geometry
from ..training.task import Draw, Losses, Moment
from .data import draw_indices, painted_codes
from .examples import ExampleTask
from .occluded import PortraitBatch, at_size, occlude, replace_background
from .recipe import APPEARANCE_ROW, GENERATOR, Encoding
from .run import Run

__all__ = ["CoordinateTask", "EncoderTask", "learn_coordinates", "learn_encoder"]


class Reader(nn.Module):
    """The encoder's trunk with a head for the painter's coordinates."""

    def __init__(self, encoder: CompactEncoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.coordinates = nn.Linear(encoder.config.hidden, len(COORDINATES))

    def forward(self, images: Tensor) -> Tensor:
        return self.coordinates(self.encoder.features(images).float())  # type: ignore[no-any-return]


class CoordinateTask(ExampleTask[Reader]):
    """Images of faces, and the coordinates that they were painted from."""

    def __init__(self, plain: PortraitDataset, painted: PortraitDataset, held_out: int, recipe: Encoding) -> None:
        reader = Reader(CompactEncoder(encoder_config()))
        super().__init__(reader, name="coordinates", images=recipe.coordinates, lr=recipe.lr, warm_up=4000, falls=False)
        self.averages = {}
        self.plain, self.painted, self.held_out, self.recipe = plain, painted, held_out, recipe

    def examples(self, rng: torch.Generator, count: int) -> Draw:
        z, _, pictures = examples(self.plain, self.painted, self.held_out, self.recipe, count, rng)
        return {"images": pictures, "z": z}

    def losses(self, draw: Draw, moment: Moment) -> Losses:
        """Squares of what the coordinates are off by."""
        with moment.autocast():
            found = self.network(draw["images"].to(moment.device))
        return {"squares": F.mse_loss(found, draw["z"].to(moment.device))}


def learn_coordinates(
    plain: PortraitDataset,
    painted: PortraitDataset,
    run: Run,
    *,
    recipe: Encoding,
    progress: Progress,
) -> CompactEncoder:
    """Train the trunk of an encoder to predict the painter's coordinates.

    Args:
        plain: the portraits, which are degraded.
        painted: the same portraits in painted styles; as many as there are.

    Returns:
        an encoder whose heads are untrained.
    """
    torch.manual_seed(3)
    task = CoordinateTask(plain, painted, run.held_out, recipe)
    task.learn(run, batch=recipe.batch, seed=3, progress=progress)
    return task.network.encoder


class EncoderTask(ExampleTask[CompactEncoder]):
    """Images of faces, and the codes of a generator that draws them.

    Args:
        trunk: an encoder that reads the painter's coordinates.
        generator: stays as it is.
        plain, painted, held_out: portraits; see `learn_coordinates`.
    """

    def __init__(
        self,
        trunk: CompactEncoder,
        generator: Generator,
        plain: PortraitDataset,
        painted: PortraitDataset,
        held_out: int,
        recipe: Encoding,
    ) -> None:
        encoder = deepcopy(trunk).cpu().train().requires_grad_(True)
        self.generator = deepcopy(generator).cpu().requires_grad_(False).eval()
        set_code_statistics(encoder, self.generator)
        super().__init__(encoder, name="encoder", images=recipe.images, lr=recipe.lr)
        self.frozen = {"generator": self.generator}
        self.plain, self.painted, self.held_out, self.recipe = plain, painted, held_out, recipe

    def examples(self, rng: torch.Generator, count: int) -> Draw:
        z, clean, pictures = examples(self.plain, self.painted, self.held_out, self.recipe, count, rng)
        return {"images": pictures, "z": z, "clean": F.adaptive_avg_pool2d(clean, self.recipe.side)}

    def losses(self, draw: Draw, moment: Moment) -> Losses:
        """Of the codes, their offsets, and the generator's images of them."""
        model, z, clean = self.network, draw["z"].to(moment.device), draw["clean"].to(moment.device)
        with moment.autocast():
            codes, offsets = model.predict(draw["images"].to(moment.device))
            wanted = (self.generator.mapping(z) - model.latent_avg) / model.spread  # [N, D]
            image = picture_of(self.generator, model.assemble(codes, offsets), self.recipe.side)
        return {
            "codes": (codes - wanted[:, None]).square().mean(),
            "offsets": self.recipe.weight_offsets * offsets.square().mean(),
            "pixels": self.recipe.weight_pixels * reconstruction_loss(image, clean),
        }

    def samples(self) -> Tensor:
        """What the encoder was shown last, and what the generator makes of it."""
        side, shown = self.recipe.side, self._shown
        images = shown.to(next(self.average.parameters()).device)
        drawn = picture_of(self.generator, self.average.assemble(*self.average.predict(images)), side)
        return torch.cat([F.adaptive_avg_pool2d(images, side), drawn])


def learn_encoder(
    trunk: CompactEncoder,
    generator: Generator,
    plain: PortraitDataset,
    painted: PortraitDataset,
    run: Run,
    *,
    recipe: Encoding,
    progress: Progress,
) -> CompactEncoder:
    """Train an encoder for `generator`.

    Args:
        trunk: the result of `learn_coordinates`.
        plain, painted: as for `learn_coordinates`.

    Returns:
        the moving average of the encoder.
    """
    torch.manual_seed(5)
    task = EncoderTask(trunk, generator, plain, painted, run.held_out, recipe)
    return task.learn(run, batch=recipe.batch, seed=5, average_images=recipe.average_images, progress=progress)


def encoder_config() -> CompactEncoderConfig:
    return CompactEncoderConfig(num_layers=GENERATOR.num_layers, w_dim=GENERATOR.w_dim, split=APPEARANCE_ROW)


@torch.no_grad()
def set_code_statistics(encoder: CompactEncoder, generator: Generator) -> None:
    """Set the mean and spread of the generator's w in the encoder."""
    w = generator.mapping(generator.sample_z(10_000, torch.Generator("cpu").manual_seed(0)))
    encoder.latent_avg.copy_(w.mean(dim=0))
    encoder.spread.copy_(w.std(dim=0).mean())


def examples(
    plain: PortraitDataset, painted: PortraitDataset, held_out: int, recipe: Encoding, size: int, rng: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Codes, the clean portraits, and the images of them to read: degraded photographs and paintings, at 128 pixels."""
    count = round(recipe.painted * size) if len(painted_codes([plain, painted], held_out)) else 0
    seen = draw_indices([plain], held_out, size - count, rng)
    pictures = as_photograph(at_size(plain, torch.from_numpy(seen), SEEN), recipe, rng)
    if count:
        looked_at = draw_indices([plain, painted], held_out, count, rng)
        looks = at_size(painted, torch.from_numpy(looked_at), SEEN).images
        pictures = torch.cat([pictures, jitter_geometry(looks, rng)[0]])
        seen = np.concatenate([seen, looked_at])
    z, clean, _ = plain.batch(seen)
    return z, clean, pictures


def as_photograph(it: PortraitBatch, recipe: Encoding, rng: torch.Generator) -> Tensor:
    """Portraits, degraded like photographs."""
    it = replace_background(occlude(it, rng, hats=recipe.hats, hands=recipe.hands), rng, chance=recipe.clutter)
    return torch.cat([degrade(part, rng) for part in jitter_geometry(it.images, rng)[0].split(4)])
