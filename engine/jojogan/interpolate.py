"""The strength of a style, by interpolation of features (JoJoGAN, section 4).

After every resolution ``f_i = (1 - alpha) * f_i(original) + alpha * f_i(tuned)``, passed on through the tuned network.
The sum of the to-RGB layers is interpolated likewise.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from ..errors import StyleError
from ..latents import Latent
from ..stylegan2 import Generator

__all__ = ["interpolate_features"]


def interpolate_features(
    original: Generator, tuned: Generator, face: Latent, strength: float | Sequence[float], noise: Sequence[Tensor | None]
) -> Tensor:
    """Images ``[N, 3, H, W]`` between two generators of the same sizes.

    Args:
        face: in w+.
        strength: 0 for `original`, 1 for `tuned`; one number, or one for each resolution from 4 pixels up.
        noise: see `Generator.noise_maps`.
    """
    amounts = _per_stage(strength, len(original.to_rgbs) + 1)
    features, drawn = original.constant(len(face)), tuned.constant(len(face))
    image = drawn_image = None
    plain_stages, styled_stages = (
        generator.bind(generator.styles(face.codes, face.offset), noise) for generator in (original, tuned)
    )
    stages = zip(plain_stages, styled_stages, amounts, strict=True)
    with torch.autocast(features.device.type, enabled=False):
        for plain, style, amount in stages:
            features, image = plain(features, image)
            drawn, drawn_image = style(drawn, drawn_image)
            drawn, drawn_image = torch.lerp(features, drawn, amount), torch.lerp(image, drawn_image, amount)
    assert drawn_image is not None
    return drawn_image


def _per_stage(strength: float | Sequence[float], stages: int) -> list[float]:
    if isinstance(strength, (int, float)):
        return [float(strength)] * stages
    if len(strength) != stages:
        raise StyleError(f"{len(strength)} strengths were given: expected one, or one for each of the {stages} resolutions")
    return [float(amount) for amount in strength]
