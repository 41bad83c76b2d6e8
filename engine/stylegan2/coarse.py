"""Images before the last resolutions: StyleGAN2 adds up an image from 4 pixels on, so each stage ends with one."""

import torch
from torch import Tensor

from .generator import Generator
from .latent_generator import Noise

__all__ = ["picture_of"]


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
    stages = model.bind(model.styles(w_plus), model.noise_maps(noise, len(w_plus)))
    x, rgb = model.constant(len(w_plus)), None
    with torch.autocast(w_plus.device.type, enabled=False):
        for stage in stages:
            x, rgb = stage(x, rgb)
            if rgb.shape[-1] == side:
                return rgb
    raise ValueError(f"this generator has no stage of {side} pixels")
