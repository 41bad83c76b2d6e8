"""Sizes and layers of a StyleGAN3 generator (Karras et al. 2021, section 3.2 and appendix C)."""

from dataclasses import dataclass
from math import ceil, log2

from ..stylegan2.config import check_resolution

__all__ = ["Generator3Config", "LayerShape", "published_channels"]

CRITICAL_LAYERS = 2  # critically sampled convolutions at the end, whose cutoff is half the sampling rate
FIRST_CUTOFF = 2.0  # of the Fourier features, in periods per side of the image
FIRST_STOPBAND = 2**2.1
LAST_STOPBAND = 2**0.3  # relative to the last cutoff
MARGIN = 10  # pixels of every feature map beyond each border of the image
FILTER_SIZE = 6  # taps for each factor of up- or down-sampling
NONLINEARITY_UPSAMPLING = 2  # ratio of the activation's sampling rate to the higher one of its neighbours
CONVOLUTIONS = 14


def published_channels(resolution: int, *, base: int = 32768, most: int = 512) -> tuple[int, ...]:
    """The published channels of each convolution, for configuration T; R doubles both arguments."""
    cutoffs = _progression(FIRST_CUTOFF, resolution / 2, CONVOLUTIONS)
    return tuple(round(min(base / 2 / cutoff, most)) for cutoff in cutoffs[:-1])


@dataclass(frozen=True, kw_only=True)
class LayerShape:
    """Sizes and rates of one layer. Rates are samples per side of the image, without margins.

    Attributes:
        in_channels, out_channels: channels of the feature maps.
        kernel_size: of the convolution.
        in_size, out_size: side of the feature maps, with margins.
        in_rate, out_rate: sampling rates.
        in_cutoff, out_cutoff: cutoffs of the low-pass filters.
        in_half_width, out_half_width: half of their transition bands.
        radial: whether the down-sampling filter is radially symmetric instead of separable.
    """

    in_channels: int
    out_channels: int
    kernel_size: int
    in_size: int
    out_size: int
    in_rate: int
    out_rate: int
    in_cutoff: float
    out_cutoff: float
    in_half_width: float
    out_half_width: float
    radial: bool

    @property
    def inner_rate(self) -> int:
        """Sampling rate of the activation."""
        return NONLINEARITY_UPSAMPLING * max(self.in_rate, self.out_rate)

    @property
    def up(self) -> int:
        """Up-sampling factor, from the input to the activation."""
        return self.inner_rate // self.in_rate

    @property
    def down(self) -> int:
        """Down-sampling factor, from the activation to the output."""
        return self.inner_rate // self.out_rate

    @property
    def up_taps(self) -> int:
        return FILTER_SIZE * self.up

    @property
    def down_taps(self) -> int:
        return FILTER_SIZE * self.down

    @property
    def before(self) -> int:
        """Padding before the first sample, at the activation's rate; negative to crop.

        Half of the total padding, rounded so that input and output have the same centre.
        """
        inner = (self.out_size - 1) * self.down + self.up_taps + self.down_taps - 1
        return (inner - (self.in_size + self.kernel_size - 1) * self.up + self.up) // 2


@dataclass(frozen=True, kw_only=True)
class Generator3Config:
    """Sizes of a generator.

    Attributes:
        resolution: side of the image in pixels, a power of two from 16 to 2048.
        channels: output channels of each convolution, without the to-RGB layer; the published ones of T if empty.
        z_dim: dimensions of z.
        w_dim: dimensions of w.
        mapping_layers: depth of the mapping network.
        kernel_size: of the convolutions: 3 in configuration T, 1 in R.
        radial_filters: radially symmetric filters, as in configuration R.
        conv_clamp: bound on the activations, or None.

    Raises:
        ValueError: the sizes are not those of a StyleGAN3.
    """

    resolution: int
    channels: tuple[int, ...] = ()
    z_dim: int = 512
    w_dim: int = 512
    mapping_layers: int = 2
    kernel_size: int = 3
    radial_filters: bool = False
    conv_clamp: float | None = 256.0

    def __post_init__(self) -> None:
        check_resolution(self.resolution)
        if self.resolution < 16:
            raise ValueError(f"resolution {self.resolution} is less than 16, the sampling rate of the first layer")
        if not self.channels:
            object.__setattr__(self, "channels", published_channels(self.resolution))
        if len(self.channels) <= CRITICAL_LAYERS:
            raise ValueError(f"channels has {len(self.channels)} convolutions; expected at least {CRITICAL_LAYERS + 1}")
        if self.kernel_size not in (1, 3):
            raise ValueError(f"kernel_size is {self.kernel_size}; expected 3 (configuration T) or 1 (R)")

    @classmethod
    def published(cls, configuration: str, resolution: int) -> "Generator3Config":
        """The paper's configuration "t" (translation equivariant) or "r" (also rotation equivariant).

        Raises:
            ValueError: the configuration is neither "t" nor "r".
        """
        if configuration == "t":
            return cls(resolution=resolution)
        if configuration == "r":
            channels = published_channels(resolution, base=65536, most=1024)
            return cls(resolution=resolution, channels=channels, kernel_size=1, radial_filters=True)
        raise ValueError(f"configuration is {configuration!r}; expected 't' or 'r'")

    @property
    def num_layers(self) -> int:
        """L, the number of rows of a w+ code: Fourier features, convolutions and to-RGB layer."""
        return len(self.channels) + 2

    @property
    def cutoffs(self) -> list[float]:
        """Cutoff frequency of each layer's output, beginning with the Fourier features."""
        return _progression(FIRST_CUTOFF, self.resolution / 2, len(self.channels))

    @property
    def rates(self) -> list[int]:
        """Sampling rate of each layer's output."""
        return [2 ** ceil(log2(min(2 * stopband, self.resolution))) for stopband in self._stopbands]

    @property
    def sizes(self) -> list[int]:
        """Side of each layer's output in samples; the last two have no margins."""
        return [rate + 2 * MARGIN for rate in self.rates[:-2]] + [self.resolution] * 2

    @property
    def _stopbands(self) -> list[float]:
        return _progression(FIRST_STOPBAND, LAST_STOPBAND * self.resolution / 2, len(self.channels))

    @property
    def shapes(self) -> list[LayerShape]:
        """Sizes and rates of each convolution and of the to-RGB layer."""
        last, channels = len(self.channels), (*self.channels, 3)
        rates, sizes, cutoffs = self.rates, self.sizes, self.cutoffs
        bands = zip(self._stopbands, rates, cutoffs, strict=True)
        half_widths = [max(stopband, rate / 2) - cutoff for stopband, rate, cutoff in bands]
        return [
            LayerShape(
                in_channels=channels[before],
                out_channels=channels[index],
                kernel_size=1 if index == last else self.kernel_size,
                in_size=sizes[before],
                out_size=sizes[index],
                in_rate=rates[before],
                out_rate=rates[index],
                in_cutoff=cutoffs[before],
                out_cutoff=cutoffs[index],
                in_half_width=half_widths[before],
                out_half_width=half_widths[index],
                radial=self.radial_filters and index < last - CRITICAL_LAYERS,
            )
            for index, before in enumerate([0, *range(last)])
        ]


def _progression(first: float, last: float, convolutions: int) -> list[float]:
    """Geometric progression from `first` to `last`, which the critically sampled layers keep."""
    steps = convolutions - CRITICAL_LAYERS
    return [first * (last / first) ** min(index / steps, 1) for index in range(convolutions + 1)]
