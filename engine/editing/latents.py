"""Interpolation of latent codes.

In w and w+ it is linear. In z and z+, where codes are Gaussian and only their direction matters, it follows the
sphere: linear interpolation would pass near the origin, where the generator saw no codes in training.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from ..errors import LatentError
from ..latents import IN_W_PLUS, Latent
from .timeline import neighbours

__all__ = ["along", "slerp"]

OPPOSITE = -0.9999  # cosine below which codes count as opposite: no shortest path exists


def along(keys: Sequence[Latent], positions: Sequence[float]) -> Latent:
    """Codes at `positions` along the keyframes.

    Args:
        keys: one or more latents in one space, with N codes each, or with one code for all N.
        positions: see `timeline.positions`.

    Returns:
        The codes of the N faces at the first position, then at the second and so on: ``N * len(positions)`` codes,
        which ``codes.view(len(positions), N, ...)`` separates. Edits in S space are interpolated too; noise maps are left
        out, since a film flickers when they change.

    Raises:
        LatentError: the latents differ in space, shape or number, or z codes point in opposite directions.
    """
    codes, offsets = _matching(keys), _offsets(keys)
    between = slerp if keys[0].space.startswith("z") else torch.lerp
    frames, moved = [], []
    for position in positions:
        before, after, t = neighbours(position, len(codes))
        frames.append(between(codes[before], codes[after], t) if t else codes[before])
        moved += [torch.lerp(offsets[before], offsets[after], t)] if offsets else []
    offset = torch.cat(moved) if moved else None
    return Latent(torch.cat(frames).to(keys[0].codes.dtype), keys[0].space, offset=offset)


def _matching(keys: Sequence[Latent]) -> list[Tensor]:
    """The codes of the keyframes, float32, expanded to the same number."""
    if not keys:
        raise LatentError("there is nothing to interpolate: give two latents or more")
    first, count = keys[0], max(len(key) for key in keys)
    for key in keys:
        if key.space != first.space:
            raise LatentError(
                f"one latent is in {first.space} and another in {key.space}, which nothing lies between; both must be in w+",
                IN_W_PLUS,
            )
        if key.codes.shape[1:] != first.codes.shape[1:]:
            raise LatentError(
                f"codes of the shapes {list(first.codes.shape[1:])} and {list(key.codes.shape[1:])} can't be interpolated: "
                "they belong to generators of different sizes"
            )
        if len(key) not in {1, count}:
            raise LatentError(f"latents of {len(key)} and {count} codes can't be paired: give as many of each, or one alone")
    return [key.codes.to(first.codes.device, torch.float32).expand(count, *first.codes.shape[1:]) for key in keys]


def _offsets(keys: Sequence[Latent]) -> list[Tensor]:
    """The edits in S space of the keyframes, ``[N, S]`` each; none where no keyframe has any."""
    found = next((key.offset for key in keys if key.offset is not None), None)
    if found is None:
        return []
    count, nothing = max(len(key) for key in keys), torch.zeros_like(found[:1])
    return [(nothing if key.offset is None else key.offset.to(found)).expand(count, -1) for key in keys]


def slerp(a: Tensor, b: Tensor, t: float) -> Tensor:
    """Spherical interpolation of directions, and linear of lengths, along the last axis (Shoemake 1985).

    Raises:
        LatentError: two codes point in opposite directions.
    """
    a_length, b_length = _length(a), _length(b)
    start, end = a / a_length, b / b_length
    cosine = (start * end).sum(dim=-1, keepdim=True)
    if bool((cosine < OPPOSITE).any()):
        raise LatentError(
            "two z codes point in opposite directions, so there is no shortest path: put a third code between them"
        )
    angle = cosine.clamp(max=1).acos()
    sine = angle.sin()
    parallel = sine < 1e-4
    own, other = (torch.where(parallel, part, (part * angle).sin() / sine.clamp_min(1e-4)) for part in (1 - t, t))
    return (own * start + other * end) * torch.lerp(a_length, b_length, t)


def _length(x: Tensor) -> Tensor:
    return x.square().sum(dim=-1, keepdim=True).sqrt().clamp_min(1e-12)
