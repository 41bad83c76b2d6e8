"""Evaluation of a demo bundle: image sheets and metrics."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..checkpoints import Checkpoint
from ..encoders.compact import CompactEncoder
from ..errors import TrainingError
from ..files import replacing
from ..images import write
from ..inversion import encode
from ..latents import Latent
from ..losses.perceptual import DiscriminatorDistance
from ..metrics import frechet_distance
from ..sheets import sheet
from ..stylegan2 import Discriminator, Generator
from ..synthetic.dataset import PortraitDataset, code
from ..synthetic.painter import paint
from ..synthetic.parameters import parameters
from .data import level

__all__ = ["Report", "evaluate"]

QUALITY = 70  # of the report's pictures, which are in every clone


@dataclass(frozen=True, kw_only=True)
class Report:
    """The metrics of a bundle. Feature distances are mean absolute differences of the bundle's own discriminator's features.

    Attributes:
        psnr: between generated and painted images of held-out codes, in dB.
        features: feature distance between the same.
        inversion_features: feature distance between held-out portraits and their inversions by the encoder.
        strangers_features: feature distance between two different portraits, for comparison.
        inversion_identity: cosine between the encoder's shape codes of a portrait and of its inversion.
        strangers_identity: cosine between the shape codes of two different portraits.
        frechet: Frechet distance of random faces from the training portraits, of Gaussians fitted to the
            discriminator's last features, averaged over their 4 x 4 positions.
        frechet_floor: the same distance between two halves of the training portraits.
    """

    psnr: float
    features: float
    inversion_features: float
    strangers_features: float
    inversion_identity: float
    strangers_identity: float
    frechet: float
    frechet_floor: float


@torch.no_grad()
def evaluate(
    models: Checkpoint, levels: Sequence[PortraitDataset], out: Path, *, held_out: int = 16, count: int = 1000
) -> Report:
    """Evaluate a bundle, and write ``report.json`` and image sheets.

    Args:
        models: generator, discriminator and encoder.
        levels: the portraits that they were trained on, at each size.
        out: the output folder.
        held_out: number of new portraits to paint.
        count: number of random faces and portraits for the Frechet distance.
    """
    generator, discriminator, encoder = models.stylegan2, models.discriminator, models.encoder
    assert generator is not None
    assert discriminator is not None
    assert isinstance(encoder, CompactEncoder)
    dataset, first = level(levels, generator.resolution), max(len(dataset) for dataset in levels)
    z = torch.stack([code(index, dataset.seed) for index in range(first, first + held_out)])
    portraits = torch.cat([paint(parameters(one[None]), generator.resolution).images for one in z])
    drawn = generator(Latent(z, "z"))
    inverted = generator(encode(portraits, encoder))
    others = portraits.roll(1, dims=0)
    fakes = torch.cat([faces(generator, 50, seed) for seed in range(count // 50)])
    ready = dataset.ready()[:count]
    reals = torch.cat([dataset.batch(part)[1] for part in np.array_split(ready, max(1, len(ready) // 50))])
    real, fake = pooled(discriminator, reals), pooled(discriminator, fakes)
    report = Report(
        psnr=float(10 * np.log10(4 / float((drawn - portraits).square().mean()))),
        features=distance(discriminator, drawn, portraits),
        inversion_features=distance(discriminator, inverted, portraits),
        strangers_features=distance(discriminator, others, portraits),
        inversion_identity=likeness(encoder, inverted, portraits),
        strangers_identity=likeness(encoder, others, portraits),
        frechet=frechet_distance(real, fake),
        frechet_floor=frechet_distance(real[::2], real[1::2]),
    )
    out.mkdir(parents=True, exist_ok=True)
    with replacing(out / "report.json", TrainingError) as beside:
        beside.write_text(json.dumps(asdict(report), indent=2) + "\n", encoding="utf8")
    _sheets(generator, portraits, drawn, inverted, out)
    return report


def faces(generator: Generator, count: int, seed: int, psi: float = 1.0) -> Tensor:
    """Random faces ``[count, 3, H, W]``."""
    z = generator.sample_z(count, torch.Generator().manual_seed(seed))
    return generator(Latent(generator.truncate(generator.mapping(z), psi), "w"))  # type: ignore[no-any-return]


def distance(discriminator: Discriminator, found: Tensor, wanted: Tensor) -> float:
    return float(DiscriminatorDistance(discriminator, wanted, pixels=0.0)(found))


def likeness(encoder: CompactEncoder, found: Tensor, wanted: Tensor) -> float:
    """Mean cosine between first rows of the codes, which hold shape, around their mean."""
    first, second = (encode(pictures, encoder).codes[:, 0] - encoder.latent_avg for pictures in (found, wanted))
    return float(torch.cosine_similarity(first, second, dim=1).mean())


def pooled(discriminator: Discriminator, images: Tensor) -> Tensor:
    """The last residual block's features, averaged over positions: ``[N, C]``."""
    last = len(discriminator.convs) - 1
    return torch.cat([discriminator.features(part, [last])[0].mean(dim=(2, 3)) for part in images.split(25)])


def _sheets(generator: Generator, portraits: Tensor, drawn: Tensor, inverted: Tensor, out: Path) -> None:
    random = faces(generator, 64, 7, psi=0.8)
    write(sheet(_shown(random), 8, title="Random faces, psi 0.8", side=128), out / "random.jpg", quality=QUALITY)
    rows = [picture for three in zip(portraits, drawn, inverted, strict=True) for picture in three]
    columns = ["portrait", "from its code", "inverted"] * 2
    page = sheet(_shown(torch.stack(rows)), 6, column_titles=columns, title="Held-out portraits", side=128)
    write(page, out / "held_out.jpg", quality=QUALITY)
    w = generator.mapping(generator.sample_z(8, torch.Generator().manual_seed(3)))
    steps = torch.linspace(0, 1, 8)
    between = torch.cat([torch.lerp(a[None], b[None], steps[:, None]) for a, b in zip(w[:4], w[4:], strict=True)])
    pictures = generator(Latent(between, "w"))
    write(sheet(_shown(pictures), 8, title="Between two faces, in w", side=128), out / "interpolation.jpg", quality=QUALITY)


def _shown(images: Tensor) -> list[Tensor]:
    return [image[None].clamp(-1, 1) for image in images]
