"""Adaptive discriminator augmentation (StyleGAN2-ADA, Karras et al. 2020b, sections 2 and 3, appendix B).

Every image that the discriminator sees, real or generated, is transformed at random, each transform with the probability p;
p follows how much the discriminator overfits. Gradients flow through.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .augment_color import color_matrices, recolor
from .augment_corrupt import add_noise, cut_out, filter_bands
from .augment_geometry import geometry_matrices, warp

__all__ = ["PIPELINES", "AdaptiveAugment", "Augment", "Strengths"]

UNIFORM = (
    *("x_flip", "x_flip_side", "rotate90", "rotate90_turns", "x_int", "x_int_x", "x_int_y", "scale", "rotate_before"),
    *("rotate_before_angle", "aniso", "rotate_after", "rotate_after_angle", "x_frac", "brightness", "contrast", "luma_flip"),
    *("luma_flip_side", "hue", "hue_angle", "saturation", "filter_0", "filter_1", "filter_2", "filter_3", "noise", "seed"),
    *("cutout", "cutout_x", "cutout_y"),
)
NORMAL = (
    *("scale_by", "aniso_by", "x_frac_x", "x_frac_y", "brightness_by", "contrast_by", "saturation_by"),
    *("filter_0_by", "filter_1_by", "filter_2_by", "filter_3_by", "noise_by"),
)
COLUMNS = {name: column for column, name in enumerate((*UNIFORM, *NORMAL))}


@dataclass(frozen=True, kw_only=True)
class Strengths:
    """Factors of p for each transform: 0 switches it off, 1 applies it with the probability p (appendix B)."""

    x_flip: float = 0.0
    rotate90: float = 0.0
    x_int: float = 0.0
    scale: float = 0.0
    rotate: float = 0.0
    aniso: float = 0.0
    x_frac: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    luma_flip: float = 0.0
    hue: float = 0.0
    saturation: float = 0.0
    filter: float = 0.0
    noise: float = 0.0
    cutout: float = 0.0


BLIT = {"x_flip": 1.0, "rotate90": 1.0, "x_int": 1.0}
GEOMETRY = {"scale": 1.0, "rotate": 1.0, "aniso": 1.0, "x_frac": 1.0}
COLOR = {"brightness": 1.0, "contrast": 1.0, "luma_flip": 1.0, "hue": 1.0, "saturation": 1.0}
PIPELINES = {
    "blit": Strengths(**BLIT),
    "geom": Strengths(**GEOMETRY),
    "color": Strengths(**COLOR),
    "bg": Strengths(**BLIT, **GEOMETRY),
    "bgc": Strengths(**BLIT, **GEOMETRY, **COLOR),
    "bgcf": Strengths(**BLIT, **GEOMETRY, **COLOR, filter=1.0),
    "bgcfn": Strengths(**BLIT, **GEOMETRY, **COLOR, filter=1.0, noise=1.0),
    "bgcfnc": Strengths(**BLIT, **GEOMETRY, **COLOR, filter=1.0, noise=1.0, cutout=1.0),
}
"""The published choices; "bgc" is the best for photographs (figure 4)."""


class Drawn:
    """The random numbers of one batch by name, each ``[N]``, and which transforms they apply at the probability p.

    Args:
        numbers: from `Augment.draw`, ``[N, K]`` on the CPU.
        p: the probability of each transform.
        strengths: factors of p.
    """

    def __init__(self, numbers: Tensor, p: float, strengths: Strengths) -> None:
        self._numbers = numbers.double()
        self.p = p
        self.strengths = strengths

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, name: str) -> Tensor:
        return self._numbers[:, COLUMNS[name]]

    def chosen(self, name: str, probability: float) -> Tensor:
        """Bool ``[N]``: the images that the transform applies to."""
        return self[name] < probability


class Augment:
    """The transforms of a pipeline.

    Args:
        strengths: factors of p; one of `PIPELINES`.
    """

    def __init__(self, strengths: Strengths = PIPELINES["bgc"]) -> None:
        self.strengths = strengths

    @staticmethod
    def draw(rng: torch.Generator, count: int) -> Tensor:
        """The random numbers for `count` images, float32 ``[count, K]`` on the CPU, whatever p will be."""
        uniform = torch.rand(count, len(UNIFORM), generator=rng)
        return torch.cat([uniform, torch.randn(count, len(NORMAL), generator=rng)], dim=1)

    def apply(self, images: Tensor, numbers: Tensor, p: float) -> Tensor:
        """Transform images ``[N, 3, R, R]`` in [-1, 1] with the numbers of `draw`. Differentiable, also twice.

        At p = 0 the images come back as they are, to the bit; so does every image that no transform applies to.
        """
        if p <= 0:
            return images
        drawn = Drawn(numbers, p, self.strengths)
        with torch.autocast(images.device.type, enabled=False):
            images = warp(images.float(), geometry_matrices(drawn, images.shape[-1]))
            images = recolor(images, color_matrices(drawn))
            images = filter_bands(images, drawn)
            images = add_noise(images, drawn)
            return cut_out(images, drawn)


class AdaptiveAugment:
    """An `Augment` whose p follows the overfitting of the discriminator (section 3).

    The heuristic is r_t, the mean sign of the logits of real images: p rises while it is above its target and falls while
    it is below.

    Args:
        augment: the transforms.
        target: of r_t.
        every: iterations between two adjustments.
        images: seen while p moves by 1.
        p: at the start.
        fixed: keep p as it is.
    """

    def __init__(
        self,
        augment: Augment,
        *,
        target: float = 0.6,
        every: int = 4,
        images: float = 500_000,
        p: float = 0.0,
        fixed: bool = False,
    ) -> None:
        self.augment, self.target, self.every, self.images, self.fixed = augment, target, every, images, fixed
        self.p = p
        self._signs: list[float] = []

    def draw(self, rng: torch.Generator, count: int) -> Tensor:
        """As `Augment.draw`."""
        return self.augment.draw(rng, count)

    def apply(self, images: Tensor, numbers: Tensor) -> Tensor:
        """As `Augment.apply`, at the present p."""
        return self.augment.apply(images, numbers, self.p)

    def adjust(self, sign: float, batch: int) -> None:
        """Adjust p after an iteration.

        Args:
            sign: the mean sign of the logits of its real images, in [-1, 1].
            batch: number of its images.
        """
        self._signs.append(sign)
        if len(self._signs) < self.every:
            return
        heuristic = sum(self._signs) / len(self._signs)
        self._signs = []
        if self.fixed:
            return
        step = batch * self.every / self.images
        self.p = min(1.0, max(0.0, self.p + (step if heuristic > self.target else -step if heuristic < self.target else 0.0)))

    def state_dict(self) -> dict[str, Any]:
        return {"p": self.p, "signs": list(self._signs)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.p, self._signs = float(state["p"]), list(state["signs"])
