"""Rendering of films in batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from ..errors import PasticheError
from ..latents import Latent
from ..progress import Progress, Step, silent
from ..style_protocol import Style
from ..stylegan2 import LatentGenerator
from .style_blend import StyleBlend

__all__ = ["render_film"]


def render_film(
    latents: Latent,
    style: Style | StyleBlend | LatentGenerator,
    *,
    t: Sequence[float] | None = None,
    strength: float | Sequence[float] = 1.0,
    batch: int = 4,
    progress: Progress = silent,
    **controls: Any,
) -> Iterator[Tensor]:
    """Draw a film. Only the images of one batch are in memory at a time.

        times = positions(2, 600)
        frames = render_film(along([me, you], times), StyleBlend([ink, oil]), t=times)
        write_film("film.mp4", frames, fps=30)

    Args:
        latents: one code for each frame; or several faces per frame, ordered by frame; or one code for all frames.
        style: a style, a `StyleBlend` of several styles, or a generator for faces without a style.
        t: the position of each frame among the styles of a `StyleBlend`.
        strength: of the style; one number, or one for each frame.
        batch: maximum batch size. A frame with another style or strength than the previous one starts a new batch.
        progress: called after each batch, with the last image as a preview; may raise `Cancelled`.
        controls: other arguments of the styles, such as `noise`.

    Yields:
        ``[B, 3, H, W]``, RGB, nominally in [-1, 1], not clamped, in the order of the latents.

    Raises:
        PasticheError: the numbers of codes, strengths and positions do not match, or do not fit the style.
    """
    if isinstance(style, StyleBlend) != (t is not None):
        raise PasticheError("positions among the styles (t) are for a StyleBlend, and it needs them")
    if isinstance(style, LatentGenerator) and strength != 1.0:
        raise PasticheError(f"strength is {strength}, but a generator without a style has no strength: leave it out")
    if batch < 1:
        raise PasticheError(f"batch is {batch}: expected at least 1")
    looks = _looks(len(latents), t, strength)
    if len(latents) == 1:
        latents = latents.with_codes(latents.codes.expand(len(looks), *latents.codes.shape[1:]), latents.space)
    return _rendered(latents, style, looks, batch, progress, controls)


@dataclass(frozen=True)
class _Look:
    """The style position and strength of one image."""

    t: float | None
    strength: float


def _looks(codes: int, t: Sequence[float] | None, strength: float | Sequence[float]) -> list[_Look]:
    """One entry for each image."""
    tracks = [track for track in (t, strength) if isinstance(track, Sequence)]
    frames = {len(track) for track in tracks} or {codes}
    count = max(frames)
    if len(frames) > 1 or not count or not codes or (codes > 1 and codes % count):
        given = ", ".join(str(number) for number in (codes, *map(len, tracks)))
        raise PasticheError(f"the numbers of codes, positions and strengths are {given}: give one of each for each frame")
    faces = max(codes // count, 1)
    times = t if t is not None else [None] * count
    strengths = strength if isinstance(strength, Sequence) else [strength] * count
    return [_Look(time, amount) for time, amount in zip(times, strengths, strict=True) for _ in range(faces)]


def _rendered(
    latents: Latent,
    style: Style | StyleBlend | LatentGenerator,
    looks: list[_Look],
    batch: int,
    progress: Progress,
    controls: dict[str, Any],
) -> Iterator[Tensor]:
    done = 0
    for look, group in groupby(looks):
        end = done + len(list(group))
        while done < end:
            codes = latents[done : min(done + batch, end)]
            images = _draw(style, codes, look, controls)
            done += len(codes)
            progress(Step(index=done, total=len(looks), preview=lambda shown=images: shown[-1:]))  # type: ignore[misc]
            yield images


def _draw(style: Any, latent: Latent, look: _Look, controls: dict[str, Any]) -> Tensor:
    amounts: dict[str, Any] = {} if isinstance(style, LatentGenerator) else {"strength": look.strength}
    if look.t is not None:
        amounts["t"] = look.t
    with torch.no_grad():
        images: Tensor = style(latent, **amounts, **controls)
    return images
