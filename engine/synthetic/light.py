"""Lighting: a key light of any size, ambient fill, a rim light from behind, and the tone curve.

Skin scatters light: red reaches farther beyond the edge of the light, and shadows and folds are warm. One wrap factor for each
colour channel models this, far cheaper than simulating subsurface scattering.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .parameters import Parameters

__all__ = ["dimmed", "filmic", "gloss", "illuminate"]

BLEED = (0.13, 0.05, 0.03)  # wrap of each channel around flesh
LUMA = (0.2126, 0.7152, 0.0722)
DULL = 0.09
SHADED = (0.80, 1.06, 1.16)  # exponents by which flesh darkens in folds and shadows


def filmic(linear: Tensor) -> Tensor:
    """A photographic tone curve: toe, linear middle, long shoulder (fit by K. Narkowicz, 2016)."""
    linear = linear.clamp_min(0)
    # Film is less saturated than light.
    x = 0.72 * (linear + DULL * (linear @ torch.tensor(LUMA, device=linear.device)[:, None] - linear))
    return (x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14)).clamp(0, 1)


def _opened(q: Parameters) -> Tensor:
    """Exposure ``[N, 1]``, higher for dark skin."""
    skin: Tensor = q.skin.mean(dim=1, keepdim=True).clamp_min(0.03)
    return skin**-0.26


def dimmed(q: Parameters) -> Tensor:
    """Factor ``[N, 1]``, at most 1, that keeps eyes and teeth from being overexposed beside dark skin."""
    return (1.2 / _opened(q)).clamp_max(1)


def illuminate(
    q: Parameters, normal: Tensor, rays: Tensor, sunlit: Tensor, open_: Tensor, flesh: Tensor
) -> tuple[Tensor, Tensor]:
    """Light to multiply colours with, ``[N, P, 3]``, and its luminance for painted styles, ``[N, P]``.

    Args:
        normal, rays: unit vectors ``[N, P, 3]``.
        sunlit: visible share of the key light, ``[N, P]``.
        open_: visible share of the surroundings, ``[N, P]``.
        flesh: mask of skin, ``[N, P]``.
    """
    device = normal.device
    bleed = flesh[..., None] * torch.tensor(BLEED, device=device)
    power = 1 + flesh[..., None] * (torch.tensor(SHADED, device=device) - 1)
    wrap = (0.04 + 0.3 * q.light_size)[..., None] + bleed
    toward = (normal * q.light[:, None]).sum(dim=2, keepdim=True)
    key = ((toward + wrap) / (1 + wrap)).clamp_min(0) * sunlit.clamp_min(1e-3)[..., None] ** power
    around = open_[..., None] ** power
    sky = (0.66 + 0.34 * normal[..., 1:2]) * around
    contrast = q.light_contrast[..., None]
    light = (0.5 + 0.85 * contrast) * key * q.light_color[:, None] + (0.8 - 0.74 * contrast) * sky * q.fill_color[:, None]
    light = light + _second(q, normal, rays)[..., None] * around * (2 - q.light_color)[:, None]
    # Painted styles use a softer light than the camera.
    form = ((toward[..., 0] + 0.35) / 1.35).clamp_min(0) * sunlit
    tone_only = 0.75 * form * open_.sqrt() + 0.25 * sky[..., 1]
    return 0.8 * (q.exposure * _opened(q))[..., None] * light, tone_only.clamp(0, 1)


def _second(q: Parameters, normal: Tensor, rays: Tensor) -> Tensor:
    """Light from behind, opposite the key light; strongest where the surface turns away from the viewer."""
    from_ = torch.cat([-1.2 * q.light[:, :1] - 0.25 * q.light[:, :1].sign(), 0.35 + 0 * q.rim, -0.75 + 0 * q.rim], dim=1)
    from_ = from_ / from_.norm(dim=1, keepdim=True)
    facing = ((normal * from_[:, None]).sum(dim=2) + 0.15).clamp_min(0)
    grazing = (1 + (normal * rays).sum(dim=2)).clamp(0, 1)
    strength: Tensor = 1.1 * q.rim * facing * grazing
    return strength


def gloss(normal: Tensor, rays: Tensor, light: Tensor, sharp: Tensor, strength: Tensor) -> Tensor:
    """Specular highlight of the key light, ``[N, P]``; stronger at grazing angles."""
    half = F.normalize(light[:, None] - rays, dim=2)
    grazing = (1 + (normal * rays).sum(dim=2)).clamp(0, 1) ** 3
    shine = (normal * half).sum(dim=2).clamp(1e-4, 1) ** sharp
    found: Tensor = strength * (1 + 2.5 * grazing) * shine * (0.12 * sharp).sqrt()
    return found
