"""Distances between images that weigh what a person sees.

LPIPS (Zhang et al. 2018) where its weights are available; otherwise the features of the discriminator that
belongs to the generator, which need no further file, or those of our own network (`perceptual_net`).
"""

import importlib.util
import pickle
from collections.abc import Sequence
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Protocol, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import CheckpointError
from ..stylegan2 import Discriminator
from .perceptual_net import PerceptualNet
from .vgg import VGG, VGG16, WIDTHS

__all__ = [
    "LPIPS",
    "DiscriminatorDistance",
    "FeatureNetwork",
    "LPIPSDistance",
    "Perceptual",
    "feature_distance",
    "find_lpips",
]

SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)

BACKBONE_FILE = "vgg16-397923af.pth"
LINEAR_FILE = "lpips_vgg_v0.1.pth"


class LPIPS(nn.Module):
    """LPIPS v0.1 with VGG16, in the parameter names of its two published files."""

    def __init__(self) -> None:
        super().__init__()
        self.features = VGG(VGG16)
        self.linear = nn.ParameterList([nn.Parameter(torch.ones(1, wide, 1, 1)) for wide in WIDTHS])

    @classmethod
    def load(cls, backbone: Path, linear: Path) -> "LPIPS":
        """Read torchvision's VGG16 and LPIPS's linear layers.

        Raises:
            CheckpointError: a file is missing or is another one.
        """
        model = cls()
        try:
            vgg = torch.load(backbone, map_location="cpu", weights_only=True)
            lin = torch.load(linear, map_location="cpu", weights_only=True)
            model.features.load_state_dict({key[9:]: value for key, value in vgg.items() if key.startswith("features.")})
            model.linear.load_state_dict({str(index): lin[f"lin{index}.model.1.weight"] for index in range(len(model.linear))})
        except (OSError, pickle.UnpicklingError, AttributeError, LookupError, TypeError, RuntimeError) as error:
            raise CheckpointError(f"{backbone} and {linear} are not VGG16 and LPIPS v0.1: {error}") from error
        return model.requires_grad_(False).eval()

    @property
    def depth(self) -> int:
        """How many blocks there are."""
        return len(self.linear)

    def embed(self, images: Tensor) -> list[Tensor]:
        """Images ``[N, 3, H, W]`` in [-1, 1] to unit features at the end of each block."""
        shift, scale = (torch.tensor(values, device=images.device).view(1, 3, 1, 1) for values in (SHIFT, SCALE))
        found = self.features((images - shift) / scale)
        whole = (x.float() for x in found)  # squares of float16 overflow
        return [x * (x.square().sum(dim=1, keepdim=True).sqrt() + 1e-10).reciprocal() for x in whole]

    def compare(self, first: Sequence[Tensor], second: Sequence[Tensor]) -> Tensor:
        """Distance ``[N]`` between two results of `embed`."""
        layers = zip(first, second, self.linear, strict=True)
        return torch.stack([((a - b).square() * weight).sum(dim=1).mean(dim=(1, 2)) for a, b, weight in layers]).sum(dim=0)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Distance ``[N]`` between images."""
        return self.compare(self.embed(first), self.embed(second))


def find_lpips(folders: Sequence[Path]) -> LPIPS | None:
    """LPIPS, if both its files are in one of `folders`, in torch's own cache, or in the `lpips` package.

    It is read once: later calls give a copy, until the files change.
    """
    package = importlib.util.find_spec("lpips")
    searched = [*folders, Path(torch.hub.get_dir()) / "checkpoints"]
    backbone = next((folder / BACKBONE_FILE for folder in searched if (folder / BACKBONE_FILE).is_file()), None)
    linears = [folder / LINEAR_FILE for folder in searched]
    if package is not None and package.origin:
        linears.append(Path(package.origin).parent / "weights" / "v0.1" / "vgg.pth")
    linear = next((path for path in linears if path.is_file()), None)
    return deepcopy(_read(backbone, linear, _state(backbone), _state(linear))) if backbone and linear else None


@lru_cache(maxsize=1)
def _read(backbone: Path, linear: Path, *_states: tuple[int, int]) -> LPIPS:
    """LPIPS on the CPU; the states tell one content of the files from another."""
    with torch.inference_mode(False):
        return LPIPS.load(backbone, linear)


def _state(path: Path) -> tuple[int, int]:
    facts = path.stat()
    return facts.st_size, facts.st_mtime_ns


Perceptual: TypeAlias = LPIPS | PerceptualNet
"""Networks that embed pictures and compare what they embedded."""


class FeatureNetwork(Protocol):
    """What a discriminator and `PerceptualNet` have in common.

    Attributes:
        depth: how many blocks there are.
    """

    @property
    def depth(self) -> int: ...

    def features(self, images: Tensor, blocks: Sequence[int]) -> list[Tensor]:
        """Features ``[N, C, H, W]`` of images ``[N, 3, H, W]`` in [-1, 1], after some blocks."""


class LPIPSDistance:
    """LPIPS, or our own network's distance, to target images at 256 pixels, which StyleGAN2's projector minimises; averaged
    over the batch.
    """

    def __init__(self, network: Perceptual, target: Tensor) -> None:
        self.network = network
        with torch.no_grad():
            self.wanted = network.embed(self._small(target))

    @staticmethod
    def _small(images: Tensor) -> Tensor:
        return F.interpolate(images, size=(256, 256), mode="area") if images.shape[-1] > 256 else images

    def __call__(self, images: Tensor) -> Tensor:
        return self.network.compare(self.network.embed(self._small(images)), self.wanted).mean()


def feature_distance(found: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
    """Mean absolute difference of features, each layer counting alike: one number."""
    layers = zip(found, wanted, strict=True)
    return torch.stack([(a.float() - b.float()).abs().mean() for a, b in layers]).mean()


class DiscriminatorDistance:
    """Mean absolute difference of discriminator features, and of pixels, to target images.

    Args:
        discriminator: its weights are left alone.
        target: ``[N, 3, H, W]`` of the discriminator's size, in [-1, 1].
        blocks: whose features count; all residual blocks if None.
        pixels: weight of the pixels' difference.
    """

    def __init__(
        self, discriminator: Discriminator, target: Tensor, *, blocks: Sequence[int] | None = None, pixels: float = 1.0
    ) -> None:
        self.discriminator = discriminator
        self.blocks = list(blocks) if blocks is not None else list(range(1, len(discriminator.convs)))
        self.pixels = pixels
        self.target = target
        with torch.no_grad():
            self.wanted = discriminator.features(target, self.blocks)

    def __call__(self, images: Tensor) -> Tensor:
        features = feature_distance(self.discriminator.features(images, self.blocks), self.wanted)
        return features + self.pixels * (images - self.target).abs().mean()
