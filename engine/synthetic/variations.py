"""The same person with one group of coordinates changed: another expression, other glasses, other hair.

Two portraits that differ in little teach what that little looks like. In two strangers it drowns in all other differences.
"""

import torch
from torch import Tensor

from .coordinates import COORDINATES, INDEX

__all__ = ["GROUPS", "varied"]

GROUPS = {
    "mouth": (20, ("smile", "mouth_open")),
    "eyes": (10, ("eye_open", "brow_raise", "gaze_x", "gaze_y")),
    "expression": (15, ("smile", "mouth_open", "eye_open", "brow_raise", "gaze_x", "gaze_y")),
    "glasses": (20, ("glasses", "glasses_shape", "glasses_tone", "glasses_rim")),
    "hair shape": (8, ("hair_curl", "hair_sides", "fringe", "parting", "hair_lift", "hair_fade", "hair_part", "bun", "braids")),
    "hair colour": (2, ("hair_dye", "hair_warmth", "hair_messy")),
    "hat": (4, ("hat", "hat_kind", "earrings")),
    "beard": (5, ("beard", "moustache", "goatee", "beard_length", "stubble")),
    "colours": (5, ("makeup", "makeup_hue", "blush", "lip_tone", "eye_hue", "eye_tone", "freckles", "texture")),
    "nose": (2, ("nose_length", "nose_width", "nose_tip", "nose_bridge")),
    "brows": (2, ("eye_size", "eye_tilt", "brow_height", "brow_width", "brow_arch", "brow_tilt")),
    "lips": (2, ("mouth_width", "lip_upper", "lip_lower", "mouth_height", "ear_size")),
    "clothes": (3, ("cloth_hue", "cloth_tone", "cloth_sat", "collar", "stripes", "cloth_style", "pattern")),
    "background": (2, ("back_hue", "back_sat", "back_place")),
}
"""Coordinates that change together, and of a hundred variations how many change them."""

SPREAD = 1.3  # standard deviation of the new coordinates: changes are clearer than between two strangers
REVERSED = ("smile", "mouth_open")  # coordinates that change their sign, so that what they do is seen
WORN = {"glasses": 0.85, "hat": 1.41}  # coordinates that show something from a value on


def varied(z: Tensor, index: int, seed: int = 0) -> Tensor:
    """The code `z`, ``[D]``, with new values in one of `GROUPS`, which index and seed choose.

    A smile turns into the opposite, and who wore glasses or a hat takes them off.
    """
    rng = torch.Generator().manual_seed(seed * 20_000_003 + index)
    chances = torch.tensor([chance for chance, _ in GROUPS.values()], dtype=torch.float32)
    names = list(GROUPS.values())[int(torch.multinomial(chances, 1, generator=rng))][1]
    fresh = SPREAD * torch.randn(len(names), generator=rng)
    out = z.clone()
    for name, value in zip(names, fresh, strict=True):
        out[INDEX[name]] = _changed(name, z[INDEX[name]], value)
    return out * (len(COORDINATES) / out.square().sum()).sqrt()


def _changed(name: str, before: Tensor, value: Tensor) -> Tensor:
    """The coordinate's new value, from a random one."""
    if name in REVERSED:
        return (value.abs() + 0.3) * (-1 if before > 0 else 1)
    if name in WORN:
        return WORN[name] + 0.1 + 0.4 * value.abs() if before < WORN[name] else -value.abs()
    return value
