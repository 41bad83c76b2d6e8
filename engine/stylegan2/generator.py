"""StyleGAN2 generator (Karras et al. 2020), in the parameter names of rosinality/stylegan2-pytorch.

    z -> mapping -> w -> truncate -> w+ -> styles (S space) -> render -> image

Layers in forward order: a convolution at 4 x 4 and its to-RGB, then for each higher resolution an
up-sampling convolution, a second one, and a to-RGB that adds to the up-sampled image so far. Row r of
w+ drives the r-th of them, but that a to-RGB shares its row with the next up-sampling convolution.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from ..errors import LatentError
from ..latents import Latent
from .config import GeneratorConfig, resolutions
from .layers import EqualLinear, compute_dtype, normalize_2nd_moment
from .stage import Stage
from .styled import Layer, StyledConv, ToRGB

__all__ = ["Generator", "Noise"]

FULL_PRECISION = 32  # stages up to this side are always float32: they cost little, and their errors reach every pixel
EARLY = 16  # so are those up to this part of the image's side

Noise = Literal["fixed", "random", "none"] | Sequence[Tensor]


class ConstantInput(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.input = nn.Parameter(torch.randn(1, channels, 4, 4))


class Generator(nn.Module):
    """A StyleGAN2 generator of any size.

    Attributes:
        w_avg: the mean of w, ``[w_dim]``, which truncation pulls towards.
    """

    w_avg: Tensor

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        channels, sides = config.channels, resolutions(config.resolution)
        widths = [config.z_dim] + [config.w_dim] * config.mapping_layers
        linears = [EqualLinear(a, b, lr_mul=0.01, activate=True) for a, b in itertools.pairwise(widths)]
        self.style = nn.ModuleList([nn.Identity(), *linears])
        self.register_buffer("w_avg", torch.zeros(config.w_dim))

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
            self.noises.register_buffer(f"noise_{index}", torch.randn(1, 1, side, side))

    # --- facts -----------------------------------------------------------------------------------

    @property
    def resolution(self) -> int:
        """Side of the image in pixels."""
        return self.config.resolution

    @property
    def num_layers(self) -> int:
        """L, the rows of a w+ code."""
        return self.config.num_layers

    @property
    def latent_dim(self) -> int:
        """D, the dimensions of w."""
        return self.config.w_dim

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

    def stages(self) -> Iterator[tuple[tuple[StyledConv, ...], ToRGB]]:
        """The layers of each resolution: its convolutions, and its to-RGB."""
        yield (self.conv1,), self.to_rgb1
        pairs = zip(self.convs[::2], self.convs[1::2], strict=True)
        yield from zip(pairs, self.to_rgbs, strict=True)

    # --- from z to styles --------------------------------------------------------------------------

    def mapping(self, z: Tensor) -> Tensor:
        """z ``[N, D]`` or z+ ``[N, L, D]`` to w of the same shape, row by row."""
        w = normalize_2nd_moment(z.float())
        for layer in self.style[1:]:
            w = layer(w)
        return w

    def truncate(self, w: Tensor, psi: float, cutoff: int | None = None) -> Tensor:
        """Move w ``[N, D]`` or w+ ``[N, L, D]`` towards the mean: ``w_avg + psi * (w - w_avg)``.

        Args:
            psi: 1 changes nothing, 0 gives the mean face.
            cutoff: truncate only the first rows of a w+.
        """
        truncated = torch.lerp(self.w_avg.to(w), w, psi)
        if cutoff is None:
            return truncated
        if w.ndim != 3:
            raise LatentError(f"a cutoff needs a code for each layer [N, L, D], not {list(w.shape)}")
        return torch.cat([truncated[:, :cutoff], w[:, cutoff:]], dim=1)

    def broadcast(self, w: Tensor) -> Tensor:
        """w ``[N, D]`` to w+ ``[N, L, D]``: the same code for every layer."""
        return w[:, None].expand(-1, self.num_layers, -1)

    def to_w_plus(self, latent: Latent) -> Latent:
        """Any latent as w+.

        Raises:
            LatentError: its number of layers or dimensions is not this generator's.
        """
        codes = self._map(latent.codes) if latent.space.startswith("z") else latent.codes
        w_plus = codes if codes.ndim == 3 else self.broadcast(codes)
        self._check(w_plus)
        return Latent(w_plus, "w+")

    def _map(self, z: Tensor) -> Tensor:
        wanted = self.config.z_dim
        if z.shape[-1] != wanted:
            raise LatentError(
                f"this generator of {self.resolution} pixels takes z codes of {wanted} dimensions, not {z.shape[-1]}: "
                "use the encoder or the latent that belongs to it"
            )
        return self.mapping(z)

    def _check(self, w_plus: Tensor) -> None:
        wanted = [self.num_layers, self.latent_dim]
        if w_plus.ndim != 3 or list(w_plus.shape[1:]) != wanted:
            raise LatentError(
                f"this generator of {self.resolution} pixels takes w+ codes of the shape [N, {wanted[0]}, {wanted[1]}], "
                f"not {list(w_plus.shape)}: use the encoder or the latent that belongs to it"
            )

    def styles(self, w_plus: Tensor) -> list[Tensor]:
        """w+ ``[N, L, D]`` to S space: ``[N, C_i]`` float32 for each of `layers`."""
        self._check(w_plus)
        w_plus = w_plus.float()
        with torch.autocast(w_plus.device.type, enabled=False):
            return [layer.conv.modulation(w_plus[:, row]) for layer, row in zip(self.layers, self.rows, strict=True)]

    def noise_maps(self, noise: Noise = "fixed", batch: int = 1, rng: torch.Generator | None = None) -> list[Tensor | None]:
        """One map ``[1 or N, 1, H, W]`` for each 3 x 3 convolution.

        Args:
            noise: "fixed" (this model's own maps), "random", "none", or the maps themselves.
            batch: random maps differ between the images of a batch.
            rng: source of the random maps; on the device of this model.

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
            return [torch.randn(batch, 1, side, side, generator=rng, device=device) for side in sides]
        found = [list(given.shape[-2:]) for given in noise]
        if found != [[side, side] for side in sides]:
            raise ValueError(f"noise maps of the sides {found} were given, and {sides} are needed")
        return list(noise)

    # --- from styles to an image ----------------------------------------------------------------------

    def synthesis(self, w_plus: Tensor, *, noise: Noise = "fixed", rng: torch.Generator | None = None) -> Tensor:
        """w+ ``[N, L, D]`` to images ``[N, 3, H, W]``, RGB, nominally in [-1, 1] and not clamped, float32.

        Under ``torch.autocast`` the convolutions above 32 pixels (64 at 1024) run in its precision; the earlier ones,
        styles, demodulation and the sum of the to-RGB layers stay in float32.

        Args:
            noise, rng: see `noise_maps`.

        Raises:
            LatentError: the code's shape is not this generator's.
        """
        return self.render(self.styles(w_plus), self.noise_maps(noise, len(w_plus), rng))

    def render(self, styles: Sequence[Tensor], noise: Sequence[Tensor | None]) -> Tensor:
        """Styles in the order of `layers` and one noise map for each 3 x 3 convolution, to images."""
        x, rgb = self.constant(len(styles[0])), None
        stages = self.bind(styles, noise)
        with torch.autocast(x.device.type, enabled=False):
            for stage in stages:
                x, rgb = stage(x, rgb, keep=stage.to_rgb is not self.to_rgbs[-1])
        assert rgb is not None
        return rgb

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

    def forward(self, latent: Latent, *, noise: Noise = "fixed", rng: torch.Generator | None = None) -> Tensor:
        """A latent in any space to images ``[N, 3, H, W]``; see `synthesis`."""
        return self.synthesis(self.to_w_plus(latent).codes, noise=noise, rng=rng)

    # --- sampling ----------------------------------------------------------------------------------------

    def sample_z(self, count: int, rng: torch.Generator | None = None) -> Tensor:
        """Gaussian z ``[count, D]``."""
        return torch.randn(count, self.config.z_dim, generator=rng, device=self.w_avg.device)

    @torch.no_grad()
    def estimate_w_avg(self, samples: int = 10_000, seed: int = 0) -> Tensor:
        """The mean of w over `samples` random z, for files that lack it."""
        rng = torch.Generator(self.w_avg.device).manual_seed(seed)
        return self.mapping(self.sample_z(samples, rng)).mean(dim=0)
