"""Changes of facial proportions, which caricature, toon and icon styles apply before painting."""

import torch
from torch import Tensor

from ..coordinates import COORDINATES
from ..parameters import Parameters, parameters

__all__ = ["exaggerated", "moved", "scaled"]

# Limits within which the shapes stay intact, determined from extremes by eye.
BOUNDS = {
    "face_width": (0.8, 1.2),
    "jaw_width": (0.68, 1.25),
    "chin_length": (0.78, 1.26),
    "cheeks": (0.45, 1.6),
    "forehead": (0.86, 1.16),
    "head_height": (0.88, 1.16),
    "neck": (0.3, 0.68),
    "nose_length": (0.58, 1.32),
    "nose_width": (0.45, 1.6),
    "nose_tip": (-0.1, 0.13),
    "nose_bridge": (0.3, 1.8),
    "eye_size": (0.66, 2.3),
    "eye_x": (0.3, 0.41),
    "eye_tilt": (-0.2, 0.32),
    "eye_open": (0.3, 1.4),
    "brow_y": (0.2, 0.46),
    "brow_width": (0.018, 0.095),
    "brow_arch": (-0.03, 0.16),
    "brow_tilt": (-0.6, 0.9),
    "mouth_y": (-0.84, -0.58),
    "mouth_width": (0.14, 0.4),
    "lip_upper": (0.024, 0.12),
    "lip_lower": (0.03, 0.14),
    "ear_size": (0.55, 1.6),
}
BEHIND_GLASSES = 1.5  # larger eyes would not fit the frames


def _bounded(q: Parameters, changes: dict[str, Tensor]) -> Parameters:
    for name, value in changes.items():
        if name in BOUNDS:
            changes[name] = value.clamp(*BOUNDS[name])
    if "eye_size" in changes:
        changes["eye_size"] = torch.where(q.glasses > 0, changes["eye_size"].clamp_max(BEHIND_GLASSES), changes["eye_size"])
    return q.replace(**changes)


def scaled(q: Parameters, amount: float = 1.0, **factors: float) -> Parameters:
    """Multiply some parameters, within the limits of the shapes; `amount` interpolates towards the factors, or beyond."""
    return _bounded(q, {name: getattr(q, name) * (1 + amount * (factor - 1)) for name, factor in factors.items()})


def moved(q: Parameters, amount: float = 1.0, **steps: float) -> Parameters:
    """Shift some parameters by `amount` times some steps, within the limits of the shapes."""
    return _bounded(q, {name: getattr(q, name) + amount * step for name, step in steps.items()})


def exaggerated(q: Parameters, factor: float) -> Parameters:
    """Scale every face's deviation from the mean face by `factor`."""
    mean = parameters(torch.zeros(1, len(COORDINATES), device=q.age.device))

    def further(name: str) -> Tensor:
        middle: Tensor = getattr(mean, name)
        own: Tensor = getattr(q, name)
        return middle + factor * (own - middle)

    return _bounded(q, {name: further(name) for name in BOUNDS})
