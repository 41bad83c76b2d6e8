"""One resolution of the synthesis network, whole or in horizontal strips.

At 512 pixels and above, one feature map of an image is larger than a CPU's cache and than
what its allocator keeps for reuse, so that every operation would wait for memory, and for fresh pages
of it. Cut into strips, a stage's intermediate results stay small: on two cores the last stages run
half again as fast, and the peak of memory no longer depends on them. The result is the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

import torch
from torch import Tensor

from .synthesis_layers import StyledConv, ToRGB

__all__ = ["Stage"]

STRIP_BYTES = 20 * 2**20


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The layers of one resolution with the styles and noise of one call.

    Attributes:
        convs: one convolution at 4 x 4, two (the first up-sampling) elsewhere.
        styles: ``[N, C_i]`` for each of `convs`.
        noise: ``[1 or N, 1, H, W]`` or None for each of `convs`.
        rgb_style: ``[N, C]`` for `to_rgb`.
        dtype: precision to compute in.
    """

    convs: Sequence[StyledConv]
    to_rgb: ToRGB
    styles: Sequence[Tensor]
    noise: Sequence[Tensor | None]
    rgb_style: Tensor
    dtype: torch.dtype

    def __call__(self, x: Tensor, rgb: Tensor | None, *, keep: bool = True) -> tuple[Tensor, Tensor]:
        """Features and image of half the size to features and image; unless `keep`, the features may be left out."""
        x = x.to(self.dtype)
        return self._in_strips(x, rgb, keep) if rgb is not None and self._too_large(x) else self._whole(x, rgb)

    def _whole(self, x: Tensor, rgb: Tensor | None) -> tuple[Tensor, Tensor]:
        for conv, style, noise in zip(self.convs, self.styles, self.noise, strict=True):
            x = conv(x, style, noise)
        return x, self.to_rgb(x, self.rgb_style, rgb)

    def _too_large(self, x: Tensor) -> bool:
        if x.device.type != "cpu" or torch.is_grad_enabled():
            return False
        return len(x) * self._row_bytes(x) * x.shape[2] > STRIP_BYTES

    def _row_bytes(self, x: Tensor) -> int:
        """What one row of `x` becomes, in the largest of this stage's feature maps."""
        return 4 * x.shape[3] * self.convs[0].conv.weight.shape[1] * x.element_size()

    def _in_strips(self, x: Tensor, rgb: Tensor, keep: bool) -> tuple[Tensor, Tensor]:
        n, _, h, w = x.shape
        rows = max(8, min(h, STRIP_BYTES // self._row_bytes(x)))
        rows = ceil(h / ceil(h / rows))
        channels = self.convs[-1].conv.weight.shape[1]
        image = rgb.new_empty(n, 3, 2 * h, 2 * w)
        features = _room_for(x, channels if keep else 0)
        for sample in range(n):
            one = self._sample(sample)
            into = features[sample, None], image[sample, None]
            for top in range(0, h, rows):
                one._strip(x[sample, None], rgb[sample, None], (top, min(top + rows, h)), into)
        return features, image

    def _strip(self, x: Tensor, rgb: Tensor, rows: tuple[int, int], into: tuple[Tensor, Tensor]) -> None:
        """Fill in what `rows` of the input become, from a strip with enough rows around it."""
        top, bottom = rows
        halo = (len(self.to_rgb.taps) + 1) // 2
        first, last = max(top - halo, 0), min(bottom + halo, x.shape[2])
        strip = self._rows(2 * first, 2 * last)._whole(x[:, :, first:last], rgb[:, :, first:last])
        for whole, part in zip(into, strip, strict=True):
            if whole.shape[1]:
                whole[:, :, 2 * top : 2 * bottom] = part[:, :, 2 * (top - first) : 2 * (bottom - first)]

    def _sample(self, index: int) -> "Stage":
        def of(batch: Tensor) -> Tensor:
            return batch[index, None] if len(batch) > 1 else batch

        return replace(
            self,
            styles=[of(style) for style in self.styles],
            noise=[None if noise is None else of(noise) for noise in self.noise],
            rgb_style=of(self.rgb_style),
        )

    def _rows(self, first: int, last: int) -> "Stage":
        return replace(self, noise=[None if noise is None else noise[:, :, first:last] for noise in self.noise])


def _room_for(x: Tensor, channels: int) -> Tensor:
    """Memory for features of twice the size of `x`."""
    n, _, h, w = x.shape
    return torch.empty(n, channels, 2 * h, 2 * w, dtype=x.dtype, device=x.device, memory_format=torch.channels_last)
