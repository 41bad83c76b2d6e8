"""Labels: attributes that a viewer would ascribe to a portrait."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..classes import ATTRIBUTES, IDENTITY
from .parameters import Parameters

__all__ = ["HAIR", "HATS", "Attributes", "attributes", "scores"]

HAIR = ("bald", "short", "bob", "long", "curly", "braids", "bun")
HATS = ("beanie", "cap", "brimmed", "scarf")


@dataclass(frozen=True, kw_only=True)
class Attributes:
    """Labels of N portraits, each ``[N]``, for training attribute-aware methods."""

    masculine: Tensor  # bool
    age: Tensor  # years
    glasses: Tensor  # bool
    beard: Tensor  # bool
    smiling: Tensor  # bool
    teeth: Tensor  # bool: an open mouth that shows its upper teeth
    hair: list[str]  # one of `HAIR`
    hat: list[str]  # one of `HATS`, or "none"
    sunglasses: Tensor  # bool; True implies glasses
    earrings: Tensor  # bool


def attributes(p: Parameters) -> Attributes:
    """Labels of each portrait, from its parameters."""
    hair = [_hair_kind(*row) for row in torch.cat([p.bald, p.bun, p.braids, p.hair_curl, p.hair_length], dim=1).tolist()]
    kinds = torch.cat([p.hat_knit, p.hat_peak, p.hat_brim, p.hat_scarf], dim=1).argmax(dim=1).tolist()
    worn = (p.hat[:, 0] > 0.5).tolist()
    return Attributes(
        masculine=p.masculine[:, 0] > 0,
        age=p.age[:, 0],
        glasses=p.glasses[:, 0] > 0.5,
        beard=p.beard[:, 0] > 0.5,
        smiling=p.smile[:, 0] > 0.35,
        teeth=(p.mouth_open[:, 0] > 0.25) & (p.smile[:, 0] > 0.1),
        hair=hair,
        hat=[HATS[kind] if has else "none" for kind, has in zip(kinds, worn, strict=True)],
        sunglasses=(p.glasses[:, 0] > 0.5) & (p.glasses_dark[:, 0] > 0.5),
        earrings=p.earrings[:, 0] > 0.5,
    )


def scores(p: Parameters) -> Tensor:
    """`classes.ATTRIBUTES` and `classes.IDENTITY` of each portrait as numbers, ``[N, K]``, each in its own unit."""
    known = {**vars(p), "light": p.light[:, :1], "eye_spacing": p.eye_x, "hair_tone": p.hair.mean(dim=1, keepdim=True)}
    known["skin"] = p.skin.mean(dim=1, keepdim=True)
    return torch.cat([known[name] for name in (*ATTRIBUTES, *IDENTITY)], dim=1)


def _hair_kind(bald: float, bun: float, braids: float, curl: float, length: float) -> str:
    if bald > 0.5:
        return "bald"
    if bun > 0.5:
        return "bun"
    if braids > 0.5:
        return "braids"
    if curl > 0.6:
        return "curly"
    return "short" if length < 0.35 else "bob" if length < 1.15 else "long"
