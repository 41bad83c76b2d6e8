"""Training of the demo encoder: from an image of a face, a photo or a painting, to w+.

The code of every portrait is known. The encoder first learns to predict the painter's coordinates, which needs no
generator; then the w codes from the generator's mapping network and, through the frozen generator, images. It sees
the portraits degraded like photographs, before other backgrounds, or in a painted style, and must predict the
clean face. So it generalizes to photographs, which are not in its training set.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..encoders.compact import SEEN, CompactEncoder, CompactEncoderConfig
from ..losses.reconstruction import reconstruction_loss
from ..progress import Progress, Step, measured
from ..stylegan2 import Generator
from ..synthetic.coordinates import COORDINATES
from ..synthetic.dataset import PortraitDataset
from ..training.degradation import degrade, jitter_geometry
from ..training.ema import update_average
from ..training.state import TrainingState
from .data import draw_indices, painted_codes
from .generator import average_decay, picture_of
from .occluded import PortraitBatch, at_size, occlude, replace_background
from .recipe import APPEARANCE_ROW, GENERATOR, Encoding
from .run import Run

__all__ = ["learn_coordinates", "learn_encoder"]


class Reader(nn.Module):
    """The encoder's trunk with a head for the painter's coordinates."""

    def __init__(self, encoder: CompactEncoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.coordinates = nn.Linear(encoder.config.hidden, len(COORDINATES))

    def forward(self, images: Tensor) -> Tensor:
        return self.coordinates(self.encoder.features(images).float())  # type: ignore[no-any-return]


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
    rng = torch.Generator().manual_seed(3)
    torch.manual_seed(3)
    model = Reader(CompactEncoder(encoder_config())).to(run.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.lr, weight_decay=0.01)
    state = TrainingState(run.folder / "coordinates.pt", {"model": model, "optimizer": optimizer}, rng)
    seen = state.restore()
    while seen < recipe.coordinates:
        z, _, pictures = (part.to(run.device) for part in examples(plain, painted, run.held_out, recipe, recipe.batch, rng))
        optimizer.param_groups[0]["lr"] = recipe.lr * min(1.0, seen / 4000 + 0.01)
        with run.autocast():
            found = model(pictures)
        loss = F.mse_loss(found, z)
        step(optimizer, model, loss)
        seen += recipe.batch
        state.save_if_due(seen)
        progress(
            Step(index=seen, total=recipe.coordinates, losses=measured({"coordinates": loss}, seen), preview=pictures.clone)
        )
    state.save(seen)
    return model.encoder


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
    rng = torch.Generator().manual_seed(5)
    torch.manual_seed(5)
    generator = generator.requires_grad_(False).eval()
    model, average = (CompactEncoder(encoder_config()).to(run.device) for _ in range(2))
    model.load_state_dict(trunk.state_dict())
    set_code_statistics(model, generator)
    average.load_state_dict(model.state_dict())
    average.eval()
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.lr, weight_decay=0.01)
    state = TrainingState(run.folder / "encoder.pt", {"model": model, "average": average, "optimizer": optimizer}, rng)
    seen = state.restore()
    while seen < recipe.images:
        z, clean, pictures = (part.to(run.device) for part in examples(plain, painted, run.held_out, recipe, recipe.batch, rng))
        optimizer.param_groups[0]["lr"] = recipe.lr * min(1.0, seen / 2000 + 0.01, 2.0 * (1 - seen / recipe.images) + 0.01)
        with run.autocast():
            codes, offsets = model.predict(pictures)
            wanted = (generator.mapping(z) - model.latent_avg) / model.spread  # [N, D]
            image = picture_of(generator, model.assemble(codes, offsets), recipe.side)
        losses = {
            "codes": (codes - wanted[:, None]).square().mean(),
            "offsets": offsets.square().mean(),
            "pixels": reconstruction_loss(image, F.adaptive_avg_pool2d(clean, recipe.side)),
        }
        loss = losses["codes"] + recipe.weight_offsets * losses["offsets"] + recipe.weight_pixels * losses["pixels"]
        step(optimizer, model, loss)
        seen += recipe.batch
        update_average(average, model, average_decay(recipe.batch, recipe.average_images, seen))
        state.save_if_due(seen)
        progress(
            Step(
                index=seen,
                total=recipe.images,
                losses=measured(losses, seen),
                preview=torch.cat([F.adaptive_avg_pool2d(pictures, recipe.side), image.detach()]).clone,
            )
        )
    state.save(seen)
    return average


def step(optimizer: torch.optim.Optimizer, model: nn.Module, loss: Tensor) -> None:
    """One optimizer step with a bounded gradient norm."""
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()


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
