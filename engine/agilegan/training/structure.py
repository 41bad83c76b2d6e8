"""The structural loss: late features of the source's face and the stylized one agree, early ones may differ.

"Sim loss" of Song et al. 2021: LPIPS with VGG16 whose first nine layers are dropped, so that colour and texture may change,
and pose, expression and layout stay. Of LPIPS's five outputs these are the last three, at a quarter of the image's side and
below. Where LPIPS's weights are not at hand, another network stands in, at the same sizes, and its name is logged.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...losses.perceptual import LPIPS
from ...losses.perceptual_net import PerceptualNet
from ...stylegan2 import Discriminator

__all__ = ["Structure"]

LATE = (2, 3, 4)  # blocks whose features count: 1/4, 1/8 and 1/16 of the image's side
SIDE = 256  # images are compared at most this large (MMGEN-FaceStylor)


def _lpips_features(network: LPIPS, images: Tensor, blocks: Sequence[int]) -> list[Tensor]:
    embedded = network.embed(_at_most(SIDE, images))
    return [embedded[block].float() * network.linear[block].clamp_min(0).sqrt() for block in blocks]


def _perceptual_features(network: PerceptualNet, images: Tensor, blocks: Sequence[int]) -> list[Tensor]:
    return [found.float() for found in network.features(_at_most(SIDE, images), blocks)]


def _discriminator_features(network: Discriminator, images: Tensor, blocks: Sequence[int]) -> list[Tensor]:
    return [F.normalize(found.float(), dim=1) for found in network.features(images, blocks)]


def _at_most(side: int, images: Tensor) -> Tensor:
    return F.interpolate(images, size=(side, side), mode="area") if images.shape[-1] > side else images


KINDS: dict[type[nn.Module], tuple[str, Callable[..., list[Tensor]]]] = {
    LPIPS: ("LPIPS (VGG16, without its first nine layers)", _lpips_features),
    PerceptualNet: ("Pastiche's perceptual network", _perceptual_features),
    Discriminator: ("the source's discriminator", _discriminator_features),
}
"""The networks that may compare images: their names in logs, and what reads features of some blocks from them."""


class Structure(nn.Module):
    """A distance of what images show, rather than of how it looks.

    Args:
        network: LPIPS, as in the paper; or `PerceptualNet`; or the source's discriminator, which is there for every
            generator. It is copied and frozen.
        blocks: whose features count, those of an eighth of the side being 3; only those that the network has.

    Attributes:
        name: of the network, for logs: numbers of different networks can't be compared.
    """

    def __init__(self, network: LPIPS | PerceptualNet | Discriminator, blocks: Sequence[int] = LATE) -> None:
        super().__init__()
        self.network = deepcopy(network).requires_grad_(False).eval()
        self.blocks = [block for block in blocks if block < network.depth]
        self.name, self._read = next(known for kind, known in KINDS.items() if isinstance(network, kind))

    def features(self, images: Tensor) -> list[Tensor]:
        """Images ``[N, 3, H, W]`` in [-1, 1] to what is compared: ``[N, C, h, w]`` float32 of each block."""
        return self._read(self.network, images, self.blocks)

    @staticmethod
    def distance(found: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
        """Distances ``[N]`` between two results of `features`: squared differences, summed over channels and blocks, as means
        over places, as LPIPS has them.
        """
        parts = [(a - b).square().sum(dim=1).mean(dim=(1, 2)) for a, b in zip(found, wanted, strict=True)]
        return torch.stack(parts).sum(dim=0)

    def forward(self, images: Tensor, source: Tensor) -> Tensor:
        """Distances ``[N]`` of stylized images ``[N, 3, H, W]`` to the source's, which gets no gradient."""
        with torch.no_grad():
            wanted = self.features(source)
        return self.distance(self.features(images), wanted)
