"""Layer swapping: the structure of one generator with the texture of another.

Pinkney and Adler, "Resolution Dependent GAN Interpolation for Controllable Image Synthesis Between Domains"
(2020): layers of low resolution draw pose and shape, those of high resolution colours and brushwork, and a
generator fine-tuned from another one stays compatible with it, so that their layers can be combined.
"""

from copy import deepcopy
from math import log2
from typing import Literal

import torch

from ..agilegan import AgileGenerator
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
    """Combine two generators: layers below a border come from one, layers above it from the other.

    A layer is a convolution with its modulation, noise strength and bias, or a to-RGB, which follows its resolution.
    The learned input belongs to 4 pixels. Mapping network, mean w and noise maps always come from the base, so that
    its codes and its encoder remain valid.

    Args:
        base: the generator that `tuned` was fine-tuned from, or one with a common ancestor.
        tuned: a generator of the same sizes, such as the `tuned` of a `JoJoStyle`; or an AgileGAN, in all of its paths.
        at: the border, given as the first resolution above it, from 4 to the generator's resolution.
        row: the border as a row of w+ instead: the first row above it, 0 to L - 1.
        softness: width of the linear transition on each side of the border, in octaves (doublings of the resolution);
            0 for a hard border. With a border at 32 and softness 1, layers at 16 pixels take a quarter from above
            the border, layers at 32 three quarters.
        low_from: the generator for the layers below the border. "base" keeps the base's shapes and takes texture
            and colour from `tuned`; "tuned" is the reverse.

    Returns:
        A frozen generator of the kind of `tuned`, on the base's device. `base` and `tuned` are not changed.

    Raises:
        CheckpointError: the generators differ in size, or are not plain StyleGAN2 generators.
        PasticheError: not exactly one border was given, or the generator does not have it.
    """
    drawing = _paths(tuned)
    for path in drawing:
        _expect_alike(base, path)
    if softness < 0 or low_from not in {"base", "tuned"}:
        raise PasticheError(f"softness {softness} with low_from {low_from!r}: expected 0 or more, and base or tuned")
    shares = [_share(octave, softness) for octave in _octaves(base, at, row)]
    if low_from == "tuned":
        shares = [1 - share for share in shares]
    with torch.inference_mode(False), torch.no_grad():
        if type(tuned) is Generator:
            swapped = deepcopy(base).requires_grad_(False).eval()
        else:
            swapped = deepcopy(tuned).to(base.w_avg.device).requires_grad_(False).eval()
            _take_mapping(swapped, base)
        for path, given in zip(_paths(swapped), drawing, strict=True):
            _mix(path, base, given, shares)
    return swapped


def _paths(generator: Generator) -> list[Generator]:
    """What a generator draws with: itself, or each path of an AgileGAN, which share layers."""
    if isinstance(generator, AgileGenerator):
        return [generator.path(index) for index in range(generator.paths)]
    return [generator]


def _take_mapping(swapped: Generator, base: Generator) -> None:
    """Mapping network, mean w and noise maps of the base."""
    state = base.state_dict()
    for name, tensor in swapped.state_dict().items():
        if name.startswith(("style.", "noises.", "w_avg")):
            tensor.copy_(state[name])


def _mix(swapped: Generator, base: Generator, tuned: Generator, shares: list[float]) -> None:
    """Set every layer to the base's and the tuned one's, mixed. Layers that paths share are set again to the same."""
    parts = [(generator.input, *generator.layers) for generator in (swapped, base, tuned)]
    for mixed, below, above, share in zip(*parts, (shares[0], *shares), strict=True):
        for out, low, high in zip(mixed.parameters(), below.parameters(), above.parameters(), strict=True):
            out.copy_(low.lerp(high.to(low), share))


def _octaves(generator: Generator, at: int | None, row: int | None) -> list[float]:
    """Distance of each layer above the border in octaves, negative below it."""
    if (at is None) == (row is None):
        raise PasticheError("the border of a swap is a resolution (at) or a row of w+ (row): give one of the two")
    if row is not None:
        if not 0 <= row < generator.num_layers:
            raise PasticheError(f"there is no row {row} in a generator of {generator.num_layers} rows: count from 0")
        return [(own - row + 0.5) / 2 for own in generator.rows]  # two rows per resolution
    sides = [4 * 2**k for k, (convs, _) in enumerate(generator.stages()) for _ in (*convs, "to-RGB")]
    if at not in sides:
        known = ", ".join(str(side) for side in sorted(set(sides)))
        raise PasticheError(
            f"there is no resolution {at} in a generator of {generator.resolution} pixels: choose one of {known}"
        )
    return [log2(side / at) + 0.5 for side in sides]


def _share(octave: float, softness: float) -> float:
    """The share of the generator above the border."""
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
