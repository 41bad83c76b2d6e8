"""Motion retargeting (AgileGAN, section on applications): a still face moves as another one does in a film."""

from collections.abc import Sequence

import torch

from ..errors import LatentError
from ..latents import Latent

__all__ = ["retarget"]


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
    step = amount * (frames - frames[:1])
    if rows is not None:
        if wrong := [row for row in rows if not 0 <= row < codes.shape[1]]:
            raise LatentError(f"there is no row {wrong[0]}: these codes have the rows 0 to {codes.shape[1] - 1}")
        kept = torch.zeros(codes.shape[1], dtype=torch.bool, device=codes.device)
        kept[list(rows)] = True
        step = step * kept[:, None]
    return face.with_codes(codes + step, "w+")
