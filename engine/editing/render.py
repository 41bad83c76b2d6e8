"""The pictures of a film, a few at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from ..errors import PasticheError
from ..latents import Latent
from ..progress import Progress, Step, silent
from ..stylegan2 import LatentGenerator
from ..styles import Style
from .styles import StyleBlend

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
    """Draw a film; only the pictures of one batch exist at a time.

        places = positions(2, 600)
        frames = render_film(along([me, you], places), StyleBlend([ink, oil]), t=places)
        write_film("film.mp4", frames, fps=30)

    Args:
        latents: the code of each frame; or of several faces in each, those of the first frame first; or one code alone,
            which stands still.
        style: one style, or several with what lies between them, or a generator, for faces without any style.
        t: where each frame stands among the styles of a `StyleBlend`.
        strength: of the style, or one for each frame.
        batch: pictures to draw at once. Frames with another style or strength than the one before begin a new batch.
        progress: called after each batch, with the last picture as a preview; may raise `Cancelled`.
        controls: what else the styles take, such as `noise`.

    Yields:
        ``[B, 3, H, W]``, RGB, nominally in [-1, 1], not clamped, in the order of the latents.

    Raises:
        PasticheError: the numbers of codes, strengths and positions do not fit each other, or the style.
    """
    if isinstance(style, StyleBlend) != (t is not None):
        raise PasticheError("positions among the styles (t) are for a StyleBlend, and it needs them")
    if isinstance(style, LatentGenerator) and strength != 1.0:
        raise PasticheError(f"strength is {strength}, and a generator without a style has none: leave it out")
    if batch < 1:
        raise PasticheError(f"batch is {batch}: at least one picture is drawn at a time")
    looks = _looks(len(latents), t, strength)
    if len(latents) == 1:
        latents = Latent(latents.codes.expand(len(looks), *latents.codes.shape[1:]), latents.space)
    return _rendered(latents, style, looks, batch, progress, controls)


@dataclass(frozen=True)
class _Look:
    """What a picture is drawn with."""

    t: float | None
    strength: float


def _looks(codes: int, t: Sequence[float] | None, strength: float | Sequence[float]) -> list[_Look]:
    """One for each picture."""
    tracks = [track for track in (t, strength) if isinstance(track, Sequence)]
    frames = {len(track) for track in tracks} or {codes}
    count = max(frames)
    if len(frames) > 1 or not count or not codes or (codes > 1 and codes % count):
        given = ", ".join(str(number) for number in (codes, *map(len, tracks)))
        raise PasticheError(f"codes, positions and strengths are {given} in number: give one of each for each frame")
    faces = max(codes // count, 1)
    places = t if t is not None else [None] * count
    strengths = strength if isinstance(strength, Sequence) else [strength] * count
    return [_Look(place, amount) for place, amount in zip(places, strengths, strict=True) for _ in range(faces)]


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
