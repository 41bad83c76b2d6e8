"""Composites a stylized head over the photo's background, within the frame around the crop.

The stylized head or face covers the photo. Background that the old face hid and the new head does not cover is inpainted. Skin
and hair of the photo that remain visible are shifted towards the tone of the stylized crop.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from skimage.restoration import inpaint_biharmonic
from torch import Tensor

from ..images import resize
from .frame import INNER, STEP, framed
from .shapes import Shapes, dilated
from .tone import shift_between, shifted

__all__ = ["Composed", "compose"]

INPAINT_SIZE = 96  # side at which the background is inpainted; the result is smooth anyway
FRINGE = 0.018  # how far the edge of a face extends beyond its mask, in sides of the frame
HALO = 0.02  # how far the foreground's colours are extended beyond its edge, in sides
SMALLEST_PART = 0.003  # share of the frame below which a part is too small to measure its tone


@dataclass(frozen=True)
class Composed:
    """An image to blend into the photo.

    Attributes:
        image: ``[1, 3, T, T]`` in [-1, 1].
        mask: ``[1, 1, S, S]`` in [0, 1]: opacity of `image`.
        tone: ``[1, 3, S, S]``: shift of the photo's own colours, see `tone.shifted`.
    """

    image: Tensor
    mask: Tensor
    tone: Tensor


def compose(photo: Tensor, drawing: Tensor, shapes: Shapes, inner: Tensor, outer: Tensor, match_color: bool) -> Composed:
    """Composite the stylized crop over the photo's background.

    Args:
        photo: the frame ``[1, 3, S, S]`` in [-1, 1].
        drawing: the stylized crop, ``[1, 3, T, T]`` in [-1, 1].
        shapes: masks of the parts that are exchanged.
        inner, outer: ``[1, 1, S, S]``: 1 in the middle, falling to 0 at the edge of the crop and of the frame.
        match_color: shift the stylized crop to the tone of the photo's skin. Otherwise the remaining skin and hair of the
            photo are shifted to the tone of the stylized crop.
    """
    side = max(-(-drawing.shape[-1] // STEP) * STEP, INNER)
    drawn = framed(resize(drawing, side, "bicubic").clamp(-1, 1), onwards=True)
    skin, hair = (_tone_shift(photo, drawn, *pair) for pair in (shapes.skins, shapes.hairs))
    if match_color:
        drawn, skin, hair = shifted(drawn, _tone_shift(drawn, photo, *shapes.skins[::-1])), 0 * skin, 0 * hair
    shown = torch.maximum(shapes.new, shapes.bridge) * inner
    gone = _dilated(shapes.old) * (1 - shapes.new) * (1 - shapes.kept_skin) * (1 - shapes.kept_hair) * outer
    mask = 1 - (1 - shown) * (1 - gone)
    share = _enlarged(shown / mask.clamp_min(1e-4), drawn)
    image = torch.lerp(_enlarged(_inpainted(photo, _dilated(shapes.old)), drawn), _foreground(drawn, shapes), share)
    hair_share = shapes.kept_hair * (1 - shapes.kept_skin)
    return Composed(image, mask, (skin * shapes.kept_skin + hair * hair_share) * outer)


def _enlarged(image: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(image, size=like.shape[-2:], mode="bilinear", align_corners=False)


def _dilated(mask: Tensor) -> Tensor:
    """The mask, dilated and blurred to cover the edge of the part."""
    from kornia.filters import gaussian_blur2d  # noqa: PLC0415 (slow to import)

    reach = 2 * round(FRINGE * mask.shape[-1]) + 1
    return torch.maximum(mask, gaussian_blur2d(dilated(mask, reach), reach, (reach / 4, reach / 4)))


def _inpainted(photo: Tensor, unknown: Tensor) -> Tensor:
    """The photo with the masked region inpainted smoothly from its surroundings."""
    known, hidden = resize(photo, INPAINT_SIZE), F.adaptive_max_pool2d(unknown, INPAINT_SIZE)[0, 0] > 0.02
    if not bool(hidden.any()) or bool(hidden.all()):
        return photo
    filled = inpaint_biharmonic(known[0].permute(1, 2, 0).cpu().numpy(), hidden.cpu().numpy(), channel_axis=-1)
    return torch.from_numpy(filled).to(photo).permute(2, 0, 1)[None].clamp(-1, 1)


def _foreground(drawn: Tensor, shapes: Shapes) -> Tensor:
    """The stylized crop with the colours of its foreground extended beyond the edge, so that its own background never
    shows.
    """
    from kornia.filters import gaussian_blur2d  # noqa: PLC0415 (slow to import)

    mask = _enlarged(torch.maximum(shapes.new, shapes.bridge), drawn)
    reach = 2 * round(HALO * drawn.shape[-1]) + 1
    sure = (10 * mask - 9).clamp_min(0) + 1e-5
    colours, weights = (gaussian_blur2d(x, reach, (reach / 3, reach / 3)) for x in (drawn * sure, sure))
    return torch.lerp(colours / weights, drawn, mask)


def _tone_shift(image: Tensor, other: Tensor, part: Tensor, other_part: Tensor) -> Tensor:
    """Shift ``[1, 3, 1, 1]`` from the tone of one image's part to the other's; 0 where a part is too small to measure."""
    if min(float(part.mean()), float(other_part.mean())) < SMALLEST_PART:
        return image.new_zeros(1, 3, 1, 1)
    return shift_between(_mean((image + 1) / 2, part), _mean((other + 1) / 2, other_part))


def _mean(image: Tensor, part: Tensor) -> Tensor:
    weights = _enlarged(part, image)
    return (image * weights).sum(dim=(2, 3), keepdim=True) / weights.sum().clamp_min(1e-6)
