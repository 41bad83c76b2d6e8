"""Class maps of rendered portraits, from the renderer's layers."""

import torch
from torch import Tensor

from ..classes import CLASSES, index_of
from .painter import Layers

__all__ = ["parsing_labels"]

JAW = slice(0, 17)
BROWS = (slice(17, 22), slice(22, 27))
NOSE = 30
INNER_LIPS = slice(60, 68)
EAR_LOBE = 4  # jaw landmark beside the mouth, above which skin outside of the jaw belongs to an ear
MARGIN = 0.015  # distance of ears and neck from the jaw line, in sides of the image
TURNED = 0.6  # an ear is visible if its distance from the nose exceeds this multiple of the other ear's
BROW_REACH = 0.035  # half the height of a brow, in sides of the image
LARGE = ("background", "skin", "hair", "cloth")
SMALL = ("neck", "ears", "brows", "eyes", "lips", "mouth", "hat", "glasses")  # later classes replace earlier ones
COVERED = 0.5  # coverage of a pixel from which an accessory determines its class


def parsing_labels(layers: Layers, landmarks: Tensor) -> Tensor:
    """The class of every pixel, as an index of `classes.CLASSES`.

    A layer with the name of a class is used directly. Where one layer holds several classes (face, ears and neck; hair and
    brows; lips and mouth), the landmarks separate them.

    Args:
        layers: of N portraits.
        landmarks: ``[N, 68, 2]`` in pixel indices.

    Returns:
        uint8 ``[N, H, W]``.
    """
    known = {name: value[:, 0] for name, value in vars(layers).items() if name in CLASSES}
    cover = _divided(known, landmarks) | known
    cover["background"] = (1 - sum(known.values())).clamp(0, 1)
    largest = torch.stack([cover[name] for name in LARGE]).argmax(dim=0)
    found = torch.tensor(index_of(*LARGE), device=largest.device)[largest]
    for name in SMALL:
        if name in cover:
            found = torch.where(cover[name] > COVERED, CLASSES.index(name), found)
    return found.byte()


def _divided(known: dict[str, Tensor], landmarks: Tensor) -> dict[str, Tensor]:
    """Masks of neck, ears, brows and mouth, separated from skin, hair and lips."""
    skin, hair = known["skin"], known["hair"]
    margin = MARGIN * skin.shape[1]
    height, width = skin.shape[1:]
    y = torch.arange(height, device=skin.device)[None, :, None].float()
    x = torch.arange(width, device=skin.device)[None, None, :].float()
    jaw = landmarks[:, JAW]
    below = y > margin + _along(jaw[..., 0], jaw[..., 1], x, outside=jaw[:, 0, 1, None, None])
    left, right = (_along(side[..., 1], side[..., 0], y, outside=None) for side in (jaw[:, :9], jaw[:, 8:].flip(1)))
    lobes = landmarks[:, [EAR_LOBE, 16 - EAR_LOBE], 1].mean(dim=1)[:, None, None]
    top = landmarks[:, 17:27, 1].amin(dim=1)[:, None, None] - 0.05 * height
    nose = landmarks[:, NOSE, 0]
    near, far = ((nose - jaw[:, end, 0])[:, None, None] for end in (0, 16))  # the far ear of a turned head is hidden
    ears = ((x < left - margin) & (near > -TURNED * far)) | ((x > right + margin) & (-far > TURNED * near))
    ears = ears & (y < lobes) & (y > top)
    brows = torch.stack([_near_curve(landmarks[:, part], x, y, BROW_REACH * height) for part in BROWS]).any(dim=0)
    return {
        "ears": skin * ears,
        "neck": skin * (below & ~ears & (y >= lobes)),
        "brows": (hair > 0.3).float() * brows,
        "mouth": _inside(landmarks[:, INNER_LIPS], x, y).float(),
    }


def _along(u: Tensor, v: Tensor, at: Tensor, *, outside: Tensor | None) -> Tensor:
    """Height at `at` of a polyline through points (u, v) ``[N, P]``; the maximum over its segments.

    Args:
        outside: value beyond the ends; that of the nearer end if None.
    """
    low = torch.minimum(u[:, :-1], u[:, 1:])[..., None, None]
    high = torch.maximum(u[:, :-1], u[:, 1:])[..., None, None]
    step = (u.diff(dim=1)).abs().clamp_min(1e-3) * torch.where(u.diff(dim=1) < 0, -1, 1)
    t = ((at[:, None] - u[:, :-1, None, None]) / step[..., None, None]).clamp(0, 1)
    value = v[:, :-1, None, None] + t * v.diff(dim=1)[..., None, None]
    met = (at[:, None] >= low) & (at[:, None] <= high)
    best = value.masked_fill(~met, -torch.inf).amax(dim=1)
    ends = torch.where((at < u[:, 0, None, None]), v[:, 0, None, None], v[:, -1, None, None]) if outside is None else outside
    return torch.where(met.any(dim=1), best, ends)


def _near_curve(points: Tensor, x: Tensor, y: Tensor, reach: float) -> Tensor:
    """Mask of the pixels within `reach` above or below a curve ``[N, P, 2]`` that runs to the right, between its ends."""
    height = _along(points[..., 0], points[..., 1], x, outside=torch.full_like(points[:, 0, 0, None, None], torch.inf))
    return (y - height).abs() < reach


def _inside(corners: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Mask of the pixels inside a polygon ``[N, P, 2]``, by the even-odd rule."""
    x0, y0 = corners[..., 0, None, None], corners[..., 1, None, None]
    x1, y1 = x0.roll(-1, dims=1), y0.roll(-1, dims=1)
    across = (y0 > y[:, None]) != (y1 > y[:, None])
    slope = torch.where((y1 - y0).abs() < 1e-6, torch.ones_like(y0), y1 - y0)
    return (across & (x[:, None] < x0 + (y[:, None] - y0) / slope * (x1 - x0))).sum(dim=1) % 2 == 1
