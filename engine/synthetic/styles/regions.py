"""Flat colouring: one colour for skin, one for hair, one for cloth, as a printer or a paper cutter would."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..painter import to_srgb
from ..parameters import Parameters
from .blur import smoothstep
from .color import mix
from .sitter import Sitter

__all__ = ["Inks", "fill", "marks", "mouth_inside", "natural"]


@dataclass(frozen=True, kw_only=True)
class Inks:
    """sRGB colours ``[3]``."""

    skin: Tensor
    hair: Tensor
    brow: Tensor
    lips: Tensor
    cloth: Tensor
    frame: Tensor
    back: Tensor


def natural(q: Parameters) -> Inks:
    """The colours that a portrait has by nature."""
    colors = {name: to_srgb(getattr(q, name))[0] for name in ("skin", "hair", "brow", "lips", "cloth", "frame", "back")}
    return Inks(**colors)


def _apart(it: Sitter, color: Tensor) -> Tensor:
    """How far the unlit picture is from one colour ``[3]``, ``[1, 1, S, S]``."""
    away = it.flat - to_srgb(color).view(1, 3, 1, 1)
    return away.square().sum(dim=1, keepdim=True).sqrt()


def mouth_inside(it: Sitter) -> Tensor:
    """Teeth and darkness of an open mouth."""
    return it.layers.lips * smoothstep(_apart(it, it.q.lips[0]), 0.14, 0.3)


def marks(it: Sitter) -> Tensor:
    """What is painted on skin in a colour quite unlike it: moustache, nostrils."""
    bare = it.layers.skin * (1 - it.layers.eyes) * (1 - it.layers.lips) * (1 - it.layers.brows) * (1 - it.layers.lines)
    return smoothstep(bare, 0.7, 1.0) * smoothstep(_apart(it, it.q.skin[0]), 0.22, 0.4)


def fill(it: Sitter, inks: Inks) -> Tensor:
    """Picture ``[1, 3, S, S]`` in flat colours; eyes and the mouth's inside keep their own."""
    layers, flat = it.layers, it.flat
    picture = inks.back.to(flat).view(1, 3, 1, 1).expand_as(flat)
    picture = mix(picture, inks.skin, it.figure)
    picture = mix(picture, flat, marks(it))
    picture = mix(
        picture, inks.lips, torch.maximum(layers.lips, smoothstep(layers.lines, 0.2, 0.6) * smoothstep(layers.lips, 0, 0.4))
    )
    picture = mix(picture, flat, mouth_inside(it))
    picture = mix(picture, inks.cloth, layers.cloth)
    picture = mix(picture, inks.hair, it.locks)
    picture = mix(picture, inks.brow, it.layers.brows)
    picture = mix(picture, flat, layers.eyes)
    return mix(picture, inks.frame, layers.glasses)
