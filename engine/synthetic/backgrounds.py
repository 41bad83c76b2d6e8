"""Backgrounds, blurred as by a lens with a wide aperture."""

from collections.abc import Callable

import torch
from torch import Tensor

from .coordinates import ramp
from .grain import grain
from .parameters import Parameters

__all__ = ["background"]

BOUNDS = (-1.0, 0.24, 0.38, 0.6, 0.8, 2.0)  # thresholds of `back_shape` between the kinds


def background(q: Parameters, x: Tensor, y: Tensor) -> Tensor:
    """Linear RGB ``[N, P, 3]`` at positions ``[N, P]`` of the crop, from -1 to 1, y down.

    `q.back_shape` selects the kind; between two kinds, both are blended.
    """
    x, y = x.expand(len(q), -1), y.expand(len(q), -1)
    result = torch.zeros(*x.shape, 3, device=x.device)
    for number, kind in enumerate(KINDS):
        share = (_after(q, BOUNDS[number]) - _after(q, BOUNDS[number + 1])).clamp_min(0)
        if share.any():
            result = result + share[..., None] * kind(q, x, y)
    return result


def _after(q: Parameters, bound: float) -> Tensor:
    """How far `q.back_shape` is beyond a threshold between two kinds, from 0 to 1."""
    return ramp(q.back_shape, bound - 0.02, bound + 0.02)


def _mix(first: Tensor, second: Tensor, amount: Tensor) -> Tensor:
    return first + amount[..., None] * (second - first)


def _studio(q: Parameters, x: Tensor, y: Tensor) -> Tensor:
    """Seamless paper with a light on it, darker towards the corners."""
    aside = 0.5 * torch.sin(1.7 * q.back_place)
    glow = torch.exp(-((x - aside) ** 2 + (y + 0.1) ** 2) / 0.9)
    return _mix(0.7 * q.back2[:, None], q.back[:, None], glow)


def _wall(q: Parameters, x: Tensor, y: Tensor) -> Tensor:
    """A wall with light that falls off to one side, uneven like plaster."""
    fall = 0.75 + 0.28 * torch.sin(2.2 * q.back_place) * x - 0.12 * y
    rough = grain(x + q.back_place, y, 0.5)[..., 0] * 0.05 + grain(x, y, 0.12)[..., 1] * 0.02
    return q.back[:, None] * (fall + rough)[..., None]


def _room(q: Parameters, x: Tensor, y: Tensor) -> Tensor:
    """A dim room with a bright window and furniture as dark blurred blocks."""
    place = q.back_place
    blur = 0.14
    base = _mix(0.55 * q.back[:, None], 0.25 * q.back2[:, None], ramp(y, -0.2, 0.9))
    base = base * (1 + 0.18 * grain(x + 1.3 * place, y, (0.3, 0.8))[..., 0, None])
    centre = 0.75 * torch.sin(2.4 * place + 1)
    across = (x - centre).abs()
    pane = ramp(across, 0.36 + blur, 0.36 - blur) * ramp(y, 0.25 + blur, 0.25 - blur)
    bars = 1 - 0.55 * torch.exp(-((across / 0.07) ** 2)) - 0.4 * torch.exp(-(((y + 0.35) / 0.07) ** 2))
    outside = torch.tensor([0.95, 1.02, 1.1], device=x.device).expand(*x.shape, 3)
    shelf = ramp(((x + centre) / 0.4).abs(), 1.2, 0.7) * ramp(y, 0.05, 0.35)
    lamp = torch.exp(-((x + 0.8 * torch.cos(3 * place)) ** 2 + (y + 0.5) ** 2) / 0.03)
    base = _mix(base, 0.2 * q.back2[:, None], 0.7 * shelf) + (0.5 * lamp)[..., None] * torch.tensor(
        [1.0, 0.72, 0.42], device=x.device
    )
    return _mix(base, outside, 0.85 * (pane * bars).clamp(0, 1) * (0.6 + 0.4 * torch.sin(1.9 * place)))


def _foliage(q: Parameters, x: Tensor, y: Tensor) -> Tensor:
    """Leaves out of focus: dark green patches and discs of sky."""
    place = q.back_place
    patches = grain(x + place, y + 0.4 * place, 0.33)
    dark = torch.tensor([0.022, 0.035, 0.018], device=x.device)
    light = torch.tensor([0.16, 0.20, 0.08], device=x.device)
    depth = ramp(patches[..., 0] + 0.4 * patches[..., 1] - 0.8 * y, -1.4, 1.6)
    result = _mix(dark.expand(*x.shape, 3), 0.75 * light + 0.25 * q.back[:, None], depth)
    turn = torch.arange(10, device=x.device) * 2.399
    at_x = 1.1 * torch.sin(turn * 1.7 + place)[..., None]  # [N, 10, 1]
    at_y = (-0.15 + 0.8 * torch.sin(turn * 2.9 + 0.7 * place))[..., None]
    size = (0.1 + 0.05 * torch.sin(5 * turn))[None, :, None]
    away = ((x[:, None] - at_x) ** 2 + (y[:, None] - at_y) ** 2).sqrt() - size
    discs = (ramp(away, 0.025, -0.025) * (0.12 + 0.1 * torch.sin(3 * turn))[None, :, None]).sum(dim=1)
    return result + discs[..., None] * torch.tensor([0.85, 0.95, 0.62], device=x.device)


def _landscape(q: Parameters, x: Tensor, y: Tensor) -> Tensor:
    """Sky, distant hills and near ground."""
    place = q.back_place
    haze = torch.tensor([0.72, 0.76, 0.78], device=x.device)
    blue = torch.tensor([0.24, 0.36, 0.56], device=x.device) + 0.5 * (q.back[:, None] - 0.35)
    sky = _mix(blue.expand(*x.shape, 3), haze.expand(*x.shape, 3), ramp(y, -1.1, 0.25))
    cloud = ramp(grain(x + place, 2 * y, 0.8)[..., 0], 0.2, 2.0)
    sky = _mix(sky, haze.expand(*x.shape, 3), 0.6 * cloud)
    level = 0.35 * torch.sin(3.1 * place)
    far = level + 0.02 + 0.14 * torch.sin(1.6 * x + 2 * place) + 0.06 * torch.sin(4.1 * x - place)
    near = level + 0.32 + 0.07 * torch.sin(1.1 * x - 2 * place)
    hills = 0.5 * haze + 0.5 * torch.tensor([0.16, 0.22, 0.2], device=x.device)
    ground = torch.tensor([0.2, 0.19, 0.1], device=x.device) * 0.7 + 0.3 * q.back2[:, None]
    ground = ground * (1 + 0.15 * grain(x, 3 * y, 0.4)[..., 1, None])
    return _mix(_mix(sky, hills.expand(*x.shape, 3), ramp(y - far, -0.06, 0.06)), ground, ramp(y - near, -0.08, 0.08))


KINDS: tuple[Callable[[Parameters, Tensor, Tensor], Tensor], ...] = (_studio, _wall, _room, _foliage, _landscape)
