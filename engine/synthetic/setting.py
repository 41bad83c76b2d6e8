"""Parameters of light and background."""

import torch
from torch import Tensor

from .coordinates import Draw
from .palette import hsv

__all__ = ["setting"]


def setting(d: Draw) -> dict[str, Tensor]:
    across, up = d.normal("light_x", 0.1, 0.8), d.normal("light_y", 0.5, 0.4)
    light = torch.cat([across, up, torch.full_like(up, 0.85)], dim=1)
    warm, fill = d.normal("light_warmth", 0.02, 0.075), d.normal("fill_warmth", -0.03, 0.08)
    hue, tone = d.quantile("back_hue"), d.quantile("back_tone")
    saturation = 0.04 + 0.42 * d.quantile("back_sat") ** 3
    return {
        "light": light / light.norm(dim=1, keepdim=True),
        "light_color": torch.cat([1 + warm, torch.ones_like(warm), 1 - 1.2 * warm], dim=1),
        "fill_color": torch.cat([1 + fill, torch.ones_like(fill), 1 - 1.2 * fill], dim=1),
        "light_contrast": d.normal("light_contrast", 0.6, 0.16, 1.8),
        "light_size": d.quantile("light_size"),
        "exposure": torch.exp(d.normal("exposure", 0.0, 0.14)),
        "rim": d.quantile("rim") ** 1.5,
        "back": hsv(hue, saturation, 0.16 + 0.7 * tone),
        "back2": hsv(hue + 0.08, saturation, 0.1 + 0.45 * tone),
        "back_shape": d.quantile("back_shape"),
        "back_place": d.normal("back_place", 0.0, 1.0),
    }
