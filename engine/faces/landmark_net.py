"""A small network that finds 68 landmarks in a crop of a face.

Inverted residuals (Sandler et al. 2018) down to 6 x 6 and back up to 24 x 24 with lateral connections (Lin et al. 2017); one
heat map for each point, read by soft-argmax (Sun et al. 2018).

Heat maps generalize from drawn portraits to photos better than regression of coordinates, because they localize a point by its
appearance instead of a memorized shape. They are equivariant to translation and have sub-pixel precision. The lowest
resolution sees the whole face, so it tells left from right and fills in points that hair hides. The spread of a heat map
measures the uncertainty of its point. Group norm replaces batch norm, since the statistics of the training portraits may not
match those of photos.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .blocks import StoredModule, norm

__all__ = ["INPUT", "LandmarkConfig", "LandmarkNet"]

INPUT = 96  # side of the crop in pixels


@dataclass(frozen=True, kw_only=True)
class LandmarkConfig:
    """Sizes of the network; the default has 0.41 million parameters.

    Attributes:
        points: landmarks.
        widths: channels at 1/2, 1/4, 1/8 and 1/16 of the input's side.
        depths: residual blocks at 1/4, 1/8 and 1/16.
        expansion: of the channels inside a residual block.
        top: channels on the way up.
    """

    points: int = 68
    widths: tuple[int, int, int, int] = (16, 32, 64, 112)
    depths: tuple[int, int, int] = (2, 3, 4)
    expansion: int = 3
    top: int = 64


class LandmarkNet(StoredModule):
    """Crops to landmarks.

    Attributes:
        config: its sizes.
    """

    kind = "landmark network"
    file = "landmarks.safetensors"

    def __init__(self, config: LandmarkConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or LandmarkConfig()
        stem, *widths = config.widths
        self.stem = nn.Sequential(nn.Conv2d(3, stem, 3, 2, 1, bias=False), norm(stem), nn.Hardswish())
        self.stages = nn.ModuleList()
        channels = stem
        for width, depth in zip(widths, config.depths, strict=True):
            blocks = [InvertedResidual(channels, width, config.expansion, stride=2)]
            blocks += [InvertedResidual(width, width, config.expansion) for _ in range(depth - 1)]
            self.stages.append(nn.Sequential(*blocks))
            channels = width
        self.laterals = nn.ModuleList([nn.Conv2d(width, config.top, 1) for width in widths])
        self.smooth = nn.ModuleList([InvertedResidual(config.top, config.top, 2) for _ in widths[1:]])
        self.heat = nn.Conv2d(config.top, config.points, 1)

    def heatmaps(self, crop: Tensor) -> Tensor:
        """Logits ``[N, points, 24, 24]`` for crops ``[N, 3, 96, 96]`` in [-1, 1]."""
        x = self.stem(crop)
        features = [x := stage(x) for stage in self.stages]
        laterals = [lateral(feature) for lateral, feature in zip(self.laterals, features, strict=True)]
        x = laterals.pop()
        for smooth in self.smooth:
            x = smooth(F.interpolate(x, scale_factor=2.0, mode="nearest") + laterals.pop())
        logits: Tensor = self.heat(x)
        return logits

    def forward(self, crop: Tensor) -> tuple[Tensor, Tensor]:
        """Find landmarks and their uncertainty.

        Args:
            crop: ``[N, 3, 96, 96]`` in [-1, 1].

        Returns:
            Points ``[N, points, 2]`` (x, y), where 0 and 1 are the outer edges of the crop, and the standard deviation ``[N,
            points]`` of each heat map in the same unit. Train both with the negative log-likelihood of an isotropic Gaussian,
            ``|error|^2 / s^2 + 2 log s``, or the points alone.

        In float32 under any autocast: bfloat16 holds 8 bits of a place.
        """
        with torch.autocast(crop.device.type, enabled=False):
            logits = self.heatmaps(crop.float())
            weights = logits.flatten(2).softmax(dim=-1)  # [N, P, h * w]
            centres = _centres(logits)  # [h * w, 2]
            points = weights @ centres
            variance = weights @ centres.square() - points.square()
        return points, variance.sum(dim=-1).clamp_min(0).sqrt()


class InvertedResidual(nn.Module):
    """Expand channels, depthwise convolution, project back."""

    def __init__(self, channels: int, width: int, expansion: int, *, stride: int = 1) -> None:
        super().__init__()
        inner = channels * expansion
        self.body = nn.Sequential(
            *(nn.Conv2d(channels, inner, 1, bias=False), norm(inner), nn.Hardswish()),
            *(nn.Conv2d(inner, inner, 3, stride, 1, groups=inner, bias=False), norm(inner), nn.Hardswish()),
            *(nn.Conv2d(inner, width, 1, bias=False), norm(width)),
        )
        self.residual = stride == 1 and channels == width

    def forward(self, x: Tensor) -> Tensor:  # [N, channels, H, W] -> [N, width, H / stride, W / stride]
        y: Tensor = self.body(x)
        return x + y if self.residual else y


def _centres(maps: Tensor) -> Tensor:
    """Centres ``[h * w, 2]`` of the cells of maps ``[..., h, w]``, between 0 and 1."""
    height, width = maps.shape[-2:]
    y = (torch.arange(height, device=maps.device, dtype=maps.dtype) + 0.5) / height
    x = (torch.arange(width, device=maps.device, dtype=maps.dtype) + 0.5) / width
    return torch.stack([x.repeat(height), y.repeat_interleave(width)], dim=-1)
