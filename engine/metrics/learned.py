"""Numbers of a style that was learned from one image."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..faces.align import aligned_box
from ..faces.landmarks import Landmarker
from .people import diversity, found_again
from .texture import grain_correlation, texture_ratio

__all__ = ["LearnedStyle", "landmarks_of", "score_style"]


@dataclass(frozen=True, kw_only=True)
class LearnedStyle:
    """How people look in one style; means over them.

    Attributes:
        texture: energy of fine texture, as a part of the reference's (`texture_ratio`).
        grain: correlation of that texture at two pixels (`grain_correlation`); near 0 or below is grain.
        reference_grain: the same of the reference.
        diversity: how different the drawn people are from each other (`diversity`).
        found_again: part of them who are found again by their landmarks among all (`found_again`).
    """

    texture: float
    grain: float
    reference_grain: float
    diversity: float
    found_again: float


def score_style(drawn: Tensor, plain: Tensor, reference: Tensor, landmarker: Landmarker) -> LearnedStyle:
    """Measure the people of one style.

    Args:
        drawn: in the style, ``[N, 3, H, W]`` in [-1, 1], aligned.
        plain: the same people without it.
        reference: what the style was learned from, ``[1, 3, H, W]``, of the same size.

    Raises:
        ImageError: there are fewer than two people, or not as many drawn as plain.
    """
    return LearnedStyle(
        texture=texture_ratio(drawn, reference).mean().item(),
        grain=grain_correlation(drawn).mean().item(),
        reference_grain=grain_correlation(reference).item(),
        diversity=diversity(drawn),
        found_again=found_again(landmarks_of(drawn, landmarker), landmarks_of(plain, landmarker)),
    )


def landmarks_of(images: Tensor, landmarker: Landmarker) -> Tensor:
    """Landmarks ``[N, 68, 2]`` of aligned images ``[N, 3, H, W]``, in their pixels."""
    box = aligned_box(images.shape[-1])
    return torch.stack([landmarker(image[None], box).float() for image in images])
