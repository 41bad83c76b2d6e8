"""Face parsing: the class of each pixel of an aligned face (skin, hair, brows, eyes and so on).

A U-shaped network (Ronneberger et al. 2015) with residual blocks, trained on synthetic renderings only, whose labels are exact
(Wood et al. 2021). It runs at 128 x 128 pixels. For larger images its map is upsampled, and a guided filter (He et al. 2010)
aligns the edges with those of the image.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..classes import CLASSES, index_of
from ..errors import PasticheError
from ..images import resize
from .blocks import Down, Residual, StoredModule, norm

__all__ = ["PARSED", "FaceParser", "ParsingConfig", "ParsingNet", "bundled_parser", "mask_of", "require_parser"]

PARSED = 128  # side of the network's input
SUBSAMPLE = 2  # the filter's coefficients are found at half the side (He and Sun 2015): a third of the time, the same edges
FINEST_REFINED = 512  # side up to which maps are refined by the guided filter; beyond it they are only upsampled


@dataclass(frozen=True, kw_only=True)
class ParsingConfig:
    """Sizes of the network; the default has 0.8 million parameters.

    Attributes:
        widths: channels at 1/2, 1/4, 1/8, 1/16 and 1/32 of the side.
        depths: residual blocks at 1/4, 1/8, 1/16 and 1/32.
        top: channels on the way up.
        fine: channels at 1/2 of the side and at its full size.
    """

    widths: tuple[int, int, int, int, int] = (16, 32, 64, 96, 112)
    depths: tuple[int, int, int, int] = (1, 1, 1, 1)
    top: int = 48
    fine: int = 16


class ParsingNet(StoredModule):
    """Images to logits of `classes.CLASSES`.

    Attributes:
        config: its sizes.
    """

    kind = "parsing network"
    file = "parsing.safetensors"

    def __init__(self, config: ParsingConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or ParsingConfig()
        stem, *widths = config.widths
        self.stem = Down(3, stem)
        self.stages, narrow = nn.ModuleList(), stem
        for width, depth in zip(widths, config.depths, strict=True):
            self.stages.append(nn.Sequential(Down(narrow, width), *(Residual(width) for _ in range(depth))))
            narrow = width
        self.laterals = nn.ModuleList([nn.Conv2d(width, config.top, 1) for width in widths])
        self.smooth = nn.ModuleList([Residual(config.top) for _ in widths[1:]])
        self.narrow = nn.Conv2d(config.top, config.fine, 1)
        self.edge = nn.Conv2d(stem, config.fine, 1)
        self.finer = Residual(config.fine)
        self.finest = nn.Sequential(nn.Conv2d(config.fine + 3, config.fine, 3, 1, 1), norm(config.fine), nn.ReLU())
        self.classify = nn.Conv2d(config.fine, len(CLASSES), 1)

    def forward(self, images: Tensor) -> Tensor:
        """Logits ``[N, K, H, W]`` of images ``[N, 3, H, W]`` in [-1, 1], whose sides are multiples of 32."""
        edge = x = self.stem(images)
        features = [x := stage(x) for stage in self.stages]
        laterals = [lateral(feature) for lateral, feature in zip(self.laterals, features, strict=True)]
        x = laterals.pop()
        for smooth in self.smooth:
            x = smooth(_upsampled(x) + laterals.pop())
        x = self.finer(_upsampled(self.narrow(x)) + self.edge(edge))
        logits: Tensor = self.classify(self.finest(torch.cat([_upsampled(x), images], dim=1)))
        return logits


def _upsampled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


class FaceParser:
    """Segments aligned faces.

    Args:
        network: a trained network, used on its own device.
        sharpen: refine the edges with a guided filter where the image is larger than the network's input.
    """

    def __init__(self, network: ParsingNet, *, sharpen: bool = True) -> None:
        self.network = network
        self.sharpen = sharpen

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        """Class probabilities.

        Args:
            images: ``[N, 3, H, W]`` in [-1, 1] with FFHQ's alignment, of any size.

        Returns:
            float32 ``[N, K, H, W]`` on the device of `images`; they sum to 1 over the K classes of `classes.CLASSES`.

        Raises:
            ImageError: `images` is not a batch of images.
        """
        height, width = images.shape[-2:]
        device = next(self.network.parameters()).device
        small = resize(images.float(), PARSED).to(device)
        logits = self.network(small) + self.network(small.flip(-1)).flip(-1)
        found = (0.5 * logits).softmax(dim=1).to(images.device)
        side = min(max(height, width), FINEST_REFINED)
        if self.sharpen and side > PARSED:
            found = _refined(found, resize(images.float(), side))
        return F.interpolate(found, size=(height, width), mode="bilinear", align_corners=False)


def _refined(found: Tensor, guide: Tensor) -> Tensor:
    """Upsample probabilities ``[N, K, h, w]`` to the size of `guide` ``[N, 3, H, W]``, aligned with its edges."""
    from kornia.filters import guided_blur  # noqa: PLC0415 (slow to import, and only larger pictures need it)

    side = guide.shape[-1]
    large = F.interpolate(found, size=guide.shape[-2:], mode="bilinear", align_corners=False)
    window = 4 * round(side / PARSED) + 1  # a radius of two pixels of the network's input
    sharp = guided_blur((guide + 1) / 2, large, window, 1e-3, subsample=SUBSAMPLE).clamp_min(0)
    return sharp / sharp.sum(dim=1, keepdim=True).clamp_min(1e-6)


def mask_of(probabilities: Tensor, names: Sequence[str]) -> Tensor:
    """Total probability of some classes: ``[N, K, H, W]`` to ``[N, 1, H, W]`` in [0, 1].

    Raises:
        ValueError: a class name is unknown.
    """
    return probabilities[:, index_of(*names)].sum(dim=1, keepdim=True).clamp(0, 1)


def require_parser() -> FaceParser:
    """The network that is bundled, on the CPU.

    Raises:
        PasticheError: this bundle has none.
    """
    parser = bundled_parser()
    if parser is None:
        raise PasticheError(
            f"regions of a face need the bundled {ParsingNet.file}, which this installation lacks: reinstall Pastiche"
        )
    return parser


@lru_cache(maxsize=1)
def bundled_parser() -> FaceParser | None:
    """The bundled parser on the CPU, loaded once; None if this installation has none."""
    network = ParsingNet.bundled(otherwise="heads are cut as ovals, and faces by their landmarks")
    return None if network is None else FaceParser(network)
