"""Directions in closed form (SeFa; Shen and Zhou 2021): those that the generator's own weights react to most."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ..directions import Direction, Directions
from ..errors import LatentError
from ..stylegan2 import Generator
from ..stylegan2.fingerprint import fingerprint
from ..stylegan2.synthesis_layers import ToRGB

__all__ = ["find_sefa", "spread_along"]

SAMPLES = 4096  # of w, for the unit of a direction


@torch.no_grad()
def find_sefa(generator: Generator, count: int = 10, *, rows: Sequence[int] | None = None, name: str = "") -> Directions:
    """The directions of w that change the styles of the chosen rows most, strongest first: ``sefa_0``, ``sefa_1`` and so on.

    They maximise ``|A v|`` over unit vectors v (equation 6), where A ``[sum C_i, D]`` stacks the modulation weights of the
    layers, each channel's row scaled to length 1 as in the release. They are the right singular vectors of A. The layers are
    the convolutions that the rows drive, and the last to-RGB layer, which alone has a row of its own; the directions move
    exactly these rows. The first rows change shape, the last ones colour.

    Args:
        count: at most D.
        rows: of w+; all if None.
        name: human-readable name of the generator.

    Returns:
        Directions in w, scaled so that an amount of 1 is one standard deviation of w along them. Their sign is arbitrary.

    Raises:
        LatentError: there are no such rows, or not so many directions.
    """
    chosen = tuple(range(generator.num_layers)) if rows is None else tuple(sorted(set(rows)))
    if not chosen or chosen[0] < 0 or chosen[-1] >= generator.num_layers:
        raise LatentError(f"rows {list(chosen)} were given: this generator has the rows 0 to {generator.num_layers - 1}")
    if not 0 < count <= generator.latent_dim:
        raise LatentError(f"{count} directions were asked for: expected 1 to {generator.latent_dim}")
    weights = torch.cat([F.normalize(weight, dim=1) for row, weight in _driven(generator) if row in chosen])
    found = torch.linalg.svd(weights, full_matrices=False).Vh[:count]
    units = spread_along(generator, found)
    mark = fingerprint(generator)
    return Directions(
        [
            Direction(
                name=f"sefa_{index}",
                space="w",
                vector=unit * vector,
                generator=mark,
                rows=None if len(chosen) == generator.num_layers else chosen,
                source="SeFa",
            )
            for index, (vector, unit) in enumerate(zip(found, units, strict=True))
        ],
        name,
    )


def _driven(generator: Generator) -> list[tuple[int, Tensor]]:
    """Each row with the modulation weights ``[C, D]`` of its convolution, and of the last to-RGB layer."""
    layers = list(zip(generator.layers, generator.rows, strict=True))
    last = len(layers) - 1
    return [
        (row, layer.conv.modulation.weight.float())
        for index, (layer, row) in enumerate(layers)
        if index == last or not isinstance(layer, ToRGB)
    ]


def spread_along(generator: Generator, vectors: Tensor, seed: int = 0) -> Tensor:
    """Standard deviation ``[K]`` of random w along unit vectors ``[K, D]``."""
    w = generator.mapping(generator.sample_z(SAMPLES, torch.Generator().manual_seed(seed)))
    return (w @ vectors.T).std(dim=0)
