"""The base class of all StyleGAN generators: codes, and how they move between their spaces."""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal, Protocol

import torch
from torch import Tensor, nn

from ..errors import LatentError
from ..latents import Latent
from ..randomness import normal
from .layers import EqualLinear, normalize_2nd_moment

__all__ = ["LatentConfig", "LatentGenerator", "Noise", "Person"]

Noise = Literal["fixed", "random", "none"] | Sequence[Tensor]


class LatentConfig(Protocol):
    """The sizes that codes depend on."""

    @property
    def resolution(self) -> int: ...
    @property
    def num_layers(self) -> int: ...
    @property
    def z_dim(self) -> int: ...
    @property
    def w_dim(self) -> int: ...
    @property
    def mapping_layers(self) -> int: ...


class Person(Protocol):
    """A generator that was tuned to a person; see `people.Tuned`."""

    @property
    def generator(self) -> "LatentGenerator": ...
    @property
    def base(self) -> "LatentGenerator": ...
    def at(self, likeness: float) -> "LatentGenerator": ...


class LatentGenerator(nn.Module, ABC):
    """A mapping network, and a synthesis network of L layers that a row of w+ drives each.

    Attributes:
        w_avg: the mean of w, ``[w_dim]``, which truncation pulls towards.
    """

    config: LatentConfig
    w_avg: Tensor

    def __init__(self, config: LatentConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.z_dim] + [config.w_dim] * config.mapping_layers
        linears = [EqualLinear(a, b, lr_mul=0.01, activate=True) for a, b in itertools.pairwise(widths)]
        self.style = nn.ModuleList([nn.Identity(), *linears])
        self.register_buffer("w_avg", torch.zeros(config.w_dim))

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

    def mapping(self, z: Tensor) -> Tensor:
        """z ``[N, D]`` or z+ ``[N, L, D]`` to w of the same shape, row by row; in float32, which costs nothing here."""
        with torch.autocast(z.device.type, enabled=False):
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
        """Any latent as w+, on this generator's device.

        Raises:
            LatentError: its number of layers or dimensions is not this generator's.
        """
        codes = latent.codes.to(self.w_avg.device)
        codes = self._map(codes) if latent.space.startswith("z") else codes
        w_plus = codes if codes.ndim == 3 else self.broadcast(codes)
        self._check(w_plus)
        return latent.to(self.w_avg.device).with_codes(w_plus, "w+")

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

    @abstractmethod
    def noise_maps(self, noise: Noise = "fixed", batch: int = 1, rng: torch.Generator | None = None) -> list[Tensor | None]:
        """One map for each layer that takes noise; an empty list where none does."""

    @abstractmethod
    def synthesis(self, w_plus: Tensor, *, noise: Noise = "fixed", rng: torch.Generator | None = None) -> Tensor:
        """w+ ``[N, L, D]`` to images ``[N, 3, H, W]``, RGB, nominally in [-1, 1] and not clamped, float32."""

    def forward(self, latent: Latent, *, noise: Noise = "fixed", rng: torch.Generator | None = None) -> Tensor:
        """A latent in any space to images ``[N, 3, H, W]``; see `synthesis`.

        Args:
            noise: "fixed" stands for the latent's own maps where it has any.

        Raises:
            LatentError: the latent does not fit this generator, or holds an edit in S space that it can't draw.
        """
        placed = self.to_w_plus(latent.without_offset(f"a {type(self).__name__}"))
        return self.synthesis(placed.codes, noise=placed.noise_or(noise), rng=rng)

    def on(self, person: Person, likeness: float) -> "LatentGenerator":
        """What draws a person who was tuned on this generator, or on the one that it was fine-tuned from.

        Args:
            likeness: 0 gives this generator, 1 as much of the person as it can keep.
        """
        return person.at(likeness)

    def sample_z(self, count: int, rng: torch.Generator | None = None) -> Tensor:
        """Gaussian z ``[count, D]``, the same on every device for a source on the CPU; see `randomness.normal`."""
        return normal(count, self.config.z_dim, rng=rng, device=self.w_avg.device)

    @torch.no_grad()
    def random_faces(self, count: int, rng: torch.Generator | None = None, *, psi: float = 1.0) -> Latent:
        """Random faces in w, truncated by `psi`: 1 gives the full variety, 0 the mean face; see `sample_z`."""
        return Latent(self.truncate(self.mapping(self.sample_z(count, rng)), psi), "w")

    @torch.no_grad()
    def estimate_w_avg(self, samples: int = 10_000, seed: int = 0) -> Tensor:
        """The mean of w over `samples` random z, for files that lack it."""
        rng = torch.Generator("cpu").manual_seed(seed)
        return self.mapping(self.sample_z(samples, rng)).mean(dim=0)
