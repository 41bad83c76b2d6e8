"""Flat colouring: one colour each for skin, hair and cloth, as in print or cut paper."""

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
    """The natural colours of a portrait."""
    colors = {name: to_srgb(getattr(q, name))[0] for name in ("skin", "hair", "brow", "lips", "cloth", "frame", "back")}
    return Inks(**colors)


def _apart(it: Sitter, color: Tensor) -> Tensor:
    """Distance of the unlit image from one colour ``[3]``, ``[1, 1, S, S]``."""
    away = it.flat - to_srgb(color).view(1, 3, 1, 1)
    return away.square().sum(dim=1, keepdim=True).sqrt()


def mouth_inside(it: Sitter) -> Tensor:
    """Mask of the interior of an open mouth, with teeth."""
    return it.layers.lips * smoothstep(_apart(it, it.q.lips[0]), 0.14, 0.3)


def marks(it: Sitter) -> Tensor:
    """Mask of marks on the skin in a very different colour: moustache, nostrils."""
    bare = it.layers.skin * (1 - it.layers.eyes) * (1 - it.layers.lips) * (1 - it.layers.brows) * (1 - it.layers.lines)
    return smoothstep(bare, 0.7, 1.0) * smoothstep(_apart(it, it.q.skin[0]), 0.22, 0.4)


def fill(it: Sitter, inks: Inks) -> Tensor:
    """An image ``[1, 3, S, S]`` in flat colours; eyes and the interior of the mouth keep theirs."""
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
