"""Images before the last resolutions: StyleGAN2 adds up an image from 4 pixels on, so each stage ends with one."""

from collections.abc import Sequence

import torch
from torch import Tensor

from .generator import Generator
from .latent_generator import Noise
from .stage import Stage

__all__ = ["picture_after", "picture_of"]


def picture_of(model: Generator, w_plus: Tensor, side: int, noise: Noise = "none") -> Tensor:
    """The image so far at the stage of `side` pixels, ``[N, 3, side, side]``.

    It looks like the whole image only in a generator that was taught so: in other ones the last stages hold much of the
    contrast.

    Args:
        w_plus: ``[N, L, D]``.
        side: one of the generator's resolutions.
        noise: see `Generator.noise_maps`.

    Raises:
        ValueError: there is no such resolution.
    """
    return picture_after(model, model.bind(model.styles(w_plus), model.noise_maps(noise, len(w_plus))), len(w_plus), side)


def picture_after(model: Generator, stages: Sequence[Stage], count: int, side: int) -> Tensor:
    """As `picture_of`, of stages that are bound to the styles of `count` images.

    Raises:
        ValueError: there is no such resolution.
    """
    x, rgb = model.constant(count), None
    with torch.autocast(x.device.type, enabled=False):
        for stage in stages:
            x, rgb = stage(x, rgb)
            if rgb.shape[-1] == side:
                return rgb
    raise ValueError(f"this generator has no stage of {side} pixels")
