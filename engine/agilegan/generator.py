"""AgileGAN's attribute-aware generator (Song et al. 2021, section 4.2), to match flyingbread-elon/AgileGAN.

    mapping, 4 x 4                  shared
    8 x 8 to `split` (64 x 64)      one set of blocks for each path: the shapes that an attribute changes
    from there up                   shared: texture

Path 0 is the generator's own; the others' blocks are in `branches`. Row r of w+ drives the same layer in
every path. Two departures from the release: it always computes both images, and here only what is asked for
is computed; and it can't use its own noise maps, since it starts again at the smallest in the shared end, where
here each layer gets the map of its size.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import overload

import torch
from torch import Tensor, nn

from ..people import add_person
from ..stylegan2 import Generator, Noise
from ..stylegan2.config import resolutions
from ..stylegan2.latent_generator import Person
from ..stylegan2.synthesis_layers import StyledConv, ToRGB
from ..stylegan2.weight_cache import WeightCache
from .config import AgileConfig

__all__ = ["AgileGenerator"]


class Branch(nn.Module):
    """A path's own blocks, from 8 pixels to the split."""

    def __init__(self, config: AgileConfig) -> None:
        super().__init__()
        self.convs = nn.ModuleList()
        self.to_rgbs = nn.ModuleList()
        channels = config.channels
        for side in resolutions(config.split)[1:]:
            self.convs.append(StyledConv(channels[side // 2], channels[side], config, upsample=True))
            self.convs.append(StyledConv(channels[side], channels[side], config, upsample=False))
            self.to_rgbs.append(ToRGB(channels[side], config))


class AgileGenerator(Generator):
    """A StyleGAN2 whose lower blocks exist once for each attribute."""

    config: AgileConfig

    def __init__(self, config: AgileConfig) -> None:
        super().__init__(config)
        self.branches = nn.ModuleList([Branch(config) for _ in config.attributes[1:]])
        self.mixtures = WeightCache[Generator]()  # what styles make of the paths

    @property
    def paths(self) -> int:
        """How many there are."""
        return len(self.config.attributes)

    def path(self, index: int) -> Generator:
        """One path alone: a plain generator that shares its parameters with this one.

        Raises:
            ValueError: there is no such path.
        """
        if not 0 <= index < self.paths:
            raise ValueError(f"there is no path {index}: this generator has {self.paths}, from 0 on")
        alone = Generator.__new__(Generator)
        nn.Module.__init__(alone)
        alone.config, alone.training = self.config.path, self.training
        for name, buffer in self.named_buffers(recurse=False):
            alone.register_buffer(name, buffer)
        for name, child in self.named_children():
            if name not in ("branches", "mixtures"):
                alone.add_module(name, child)
        if index:
            branch, own = self.branches[index - 1], self.config.own_stages
            assert isinstance(branch, Branch)
            alone.convs = nn.ModuleList([*branch.convs, *self.convs[2 * own :]])
            alone.to_rgbs = nn.ModuleList([*branch.to_rgbs, *self.to_rgbs[own:]])
        return alone

    def on(self, person: Person, likeness: float) -> "AgileGenerator":
        """A copy whose paths draw a person, who was tuned on the source of this generator; see `people.composition`."""
        with torch.inference_mode(False):
            mixed = deepcopy(self).requires_grad_(False)
            add_person([mixed.path(index) for index in range(mixed.paths)], person, likeness)
        return mixed

    @overload
    def synthesis(
        self, w_plus: Tensor, *, path: int = 0, noise: Noise = "fixed", rng: torch.Generator | None = None
    ) -> Tensor: ...

    @overload
    def synthesis(
        self, w_plus: Tensor, *, path: None, noise: Noise = "fixed", rng: torch.Generator | None = None
    ) -> list[Tensor]: ...

    def synthesis(
        self, w_plus: Tensor, *, path: int | None = 0, noise: Noise = "fixed", rng: torch.Generator | None = None
    ) -> Tensor | list[Tensor]:
        """w+ ``[N, L, D]`` to images ``[N, 3, H, W]`` of one path, or of every path; see `Generator.synthesis`.

        Args:
            path: which one, from 0 on; None for a list of all paths' images, which share their noise.
            noise, rng: see `noise_maps`.

        Raises:
            LatentError: the code's shape is not this generator's.
            ValueError: there is no such path.
        """
        maps = self.noise_maps(noise, len(w_plus), rng)
        if path is None:
            return self._every_path(w_plus, maps)
        alone = self.path(path)
        return alone.render(alone.styles(w_plus), maps)

    def _every_path(self, w_plus: Tensor, maps: Sequence[Tensor | None]) -> list[Tensor]:
        """The shared start once, each path's own blocks, and the shared end with the paths as one batch."""
        paths = [self.path(index) for index in range(self.paths)]
        styles = [alone.styles(w_plus) for alone in paths]
        stages = [alone.bind(own, maps) for alone, own in zip(paths, styles, strict=True)]
        split = 1 + self.config.own_stages
        start = self.run(stages[0][:1], self.constant(len(w_plus)))
        own = [alone.run(bound[1:split], *start) for alone, bound in zip(paths, stages, strict=True)]
        if split == len(stages[0]):
            return [image for _, image in own]
        features, images = (torch.cat(parts) for parts in zip(*own, strict=True))
        together = self.bind([torch.cat(same) for same in zip(*styles, strict=True)], [self._repeated(map_) for map_ in maps])
        return list(self.run(together[split:], features, images)[1].chunk(self.paths))

    def _repeated(self, noise: Tensor | None) -> Tensor | None:
        """A map for each image, repeated for each path."""
        return noise if noise is None or len(noise) == 1 else noise.repeat(self.paths, 1, 1, 1)
