"""Regional control: eyes from here, mouth from there, through masks in S space.

JoJoGAN's appendix borrows single facial features from other faces by the channels that draw them, which Retrieve in Style
(Chong et al. 2021) finds by clustering activations: a channel belongs to a feature by the part of its energy there.
We take the regions from a face parser instead of clusters that somebody has to name. This is ours.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from ..classes import index_of
from ..directions import Direction
from ..errors import LatentError
from ..latents import Latent
from ..progress import Progress, Step, silent
from ..stylegan2 import Generator
from ..stylegan2.fingerprint import fingerprint
from .edit import step_of

__all__ = ["REGIONS", "RegionMasks", "find_regions", "in_region", "transfer_region"]

REGIONS: dict[str, tuple[str, ...]] = {
    "eyes": ("eyes", "brows", "glasses"),
    "mouth": ("lips", "mouth"),
    "face": ("skin", "ears"),
    "hair": ("hair", "hat"),
    "background": ("background",),
    "clothes": ("cloth", "neck"),
}
"""Parts of a picture and their classes of the face parser."""

PSI = 0.7  # truncation of the random faces
SHARPNESS = 4.0  # how decidedly a channel is assigned; 1 would take its part of the energy as it is


class Parser(Protocol):
    """What a `faces.parsing.FaceParser` does."""

    def __call__(self, images: Tensor) -> Tensor:
        """Probabilities ``[N, K, H, W]`` of `classes.CLASSES` for images ``[N, 3, H, W]``."""
        ...


class RegionMasks(Mapping[str, Tensor]):
    """How much each style channel of a generator belongs to each region: ``[S]`` in [0, 1].

    Args:
        masks: by region.
        generator: the fingerprint of the generator.
    """

    def __init__(self, masks: Mapping[str, Tensor], generator: str) -> None:
        self._masks = dict(masks)
        self.generator = generator

    def __getitem__(self, name: str) -> Tensor:
        try:
            return self._masks[name]
        except KeyError:
            raise LatentError(f"there is no region {name!r}: choose from {', '.join(self._masks)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._masks)

    def __len__(self) -> int:
        return len(self._masks)

    def of(self, names: Sequence[str]) -> Tensor:
        """The mask ``[S]`` of several regions together.

        Raises:
            LatentError: there is no such region, or none was given.
        """
        if not names:
            raise LatentError(f"no region was given: choose from {', '.join(self)}")
        return torch.stack([self[name] for name in names]).amax(dim=0)


@torch.no_grad()
def find_regions(
    generator: Generator, parser: Parser, *, samples: int = 16, seed: int = 0, progress: Progress = silent
) -> RegionMasks:
    """Find out which channels draw which region, on random faces.

    For each layer and channel, the energy of its modulated features inside of a region is divided by that in the whole
    picture, and by the region's share of the picture: a channel that is everywhere alike has 1. The mask is
    ``r^p / (r^p + o^p)`` of this density r in the region and o outside of it.

    Args:
        parser: of aligned faces, such as `faces.parsing.bundled_parser()`.
        samples: number of random faces.
        progress: called after each.
    """
    rng = torch.Generator().manual_seed(seed)
    inside = {name: torch.zeros(sum(generator.style_widths)) for name in REGIONS}
    area = dict.fromkeys(REGIONS, 0.0)
    total = torch.zeros(sum(generator.style_widths))
    faces = generator.to_w_plus(generator.random_faces(samples, rng, psi=PSI)).codes
    for number, face in enumerate(faces.split(1)):  # one at a time: the features of all layers are kept
        images, features = _features(generator, face)
        classes = parser(images.clamp(-1, 1))
        total += torch.cat([feature.mean(dim=(0, 2, 3)) for feature in features]).cpu()
        for name, members in REGIONS.items():
            region = classes[:, index_of(*members)].sum(dim=1, keepdim=True)
            area[name] += float(region.mean())
            inside[name] += torch.cat([_within(feature, region) for feature in features]).cpu()
        progress(Step(index=number + 1, total=samples))
    return RegionMasks(
        {name: _mask(inside[name] / total.clamp_min(1e-12), area[name] / samples) for name in REGIONS}, fingerprint(generator)
    )


def _mask(share: Tensor, area: float) -> Tensor:
    """A channel's membership from its share of energy in a region that covers a part of the picture."""
    area = min(max(area, 1e-4), 1 - 1e-4)
    density = (share / area).clamp_min(1e-6) ** SHARPNESS
    outside = ((1 - share).clamp_min(0) / (1 - area)).clamp_min(1e-6) ** SHARPNESS
    return density / (density + outside)


def _within(energy: Tensor, region: Tensor) -> Tensor:
    """Mean over a picture of a channel's energy inside of a region: ``[C]``."""
    small = F.adaptive_avg_pool2d(region, energy.shape[-1])
    return (energy * small).mean(dim=(0, 2, 3))


def _features(generator: Generator, w_plus: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Images, and for each layer the energy ``[N, C_i, H, W]`` of its inputs, scaled by their styles."""
    x, image = generator.constant(len(w_plus)), None
    energies: list[Tensor] = []

    def seen(x: Tensor, style: Tensor) -> None:
        energies.append((x.float() * style[:, :, None, None]).square())

    for stage in generator.bind(generator.styles(w_plus), generator.noise_maps("fixed")):
        x = x.to(stage.dtype)
        for conv, style, noise in zip(stage.convs, stage.styles, stage.noise, strict=True):
            seen(x, style)
            x = conv(x, style, noise)
        seen(x, stage.rgb_style)
        image = stage.to_rgb(x, stage.rgb_style, image)
    assert image is not None
    return image, energies


@torch.no_grad()
def transfer_region(
    face: Latent, donor: Latent, generator: Generator, masks: RegionMasks, regions: Sequence[str], *, amount: float = 1.0
) -> Latent:
    """Take some regions of a face from another one: ``s + amount * mask * (s_donor - s)`` in S space.

    Args:
        face: N faces, in any space of the generator.
        donor: N faces or one.
        regions: of `REGIONS`.
        amount: 0 keeps the face, 1 takes the donor's region.

    Returns:
        The faces in w+, with the change as their `offset`.

    Raises:
        LatentError: the masks belong to another generator, or there is no such region.
    """
    _expect(masks, generator)
    placed, other = generator.to_w_plus(face), generator.to_w_plus(donor)
    if len(other) not in (1, len(placed)):
        raise LatentError(f"{len(placed)} faces can't take a region from {len(other)}: give one donor, or one for each face")
    own, given = (torch.cat(generator.styles(latent.codes, latent.offset), dim=1) for latent in (placed, other))
    change = amount * masks.of(regions).to(own) * (given - own)
    offset = change if placed.offset is None else placed.offset + change
    return Latent(placed.codes, "w+", placed.noise, offset)


@torch.no_grad()
def in_region(direction: Direction, generator: Generator, masks: RegionMasks, regions: Sequence[str]) -> Direction:
    """A direction that changes some regions only: its step in S space, masked.

    Raises:
        LatentError: direction or masks belong to another generator, the direction has a goal, or there is no such region.
    """
    direction.expect(generator)
    _expect(masks, generator)
    if direction.goal is not None:
        raise LatentError(
            f"the direction {direction.name} moves to a goal, which can't be kept to a region: choose another one"
        )
    mask = masks.of(regions)
    step = direction.vector if direction.space == "s" else _in_s(direction, generator)
    return Direction(
        name=f"{direction.name}_{'_'.join(regions)}",
        space="s",
        vector=step.cpu() * mask,
        generator=direction.generator,
        source=f"{direction.source}, {' and '.join(regions)} only",
    )


def _in_s(direction: Direction, generator: Generator) -> Tensor:
    """The step ``[S]`` in S space of a direction in w or w+; the modulation is affine, so it is the same for every face."""
    moved = step_of(direction, generator.num_layers).to(generator.w_avg)[None]
    start = torch.zeros_like(moved)
    after, before = (torch.cat(generator.styles(code), dim=1) for code in (moved, start))
    return (after - before)[0]


def _expect(masks: RegionMasks, generator: Generator) -> None:
    if masks.generator != fingerprint(generator):
        raise LatentError("the masks of regions belong to another generator: find them for this one")
