"""Which shapes of a photo and of its drawing change places: heads or faces, as their parsing maps show them.

Photo and drawing show the same person at the same place, so a map of the one can be held against that of the other.
All masks lie in the frame around the crop.
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

__all__ = ["Part", "Shapes", "find_shapes", "smoothstep"]

log = logging.getLogger(__name__)

Part = Literal["head", "face"]

FACE = ("skin", "brows", "eyes", "lips", "mouth", "glasses")
HEAD = (*FACE, "hair", "ears", "hat")
DOUBT = (0.25, 0.65)  # probabilities between which a mask rises from 0 to 1
SURE = (0.5, 0.75)  # the same where a mask is continued beyond what is drawn
KNOWN = 0.6  # how much of what the landmarks enclose has to be seen as a face
ALIKE = 0.4  # how far the faces of photo and drawing have to agree: intersection over union
LOWER = 0.28  # from the chin up, in sides of the frame: the part of the face that no fringe covers
BEARD = 0.17  # the same of what a beard covers
NECK = 0.16  # below the chin, in sides of the crop: where the drawing's neck has faded into the photo's


@dataclass(frozen=True)
class Shapes:
    """Masks ``[1, 1, S, S]`` in [0, 1], S being `frame.FRAME`.

    Attributes:
        new: what of the drawing covers the photo; at the crop's edge it goes on to the frame's.
        bridge: what of the drawing's neck leads over to the photo's.
        old: what of the photo is replaced, and filled in where the drawing does not cover it.
        skins: the lower faces of photo and drawing, whose tones are compared.
        hairs: the same of the hair.
        kept_skin, kept_hair: of the photo, beside the drawing; they have to have its tone.
    """

    new: Tensor
    bridge: Tensor
    old: Tensor
    skins: tuple[Tensor, Tensor]
    hairs: tuple[Tensor, Tensor]
    kept_skin: Tensor
    kept_hair: Tensor


def find_shapes(photo: Tensor, drawing: Tensor, hull: Tensor, chin: float, part: Part, parser: FaceParser) -> Shapes | None:
    """The shapes that change places, or None where the photo shows nothing that the parser knows as a face.

    Args:
        photo: the frame ``[1, 3, S, S]`` in [-1, 1].
        drawing: of the crop, ``[1, 3, T, T]`` in [-1, 1].
        hull: what the landmarks enclose, ``[1, 1, S, S]``.
        chin: its height in the frame, from 0 at the upper edge to 1 at the lower.
        part: the head with its hair, or the face alone.
        parser: finds what belongs to what.
    """
    seen, drawn = (
        _with_necks(parts, chin) for parts in (parser(photo), framed(parser(resize(drawing.float(), INNER)), onwards=True))
    )
    known = float((mask_of(seen, (*FACE, "hair")) * hull).sum() / hull.sum().clamp_min(1e-6))
    if known < KNOWN:
        return None
    if _overlap(*(_solid(mask_of(parts, FACE)) for parts in (seen, drawn))) < ALIKE:
        log.info("the parts of the drawing could not be told apart: it is cut out by those of the photo")
        drawn = seen
    return (_heads if part == "head" else _faces)(seen, drawn, hull, chin)


def _with_necks(parts: Tensor, chin: float) -> Tensor:
    """Skin below the chin is a neck."""
    skin, neck = index_of("skin", "neck")
    moved = parts[:, skin] * _below(chin + 0.01, 0.03, like=parts)[:, 0]
    parts = parts.clone()
    parts[:, skin] -= moved
    parts[:, neck] += moved
    return parts


def _heads(seen: Tensor, drawn: Tensor, hull: Tensor, chin: float) -> Shapes:
    old, new = _main(_solid(mask_of(seen, HEAD))), _main(_continued(mask_of(drawn, HEAD)))
    neck = _solid(mask_of(seen, ("neck",)))
    fading = 1 - _below(chin, NECK * INNER / FRAME, like=neck)
    bridge = _solid(mask_of(drawn, ("neck",))) * torch.maximum(old, neck) * fading
    hairs = _both(seen, drawn, ("hair",))
    return Shapes(new, bridge, old, _lower_faces(seen, drawn, hull, chin), hairs, neck, hairs[0] * old)


def _faces(seen: Tensor, drawn: Tensor, hull: Tensor, chin: float) -> Shapes:
    """A beard is hair, and belongs to the face as far as the landmarks enclose it; a fringe stays the photo's."""
    beard = _shrunk(hull) * _below(chin - BEARD, 0.05, like=hull)
    before = _solid(mask_of(seen, ("hair", "hat")) * (1 - beard))
    new = _main(_solid(mask_of(drawn, FACE) + mask_of(drawn, ("hair",)) * beard)) * (1 - before)
    kept = _solid(mask_of(seen, ("skin", "ears", "neck"))) * (1 - before)
    nothing = torch.zeros_like(new)
    skins = _lower_faces(seen, drawn, hull, chin)
    return Shapes(new, nothing, nothing, skins, (nothing, nothing), kept, nothing)


def _lower_faces(seen: Tensor, drawn: Tensor, hull: Tensor, chin: float) -> tuple[Tensor, Tensor]:
    first, second = _both(seen, drawn, ("skin",))
    where = hull * _below(chin - LOWER, 0.05, like=hull)
    return first * where, second * where


def _both(seen: Tensor, drawn: Tensor, names: tuple[str, ...]) -> tuple[Tensor, Tensor]:
    return _solid(mask_of(seen, names)), _solid(mask_of(drawn, names))


def _overlap(one: Tensor, other: Tensor) -> float:
    return float(torch.minimum(one, other).sum() / torch.maximum(one, other).sum().clamp_min(1e-6))


def smoothstep(x: Tensor, low: float, high: float) -> Tensor:
    """0 up to `low`, 1 from `high` on, without a kink."""
    t = ((x - low) / max(high - low, 1e-6)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def _solid(mask: Tensor) -> Tensor:
    """Without the haze of small probabilities."""
    return smoothstep(mask, *DOUBT)


def _continued(mask: Tensor) -> Tensor:
    """Outside of the crop, where its edge only goes on, what is sure alone."""
    inside = framed(mask.new_ones(1, 1, INNER, INNER))
    return torch.lerp(smoothstep(mask, *SURE), _solid(mask), inside)


def _shrunk(mask: Tensor) -> Tensor:
    """Without its rim, where hair hangs before cheeks."""
    rim = 2 * (FRAME // 25) + 1
    return 1 - F.max_pool2d(1 - mask, rim, 1, rim // 2)


def _below(height: float, width: float, *, like: Tensor) -> Tensor:
    """Rises from 0 at a height to 1 at `width` below it, ``[1, 1, S, 1]``."""
    side = like.shape[-2]
    v = (torch.arange(side, device=like.device, dtype=torch.float32) + 0.5) / side
    return smoothstep(v, height, height + width)[None, None, :, None]


def _main(mask: Tensor) -> Tensor:
    """The largest connected part, its gaps and holes closed: other people's heads are left alone."""
    reach = FRAME // 40
    solid = np.pad(mask[0, 0].cpu().numpy() > 0.5, reach, mode="edge")
    labels, count = ndimage.label(ndimage.binary_closing(solid, iterations=reach // 2))
    if count == 0:
        return mask
    largest = labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    around = ndimage.binary_dilation(largest, iterations=reach)
    within = ndimage.binary_erosion(ndimage.binary_fill_holes(largest), iterations=reach // 4, border_value=1)
    near, full = (torch.from_numpy(area[reach:-reach, reach:-reach].copy()).to(mask) for area in (around, within))
    return torch.maximum(mask * near, full)  # whose edge is as soft as it was
