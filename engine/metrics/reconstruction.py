"""How well an image is reproduced: structural similarity at several scales."""

import torch
from torch import Tensor

from ..errors import ImageError
from .distribution import torchmetrics_of

__all__ = ["SMALLEST", "ms_ssim"]

SMALLEST = 176  # pixels of the shorter side: at the last of the five scales 11 must remain


def ms_ssim(images: Tensor, targets: Tensor) -> Tensor:
    """Multi-scale structural similarity ``[N]`` of images ``[N, 3, H, W]`` in [-1, 1] (Wang et al. 2003); 1 if they are equal.

    Five scales, a Gaussian window of 11 pixels and 1.5 pixels' deviation. Values outside of [-1, 1] are clamped, as a
    file would hold them.

    Raises:
        ImageError: the shapes differ, or a side is shorter than 176 pixels.
        PasticheError: torchmetrics is not installed.
    """
    if images.shape != targets.shape or min(images.shape[-2:]) < SMALLEST:
        raise ImageError(
            f"MS-SSIM compares images of the same size, at least {SMALLEST} pixels on each side, not {list(images.shape)} with "
            f"{list(targets.shape)}"
        )
    first, second = ((x.double().clamp(-1, 1) + 1) / 2 for x in (images, targets))  # variances cancel
    metric = torchmetrics_of("ssim").MultiScaleStructuralSimilarityIndexMeasure(data_range=1.0, reduction="none")
    metric.update(first, second)
    return torch.as_tensor(metric.compute()).float().reshape(len(images))  # of one image it has no axis
