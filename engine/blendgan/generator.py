"""BlendGAN's generator (Liu et al. 2021, section 3.2): a StyleGAN2 whose layers see a face, a style, or both.

    z_s -> embedding -> w_s
    w   = w_f + share * (w_s - w_f)        share [L] in [0, 1], nothing below row `indicator`    (3) to (5)

Must match ``Generator`` of onion-liu/BlendGAN, whose parameter names it has. There ``add_weight`` is what
the *face* keeps in each layer, so that the paper's alpha, the style's share, is 1 minus it.
"""

import itertools

import torch
from torch import Tensor, nn

from ..errors import StyleError
from ..randomness import normal
from ..stylegan2 import Generator, Noise
from ..stylegan2.layers import EqualLinear, normalize_2nd_moment
from .config import BlendConfig

__all__ = ["BlendGenerator"]


class BlendGenerator(Generator):
    """A generator that draws a face with or without a style.

    Attributes:
        add_weight: what the face's code keeps in each layer, ``[1, L, 1]``. Only its part in [0, 1] counts; who
            trains it clamps it after every step, since beyond these bounds it has no gradient.
    """

    config: BlendConfig

    def __init__(self, config: BlendConfig) -> None:
        super().__init__(config)
        widths = [config.code_dim] + [config.w_dim] * config.code_layers
        linears = [EqualLinear(a, b, lr_mul=0.01, activate=True) for a, b in itertools.pairwise(widths)]
        self.embedding = nn.ModuleList([nn.Identity(), *linears])
        self.add_weight = nn.Parameter(torch.ones(1, config.num_layers, 1))

    @property
    def code_dim(self) -> int:
        """Dimensions of a style code."""
        return self.config.code_dim

    def sample_style(self, count: int, rng: torch.Generator | None = None) -> Tensor:
        """Gaussian style codes z_s ``[count, D]``."""
        return normal(count, self.code_dim, rng=rng, device=self.w_avg.device)

    def map_style(self, style_code: Tensor) -> Tensor:
        """Style codes z_s ``[N, D]`` to w_s of the same shape. They are never truncated.

        Raises:
            StyleError: the codes have another shape.
        """
        self.check_style(style_code)
        w = normalize_2nd_moment(style_code.float())
        for layer in self.embedding[1:]:
            w = layer(w)
        return w

    def check_style(self, style_code: Tensor) -> None:
        """Refuse what is no batch of style codes.

        Raises:
            StyleError: the codes have another shape.
        """
        if style_code.ndim != 2 or style_code.shape[1] != self.code_dim:
            raise StyleError(
                f"this generator takes style codes [N, {self.code_dim}], not {list(style_code.shape)}: "
                "use the style encoder that belongs to it"
            )

    def style_share(self, indicator: float | Tensor, strength: float = 1.0) -> Tensor:
        """How much of each row the style takes, ``[L, 1]``, or ``[N, L, 1]`` for indicators ``[N]``; see `blend`.

        Raises:
            StyleError: there is no such indicator.
        """
        if not isinstance(indicator, Tensor):
            self._check_indicator(indicator)
        share = strength * (1 - self.add_weight[0].float().clamp(0, 1))
        rows = torch.arange(1, self.num_layers + 1, device=share.device)
        first = indicator.to(share.device)[:, None] if isinstance(indicator, Tensor) else indicator
        return share * (rows - first).clamp(0, 1)[..., None]

    def _check_indicator(self, indicator: float) -> None:
        if not isinstance(indicator, int | float) or not 0 <= indicator <= self.num_layers:
            raise StyleError(
                f"the indicator is {indicator!r}: it is a number from 0 (all of the style) "
                f"to {self.num_layers} (the natural face)"
            )

    def blend(self, w_plus: Tensor, w_s: Tensor, indicator: float | Tensor = 0, *, strength: float = 1.0) -> Tensor:
        """The weighted blending module: faces ``[N, L, D]`` and styles ``[N or 1, D]`` to the w+ that is drawn.

        Args:
            indicator: how many of the first rows ignore the style: 0 none of them, L all. Between two whole numbers, the
                row that they differ in takes a part of it: after 3 rows and a half, half of what it takes in full. A tensor
                ``[N]`` has one for each face; its numbers are not checked.
            strength: of the style's share: 0 gives `w_plus`, 1 what was learned.

        Raises:
            StyleError: there is no such indicator, or the styles do not fit the faces in number.
            LatentError: the faces' shape is not this generator's.
        """
        self._check(w_plus)
        if len(w_s) not in (1, len(w_plus)):
            raise StyleError(f"{len(w_s)} styles were given for {len(w_plus)} faces: give one, or one for each")
        w_plus = w_plus.float()
        return torch.lerp(w_plus, w_s.to(w_plus)[:, None], self.style_share(indicator, strength))

    def synthesis(
        self,
        w_plus: Tensor,
        style_code: Tensor | None = None,
        *,
        indicator: float | Tensor = 0,
        noise: Noise = "fixed",
        rng: torch.Generator | None = None,
    ) -> Tensor:
        """w+ ``[N, L, D]`` to images ``[N, 3, H, W]``, RGB, nominally in [-1, 1] and not clamped, float32.

        Args:
            style_code: z_s ``[N or 1, D]``; without it the natural face is drawn.
            indicator: see `blend`; the release calls it ``add_weight_index``, and its None is 0.
            noise, rng: see `noise_maps`.

        Raises:
            LatentError: the faces' shape is not this generator's.
            StyleError: the style code or the indicator does not fit.
        """
        if style_code is not None:
            w_plus = self.blend(w_plus, self.map_style(style_code), indicator)
        return super().synthesis(w_plus, noise=noise, rng=rng)
