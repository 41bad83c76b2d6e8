"""Motion retargeting (AgileGAN, section on applications): a still face moves as another one does in a film."""

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from ..errors import LatentError
from ..latents import Latent

__all__ = ["follow", "retarget"]


def retarget(face: Latent, motion: Latent, *, amount: float = 1.0, rows: Sequence[int] | None = None) -> Latent:
    """Move a face as the frames of a film move: ``face + amount * (frame - first frame)``, in w+.

    Only differences are taken from the film, so the identity stays that of the face. A style can then draw the frames.

    Args:
        face: one face, in w+.
        motion: the frames of the film in w+, in order, of one other person.
        amount: 1 moves as far as the film does.
        rows: of w+ to move; all by default. The first rows hold pose and expression, the last ones light and colour.

    Returns:
        A latent of as many codes as there are frames; the first one is the face itself.

    Raises:
        LatentError: the latents are not in w+, do not fit each other, or there is not exactly one face.
    """
    codes, frames = face.expect("w+"), motion.expect("w+").to(face.codes)
    if len(face) != 1 or codes.shape[1:] != frames.shape[1:] or not len(frames):
        raise LatentError(
            f"a face {list(codes.shape)} can't move as the frames {list(frames.shape)} do: give one face, and frames that were "
            "inverted for the same generator"
        )
    return face.with_codes(torch.stack(list(follow(codes[0], frames, amount=amount, rows=rows))), "w+")


def follow(
    face: Tensor, motion: Iterable[Tensor | None], *, amount: float = 1.0, rows: Sequence[int] | None = None
) -> Iterator[Tensor]:
    """The same, frame by frame, for films of any length.

    Args:
        face: w+ code ``[L, D]``.
        motion: the code ``[L, D]`` of each frame; None where nobody is seen, and the face keeps still.
        amount, rows: as for `retarget`.

    Yields:
        the moved code ``[L, D]`` of each frame.

    Raises:
        LatentError: there is no such row.
    """
    moving = amount * _chosen(rows, len(face)).to(face)[:, None]
    first, code = None, face
    for frame in motion:
        if frame is not None:
            first = frame if first is None else first
            code = face + moving * (frame - first)
        yield code


def _chosen(rows: Sequence[int] | None, count: int) -> Tensor:
    """1 for each row of w+ that moves, ``[L]``."""
    if rows is None:
        return torch.ones(count)
    if wrong := [row for row in rows if not 0 <= row < count]:
        raise LatentError(f"there is no row {wrong[0]}: these codes have the rows 0 to {count - 1}")
    chosen = torch.zeros(count)
    chosen[list(rows)] = 1
    return chosen
