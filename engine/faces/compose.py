"""What a drawing looks like in front of the photo's background, in the frame around the crop.

The drawing's shape covers what it covers; what lay behind the old head and is not covered any more is filled in from
around it; skin and hair that stay take the drawing's tone.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from skimage.restoration import inpaint_biharmonic
from torch import Tensor

from ..images import resize
from .frame import INNER, STEP, framed
from .shapes import Shapes
from .tone import shift_between, shifted

__all__ = ["Composed", "compose"]

FILLED = 96  # side at which the background is filled in, smooth as it becomes
FRINGE = 0.018  # how far loose hair reaches beyond its mask, in sides of the frame
HALO = 0.02  # how far beyond its edge the colours of a shape go on, in sides
ENOUGH = 0.003  # of the frame: a smaller part has no tone


@dataclass(frozen=True)
class Composed:
    """What goes into the photo.

    Attributes:
        image: ``[1, 3, T, T]`` in [-1, 1].
        mask: ``[1, 1, S, S]``: how much of it is seen.
        tone: ``[1, 3, S, S]``: how far the photo's own colours are shifted; see `tone.shifted`.
    """

    image: Tensor
    mask: Tensor
    tone: Tensor


def compose(photo: Tensor, drawing: Tensor, shapes: Shapes, inner: Tensor, outer: Tensor, match_color: bool) -> Composed:
    """The drawing's shape before the photo's background.

    Args:
        photo: the frame ``[1, 3, S, S]`` in [-1, 1].
        drawing: of the crop, ``[1, 3, T, T]`` in [-1, 1].
        shapes: what changes places.
        inner, outer: ``[1, 1, S, S]``: 1 in the middle, falling to 0 at the edges of the crop and of the frame.
        match_color: the drawing takes the tone of the photo's skin; otherwise what stays takes the drawing's.
    """
    side = max(-(-drawing.shape[-1] // STEP) * STEP, INNER)
    drawn = framed(resize(drawing, side, "bicubic").clamp(-1, 1), onwards=True)
    skin, hair = (_shift(photo, drawn, *pair) for pair in (shapes.skins, shapes.hairs))
    if match_color:
        drawn, skin, hair = shifted(drawn, _shift(drawn, photo, *shapes.skins[::-1])), 0 * skin, 0 * hair
    shown = torch.maximum(shapes.new, shapes.bridge) * inner
    gone = _grown(shapes.old) * (1 - shapes.new) * (1 - shapes.kept_skin) * outer
    mask = 1 - (1 - shown) * (1 - gone)
    share = _enlarged(shown / mask.clamp_min(1e-4), drawn)
    image = torch.lerp(_enlarged(_filled(photo, _grown(shapes.old)), drawn), _foreground(drawn, shapes), share)
    hair_share = shapes.kept_hair * (1 - shapes.kept_skin)
    return Composed(image, mask, (skin * shapes.kept_skin + hair * hair_share) * outer)


def _enlarged(image: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(image, size=like.shape[-2:], mode="bilinear", align_corners=False)


def _grown(mask: Tensor) -> Tensor:
    """A mask that covers the fringe of loose hair too."""
    from kornia.filters import gaussian_blur2d  # noqa: PLC0415 (slow to import)

    reach = 2 * round(FRINGE * mask.shape[-1]) + 1
    grown = F.max_pool2d(mask, reach, 1, reach // 2)
    return torch.maximum(mask, gaussian_blur2d(grown, reach, (reach / 4, reach / 4)))


def _filled(photo: Tensor, unknown: Tensor) -> Tensor:
    """The photo as it might look behind what is unknown, smoothly continued from around it."""
    known, hidden = resize(photo, FILLED), F.adaptive_max_pool2d(unknown, FILLED)[0, 0] > 0.02
    if not bool(hidden.any()) or bool(hidden.all()):
        return photo
    filled = inpaint_biharmonic(known[0].permute(1, 2, 0).cpu().numpy(), hidden.cpu().numpy(), channel_axis=-1)
    return torch.from_numpy(filled).to(photo).permute(2, 0, 1)[None].clamp(-1, 1)


def _foreground(drawn: Tensor, shapes: Shapes) -> Tensor:
    """The drawing with the colours of its shape carried on beyond the edge, so that none of its background is seen."""
    from kornia.filters import gaussian_blur2d  # noqa: PLC0415 (slow to import)

    mask = _enlarged(torch.maximum(shapes.new, shapes.bridge), drawn)
    reach = 2 * round(HALO * drawn.shape[-1]) + 1
    sure = (10 * mask - 9).clamp_min(0) + 1e-5
    colours, weights = (gaussian_blur2d(x, reach, (reach / 3, reach / 3)) for x in (drawn * sure, sure))
    return torch.lerp(colours / weights, drawn, mask)


def _shift(image: Tensor, other: Tensor, part: Tensor, other_part: Tensor) -> Tensor:
    """How far the tone of a part lies from one picture's to the other's, ``[1, 3, 1, 1]``; 0 where the part is too small."""
    if min(float(part.mean()), float(other_part.mean())) < ENOUGH:
        return image.new_zeros(1, 3, 1, 1)
    return shift_between(_mean((image + 1) / 2, part), _mean((other + 1) / 2, other_part))


def _mean(image: Tensor, part: Tensor) -> Tensor:
    weights = _enlarged(part, image)
    return (image * weights).sum(dim=(2, 3), keepdim=True) / weights.sum().clamp_min(1e-6)
