"""StyleGAN2 generator (Karras et al. 2020), in the parameter names of rosinality/stylegan2-pytorch.

    z -> mapping -> w -> truncate -> w+ -> styles (S space) -> render -> image

Layers in forward order: a convolution at 4 x 4 and its to-RGB, then for each higher resolution an
up-sampling convolution, a second one, and a to-RGB that adds to the up-sampled image so far. Row r of
w+ drives the r-th of them, but that a to-RGB shares its row with the next up-sampling convolution.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from ..errors import LatentError
from ..latents import Latent
from ..randomness import normal
from .config import GeneratorConfig, resolutions
from .latent_generator import LatentGenerator, Noise
from .layers import compute_dtype, gaussian
from .stage import Stage
from .synthesis_layers import Layer, StyledConv, ToRGB

__all__ = ["Generator"]

FULL_PRECISION = 16  # stages up to this side are always float32: they cost little, and their errors reach every pixel
EARLY = 16  # so are those up to this part of the image's side


class ConstantInput(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.input = nn.Parameter(gaussian(1, channels, 4, 4))


class Generator(LatentGenerator):
    """A StyleGAN2 generator of any size."""

    config: GeneratorConfig

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__(config)
        channels, sides = config.channels, resolutions(config.resolution)
        self.input = ConstantInput(channels[4])
        self.conv1 = StyledConv(channels[4], channels[4], config, upsample=False)
        self.to_rgb1 = ToRGB(channels[4], config)
        self.convs = nn.ModuleList()
        self.to_rgbs = nn.ModuleList()
        for side in sides[1:]:
            self.convs.append(StyledConv(channels[side // 2], channels[side], config, upsample=True))
            self.convs.append(StyledConv(channels[side], channels[side], config, upsample=False))
            self.to_rgbs.append(ToRGB(channels[side], config))

        self.noises = nn.Module()
        for index, side in enumerate(self.noise_resolutions):
            self.noises.register_buffer(f"noise_{index}", gaussian(1, 1, side, side))

    @property
    def noise_resolutions(self) -> list[int]:
        """Side of each noise map: one for each 3 x 3 convolution."""
        first, *others = resolutions(self.resolution)
        return [first] + [side for side in others for _ in range(2)]

    @property
    def layers(self) -> list[Layer]:
        """Every style-modulated layer in forward order: the order of S space."""
        return [layer for convs, to_rgb in self.stages() for layer in (*convs, to_rgb)]  # type: ignore[misc]

    @property
    def rows(self) -> list[int]:
        """For each of `layers`, the row of w+ that drives it."""
        later = [row for k in range(len(self.to_rgbs)) for row in (2 * k + 1, 2 * k + 2, 2 * k + 3)]
        return [0, 1, *later]

    @property
    def style_widths(self) -> list[int]:
        """C_i, the channels of S space of each of `layers`; S is their sum."""
        return [int(layer.conv.weight.shape[2]) for layer in self.layers]

    def stages(self) -> Iterator[tuple[tuple[StyledConv, ...], ToRGB]]:
        """The layers of each resolution: its convolutions, and its to-RGB."""
        yield (self.conv1,), self.to_rgb1
        pairs = zip(self.convs[::2], self.convs[1::2], strict=True)
        yield from zip(pairs, self.to_rgbs, strict=True)

    def styles(self, w_plus: Tensor, offset: Tensor | None = None) -> list[Tensor]:
        """w+ ``[N, L, D]`` to S space: ``[N, C_i]`` float32 for each of `layers`.

        Args:
            offset: ``[1 or N, S]``, added to the styles of all layers, one after another; see `Latent`.

        Raises:
            LatentError: the shape of the code or of the offset is not this generator's.
        """
        self._check(w_plus)
        w_plus = w_plus.float()
        with torch.autocast(w_plus.device.type, enabled=False):
            styles = [layer.conv.modulation(w_plus[:, row]) for layer, row in zip(self.layers, self.rows, strict=True)]
        if offset is None:
            return styles
        if offset.shape[-1] != sum(self.style_widths):
            raise LatentError(
                f"an edit in S space has {offset.shape[-1]} channels, and this generator {sum(self.style_widths)}: "
                "it belongs to another generator"
            )
        return [style + part for style, part in zip(styles, offset.to(w_plus).split(self.style_widths, dim=1), strict=True)]

    def weighted(self, offset: Tensor | None, rows: Tensor) -> Tensor | None:
        """An edit in S space ``[1 or N, S]``, if there is one, times a weight for each row of w+: ``[L]``."""
        if offset is None:
            return None
        widths = torch.tensor(self.style_widths, device=rows.device)
        return offset * rows[self.rows].repeat_interleave(widths).to(offset)

    def forward(self, latent: Latent, *, noise: Noise = "fixed", rng: torch.Generator | None = None) -> Tensor:
        """A latent in any space to images ``[N, 3, H, W]``; see `LatentGenerator.forward`."""
        if latent.offset is None:
            return super().forward(latent, noise=noise, rng=rng)
        placed = self.to_w_plus(latent)
        maps = self.noise_maps(placed.noise_or(noise), len(placed), rng)
        return self.render(self.styles(placed.codes, placed.offset), maps)

    def noise_maps(self, noise: Noise = "fixed", batch: int = 1, rng: torch.Generator | None = None) -> list[Tensor | None]:
        """One map ``[1 or N, 1, H, W]`` for each 3 x 3 convolution.

        Args:
            noise: "fixed" (this model's own maps), "random", "none", or the maps themselves.
            batch: random maps differ between the images of a batch.
            rng: random generator; one on the CPU gives the same maps on every device; see `randomness.normal`.

        Raises:
            ValueError: given maps do not fit in number or size.
        """
        sides = self.noise_resolutions
        if isinstance(noise, str):
            if noise == "none":
                return [None] * len(sides)
            if noise == "fixed":
                return [getattr(self.noises, f"noise_{index}") for index in range(len(sides))]
            if noise != "random":
                raise ValueError(f"noise {noise!r} is none of fixed, random, none or a list of maps")
            device = self.w_avg.device
            return [normal(batch, 1, side, side, rng=rng, device=device) for side in sides]
        found = [list(given.shape[-2:]) for given in noise]
        if found != [[side, side] for side in sides]:
            raise ValueError(f"noise maps of the sides {found} were given, and {sides} are needed")
        return list(noise)

    def synthesis(self, w_plus: Tensor, *, noise: Noise = "fixed", rng: torch.Generator | None = None) -> Tensor:
        """w+ ``[N, L, D]`` to images ``[N, 3, H, W]``, RGB, nominally in [-1, 1] and not clamped, float32.

        Under ``torch.autocast`` the convolutions above 16 pixels (32 at 512, 64 at 1024) run in its precision; the
        earlier ones, styles, demodulation and the sum of the to-RGB layers stay in float32.

        Args:
            noise, rng: see `noise_maps`.

        Raises:
            LatentError: the code's shape is not this generator's.
        """
        return self.render(self.styles(w_plus), self.noise_maps(noise, len(w_plus), rng))

    def render(self, styles: Sequence[Tensor], noise: Sequence[Tensor | None]) -> Tensor:
        """Styles in the order of `layers` and one noise map for each 3 x 3 convolution, to images."""
        return self.run(self.bind(styles, noise), self.constant(len(styles[0])))[1]

    def run(self, stages: Sequence[Stage], x: Tensor, rgb: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Features and the image so far, through stages that follow each other; the last of all may drop its features."""
        with torch.autocast(x.device.type, enabled=False):
            for stage in stages:
                x, rgb = stage(x, rgb, keep=stage.to_rgb is not self.to_rgbs[-1])
        assert rgb is not None
        return x, rgb

    def bind(self, styles: Sequence[Tensor], noise: Sequence[Tensor | None]) -> list[Stage]:
        """The stages of one call, from 4 pixels up: layers with their styles and noise, in the precision to compute in."""
        vectors, maps = iter(styles), iter(noise)
        reduced = compute_dtype(self.input.input)
        exact = max(FULL_PRECISION, self.resolution // EARLY)
        return [
            Stage(
                convs=convs,
                to_rgb=to_rgb,
                styles=[next(vectors) for _ in convs],
                noise=[next(maps) for _ in convs],
                rgb_style=next(vectors),
                dtype=torch.float32 if side <= exact else reduced,
            )
            for side, (convs, to_rgb) in zip(resolutions(self.resolution), self.stages(), strict=True)
        ]

    def constant(self, batch: int) -> Tensor:
        """The learned input, float32 ``[N, C, 4, 4]``."""
        return self.input.input.float().expand(batch, -1, -1, -1).contiguous(memory_format=torch.channels_last)
