"""Masks of the parts that a photo and its stylized crop exchange: heads or faces, from their parsing maps.

Photo and stylized crop show the same person at the same place, so their parsing maps can be compared. All masks lie in the
frame around the crop. Morphology is max pooling and SciPy's: kornia's copies the mask once for each element of the kernel
(256 MB for the rim of a head), and fills no holes.
"""

import logging
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage
from torch import Tensor

from ..classes import index_of
from ..images import resize
from .frame import FRAME, INNER, framed
from .parsing import FaceParser, mask_of

__all__ = ["Part", "Shapes", "dilated", "find_shapes", "smoothstep"]

log = logging.getLogger(__name__)

Part = Literal["head", "face"]

FACE = ("skin", "brows", "eyes", "lips", "mouth", "glasses")
HEAD = (*FACE, "hair", "ears", "hat")
SOFT = (0.25, 0.65)  # probabilities between which a mask rises from 0 to 1
STRICT = (0.5, 0.75)  # the same where a mask is extrapolated beyond the crop
LEAST_RECOGNIZED = 0.6  # share of the landmarks' hull that must be parsed as a face
LEAST_OVERLAP = 0.4  # least intersection over union of the two faces
LOWER = 0.28  # height above the chin, in sides of the frame, of the part of the face that no fringe covers
BEARD = 0.17  # the same of the part that a beard covers
NECK = 0.16  # length below the chin, in sides of the crop, over which the new neck fades into the photo's


@dataclass(frozen=True)
class Shapes:
    """Masks ``[1, 1, S, S]`` in [0, 1], S being `frame.FRAME`.

    Attributes:
        new: the part of the stylized crop that covers the photo, extrapolated from the crop's edge to the frame's.
        bridge: the part of the stylized neck that connects to the photo's.
        old: the part of the photo that is replaced, and inpainted where `new` does not cover it.
        skins: lower faces of photo and stylized crop, whose tones are compared.
        hairs: hair of photo and stylized crop, whose tones are compared.
        kept_skin, kept_hair: skin and hair of the photo that stay visible and take the stylized tone.
    """

    new: Tensor
    bridge: Tensor
    old: Tensor
    skins: tuple[Tensor, Tensor]
    hairs: tuple[Tensor, Tensor]
    kept_skin: Tensor
    kept_hair: Tensor


def find_shapes(photo: Tensor, drawing: Tensor, hull: Tensor, chin: float, part: Part, parser: FaceParser) -> Shapes | None:
    """Masks of the parts to exchange, or None if the parser recognizes no face in the photo.

    Args:
        photo: the frame ``[1, 3, S, S]`` in [-1, 1].
        drawing: the stylized crop, ``[1, 3, T, T]`` in [-1, 1].
        hull: the area within the landmarks, ``[1, 1, S, S]``.
        chin: its height in the frame, from 0 at the upper edge to 1 at the lower.
        part: "head" includes the hair; "face" does not.
        parser: segments both.
    """
    seen, drawn = (
        _with_necks(parts, chin) for parts in (parser(photo), framed(parser(resize(drawing.float(), INNER)), onwards=True))
    )
    known = float((mask_of(seen, (*FACE, "hair")) * hull).sum() / hull.sum().clamp_min(1e-6))
    if known < LEAST_RECOGNIZED:
        return None
    if _overlap(*(_thresholded(mask_of(parts, FACE)) for parts in (seen, drawn))) < LEAST_OVERLAP:
        log.info("the stylized crop could not be segmented: the photo's segmentation is used for it")
        drawn = seen
    return (_heads if part == "head" else _faces)(seen, drawn, hull, chin)


def _with_necks(parts: Tensor, chin: float) -> Tensor:
    """Relabel skin below the chin as neck."""
    skin, neck = index_of("skin", "neck")
    moved = parts[:, skin] * _ramp_below(chin + 0.01, 0.03, like=parts)[:, 0]
    parts = parts.clone()
    parts[:, skin] -= moved
    parts[:, neck] += moved
    return parts


def _heads(seen: Tensor, drawn: Tensor, hull: Tensor, chin: float) -> Shapes:
    """The photo's hair stays behind the stylized head: real strands in the stylized tone look better than any inpainting."""
    old, new = _largest_component(_thresholded(mask_of(seen, HEAD))), _largest_component(_extrapolated(mask_of(drawn, HEAD)))
    neck = _thresholded(mask_of(seen, ("neck",)))
    fading = 1 - _ramp_below(chin, NECK * INNER / FRAME, like=neck)
    bridge = _thresholded(mask_of(drawn, ("neck",))) * torch.maximum(old, neck) * fading
    hairs = _both(seen, drawn, ("hair",))
    kept_hair = hairs[0] * old
    return Shapes(new, bridge, old - kept_hair, _lower_faces(seen, drawn, hull, chin), hairs, neck, kept_hair)


def _faces(seen: Tensor, drawn: Tensor, hull: Tensor, chin: float) -> Shapes:
    """A beard is hair but belongs to the face within the landmarks' hull; a fringe stays the photo's."""
    beard = _eroded(hull) * _ramp_below(chin - BEARD, 0.05, like=hull)
    before = _thresholded(mask_of(seen, ("hair", "hat")) * (1 - beard))
    new = _largest_component(_thresholded(mask_of(drawn, FACE) + mask_of(drawn, ("hair",)) * beard)) * (1 - before)
    kept = _thresholded(mask_of(seen, ("skin", "ears", "neck"))) * (1 - before)
    nothing = torch.zeros_like(new)
    skins = _lower_faces(seen, drawn, hull, chin)
    return Shapes(new, nothing, nothing, skins, (nothing, nothing), kept, nothing)


def _lower_faces(seen: Tensor, drawn: Tensor, hull: Tensor, chin: float) -> tuple[Tensor, Tensor]:
    first, second = _both(seen, drawn, ("skin",))
    where = hull * _ramp_below(chin - LOWER, 0.05, like=hull)
    return first * where, second * where


def _both(seen: Tensor, drawn: Tensor, names: tuple[str, ...]) -> tuple[Tensor, Tensor]:
    return _thresholded(mask_of(seen, names)), _thresholded(mask_of(drawn, names))


def _overlap(one: Tensor, other: Tensor) -> float:
    return float(torch.minimum(one, other).sum() / torch.maximum(one, other).sum().clamp_min(1e-6))


def smoothstep(x: Tensor, low: float, high: float) -> Tensor:
    """Smooth step from 0 at `low` to 1 at `high`."""
    t = ((x - low) / max(high - low, 1e-6)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def _thresholded(mask: Tensor) -> Tensor:
    """Suppress low probabilities."""
    return smoothstep(mask, *SOFT)


def _extrapolated(mask: Tensor) -> Tensor:
    """Require higher probabilities outside of the crop, where its edge is only replicated."""
    inside = framed(mask.new_ones(1, 1, INNER, INNER))
    return torch.lerp(smoothstep(mask, *STRICT), _thresholded(mask), inside)


def dilated(mask: Tensor, size: int) -> Tensor:
    """Each pixel of a mask ``[N, C, H, W]`` replaced by the largest one in a square of an odd `size` around it.

    Rows first, then columns: the same as the square at once, in a fifth of the time at 21 pixels.
    """
    return F.max_pool2d(F.max_pool2d(mask, (1, size), 1, (0, size // 2)), (size, 1), 1, (size // 2, 0))


def _eroded(mask: Tensor) -> Tensor:
    """Erode the rim, where hair hangs in front of the cheeks."""
    rim = 2 * (FRAME // 25) + 1
    return 1 - dilated(1 - mask, rim)


def _ramp_below(height: float, width: float, *, like: Tensor) -> Tensor:
    """A vertical ramp ``[1, 1, S, 1]`` from 0 at a height to 1 at `width` below it."""
    side = like.shape[-2]
    v = (torch.arange(side, device=like.device, dtype=torch.float32) + 0.5) / side
    return smoothstep(v, height, height + width)[None, None, :, None]


def _largest_component(mask: Tensor) -> Tensor:
    """The largest connected component with gaps and holes closed, so that other people's heads are ignored."""
    reach = FRAME // 40
    solid = np.pad(mask[0, 0].cpu().numpy() > 0.5, reach, mode="edge")
    labels, count = ndimage.label(ndimage.binary_closing(solid, iterations=reach // 2))
    if count == 0:
        return mask
    largest = labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    around = ndimage.binary_dilation(largest, iterations=reach)
    within = ndimage.binary_erosion(ndimage.binary_fill_holes(largest), iterations=reach // 4, border_value=1)
    near, full = (torch.from_numpy(area[reach:-reach, reach:-reach].copy()).to(mask) for area in (around, within))
    return torch.maximum(mask * near, full)  # keeps the softness of the original edge
