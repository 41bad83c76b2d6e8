"""Faces whose stylized portrait is known, and the loss of drawing them: ours, for styles that can be had as exact pairs.

    L_paired = w_p L_tex(G_t^k(f(z)), y) + w_f ||F(G_t^k(f(z))) - F(y)||^2

where y is the portrait of the face of z in the style, k its attribute, L_tex as in `losses.texture.textured_loss`, and F the
features of the network that compares structure. Song et al. 2021 have no pairs and need none; where a style is painted by
rules, or by the same hand from the same faces, they teach in minutes what the adversary needs hours for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...encoders.training.features import Perception
from ...errors import TrainingError
from ...losses.texture import textured_loss
from ...stylegan2 import Generator, Noise
from ...stylegan2.coarse import picture_of
from ...training.data import PictureDataset
from ...training.task import Losses

__all__ = ["Pairs", "paired_losses"]


@dataclass(frozen=True)
class Pairs:
    """The stylized portraits of some codes, all of one attribute.

    Attributes:
        codes: z ``[M, Z]``, or z+ ``[M, L, Z]``.
        pictures: the portrait of each code, in the same order; of one of the generator's resolutions, at which the stage of
            that size is compared: finer layers learn nothing from coarser pictures.

    Raises:
        TrainingError: there are more codes than pictures, or fewer, or none.
    """

    codes: Tensor
    pictures: PictureDataset

    def __post_init__(self) -> None:
        if len(self.codes) != len(self.pictures) or not len(self.codes):
            counts = f"{len(self.codes)} codes and {len(self.pictures)} portraits"
            raise TrainingError(f"{counts} are no pairs: give as many of each, and one at least")

    def __len__(self) -> int:
        return len(self.codes)

    def z_plus(self, numbers: Tensor, rows: int) -> Tensor:
        """The codes of these numbers as z+ ``[N, rows, Z]``."""
        chosen = self.codes[numbers]
        return chosen if chosen.ndim == 3 else chosen[:, None].expand(-1, rows, -1)

    def check(self, generator: Generator) -> None:
        """Refuse pairs that do not fit a generator.

        Raises:
            TrainingError: the codes are of another size, or the pictures of no resolution of it.
        """
        shape, rows, width = list(self.codes.shape[1:]), generator.num_layers, generator.config.z_dim
        if shape not in ([width], [rows, width]):
            raise TrainingError(
                f"the codes of the pairs are {shape} numbers, and the generator takes [{width}], or [{rows}, {width}] in z+"
            )
        if self.pictures.resolution not in generator.noise_resolutions:
            sides = ", ".join(str(side) for side in sorted(set(generator.noise_resolutions)))
            raise TrainingError(
                f"the portraits of the pairs are {self.pictures.resolution} pixels wide, and the generator has the resolutions "
                f"{sides}: resize them to one of these"
            )


def paired_losses(
    paths: Sequence[Generator],
    codes: Sequence[Tensor],
    portraits: Sequence[Tensor],
    noise: Noise,
    perception: Perception,
    *,
    pixels: float,
    fine: float,
    texture: float,
    features: float,
) -> Losses:
    """What the paths are off by: each draws its own codes, and is compared with the portraits of them.

    Args:
        paths: plain generators.
        codes: w+ ``[N, L, D]`` for each path.
        portraits: ``[N, 3, S, S]`` in [-1, 1] for each path.
        noise: as `Generator.noise_maps` takes it.
        perception: of the features.
        pixels: weight of pixels, edges and texture.
        fine, texture: of these, as in `textured_loss`.
        features: weight of the perceptual distance; 0 leaves it out.
    """
    side = portraits[0].shape[-1]
    drawn = torch.cat([picture_of(path, w_plus, side, noise) for path, w_plus in zip(paths, codes, strict=True)])
    wanted = torch.cat(list(portraits))
    losses = {"paired": pixels * textured_loss(drawn, wanted, fine=fine, texture=texture)}
    if features:
        losses["paired_features"] = features * perception.compare(drawn, wanted)
    return losses
