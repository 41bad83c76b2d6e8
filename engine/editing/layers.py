"""Layer swapping: structure from one generator, texture from another.

Pinkney and Adler, "Resolution Dependent GAN Interpolation for Controllable Image Synthesis Between Domains"
(2020): layers of low resolution draw pose and shape, those of high resolution colours and brushwork, and a
generator fine-tuned from another one still speaks its language, so that either may give each part.
"""

from copy import deepcopy
from math import log2
from typing import Literal

import torch

from ..errors import CheckpointError, PasticheError
from ..stylegan2 import Generator

__all__ = ["swap_layers"]

Side = Literal["base", "tuned"]


def swap_layers(
    base: Generator,
    tuned: Generator,
    at: int | None = None,
    *,
    row: int | None = None,
    softness: float = 1.0,
    low_from: Side = "base",
) -> Generator:
    """A generator whose layers come from two: up to a border from one, from there on from the other.

    A layer is a convolution with its modulation, noise strength and bias, or a to-RGB, which follows its resolution.
    The learned input goes with 4 pixels. Mapping network, mean w and noise maps are the base's whatever is swapped:
    the codes and the encoder of the base go on to fit.

    Args:
        base: what `tuned` was fine-tuned from, or has a common ancestor with.
        tuned: of the same sizes; such as the `tuned` of a `JoJoStyle`.
        at: the border: the first resolution on its upper side, 4 to the generator's own.
        row: the border as a row of w+ instead: the first one on the upper side, 0 to L - 1.
        softness: how many octaves (doublings of the resolution) on each side of the border mix both, in even steps;
            0 for a hard border. At 32 with 1, layers of 16 pixels take a quarter from the upper side, of 32 three.
        low_from: who gives the layers below the border; "base" keeps the shapes of its faces and takes texture
            and colour from `tuned`, "tuned" the other way round.

    Returns:
        A plain frozen generator on the base's device; `base` and `tuned` stay as they are.

    Raises:
        CheckpointError: the generators are of different sizes or not plain, and which layer shows it.
        PasticheError: no border, two, or one that the generator does not have.
    """
    _expect_alike(base, tuned)
    if softness < 0 or low_from not in {"base", "tuned"}:
        raise PasticheError(f"softness {softness} with low_from {low_from!r}: expected 0 or more, and base or tuned")
    shares = [_share(octave, softness) for octave in _octaves(base, at, row)]
    if low_from == "tuned":
        shares = [1 - share for share in shares]
    with torch.inference_mode(False), torch.no_grad():
        swapped = deepcopy(base).requires_grad_(False).eval()
        pairs = zip((swapped.input, *swapped.layers), (tuned.input, *tuned.layers), (shares[0], *shares), strict=True)
        for part, other, share in pairs:
            for mixed, given in zip(part.parameters(), other.parameters(), strict=True):
                mixed.lerp_(given.to(mixed), share)
    return swapped


def _octaves(generator: Generator, at: int | None, row: int | None) -> list[float]:
    """How far each layer lies above the border, negative below it; the two nearest at half an octave or a quarter."""
    if (at is None) == (row is None):
        raise PasticheError("the border of a swap is a resolution (at) or a row of w+ (row): give one of the two")
    if row is not None:
        if not 0 <= row < generator.num_layers:
            raise PasticheError(f"there is no row {row} in a generator of {generator.num_layers} rows: count from 0")
        return [(own - row + 0.5) / 2 for own in generator.rows]  # two rows to a resolution
    sides = [4 * 2**k for k, (convs, _) in enumerate(generator.stages()) for _ in (*convs, "to-RGB")]
    if at not in sides:
        known = ", ".join(str(side) for side in sorted(set(sides)))
        raise PasticheError(
            f"there is no resolution {at} in a generator of {generator.resolution} pixels: choose one of {known}"
        )
    return [log2(side / at) + 0.5 for side in sides]


def _share(octave: float, softness: float) -> float:
    """How much comes from the upper side."""
    ramp = 0.5 + octave / (2 * softness) if softness else float(octave > 0)
    return min(max(ramp, 0.0), 1.0)


def _expect_alike(base: Generator, tuned: Generator) -> None:
    for name, generator in (("base", base), ("tuned", tuned)):
        if type(generator) is not Generator:
            raise CheckpointError(
                f"the {name} generator is a {type(generator).__name__}, whose further parts swapping would lose: give a plain "
                "StyleGAN2 generator"
            )
    wanted, found = ({name: list(value.shape) for name, value in g.named_parameters()} for g in (base, tuned))
    wrong = next((name for name in (*wanted, *found) if wanted.get(name) != found.get(name)), None)
    if wrong is not None:
        raise CheckpointError(
            f"layers of these generators can't be swapped: {wrong} has the shape {wanted.get(wrong, 'of nothing')} in the base "
            f"({base.resolution} pixels) and {found.get(wrong, 'of nothing')} in the tuned one ({tuned.resolution} pixels). "
            "Give two of the same sizes"
        )
    if base.config.resample_filter != tuned.config.resample_filter:
        raise CheckpointError(
            f"layers of these generators can't be swapped: the base resamples with {base.config.resample_filter} and the tuned "
            f"one with {tuned.config.resample_filter}. Give two that were trained alike"
        )
