"""StyleGAN2's generator and discriminator as parts of a plan, with sizes from the shapes of their tensors.

Every format whose tensors have rosinality's names, or are renamed to them, uses these functions.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count
from math import log2
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import CheckpointError
from ...stylegan2 import DiscriminatorConfig, Generator, GeneratorConfig
from ...stylegan2.config import resolutions
from ..files import StateDict
from ..plan import Part
from .kernels import taps_of

__all__ = [
    "common_row",
    "discriminator_part",
    "filled_in",
    "generator_part",
    "is_discriminator",
    "is_generator",
    "is_plain_generator",
    "lacking",
    "shape_of",
    "with_w_avg",
]

GENERATOR_KEYS = {"input.input", "conv1.conv.weight", "to_rgb1.conv.weight", "convs.0.conv.weight", "style.1.weight"}
GENERATOR_GROUPS = {"style", "input", "conv1", "to_rgb1", "convs", "to_rgbs", "noises"}
DISCRIMINATOR_KEYS = {"convs.0.0.weight", "convs.1.conv1.0.weight", "final_conv.0.weight", "final_linear.1.weight"}

# Buffers that repeat the same filter and are not parameters of ours: see kernels.py.
KERNEL = ".kernel"
GENERATOR_GAIN, DISCRIMINATOR_GAIN = 4.0, 1.0  # sums of the kernels; the up-sampling gain compensates for inserted zeros

FILLED = {"w_avg": "estimated from 10,000 samples of seed 0", "noises": "drawn from fixed seeds"}

MOST_LEVELS = 9  # number of to-RGB layers above 4 x 4, for 2048 pixels


def is_generator(state: Mapping[str, object]) -> bool:
    """Whether a state dict has the keys of every rosinality generator."""
    return state.keys() >= GENERATOR_KEYS


def is_plain_generator(state: Mapping[str, object]) -> bool:
    """Whether it has no other keys, such as those that some papers' generators add."""
    return is_generator(state) and {key.partition(".")[0] for key in state} <= GENERATOR_GROUPS


def is_discriminator(state: Mapping[str, object]) -> bool:
    """Whether a state dict has the keys of every rosinality discriminator."""
    return state.keys() >= DISCRIMINATOR_KEYS


def generator_part(state: StateDict, where: str, **known: Any) -> Part:
    """The generator of a state dict with rosinality's names.

    Args:
        state: with or without kernels and noise maps; missing noise maps are drawn from fixed seeds.
        where: the file, for messages.
        known: fields of the config that shapes don't tell.

    Raises:
        CheckpointError: its sizes can't be determined.
    """
    state, kernels = _without_kernels(state)
    if kernels:
        known["resample_filter"] = taps_of(kernels, GENERATOR_GAIN, where)
    levels = _count(state, "to_rgbs.{}.bias")
    if not 1 <= levels <= MOST_LEVELS:
        raise CheckpointError(
            f"{where}: has {levels + 1} to-RGB layers; expected 2 to {MOST_LEVELS + 1}: download the file again"
        )
    sides = resolutions(4 * 2**levels)
    upper = {side: shape_of(state, f"convs.{2 * index}.conv.weight", 5, where)[1] for index, side in enumerate(sides[1:])}
    config = GeneratorConfig(
        resolution=sides[-1],
        channels={4: shape_of(state, "input.input", 4, where)[1], **upper},
        z_dim=shape_of(state, "style.1.weight", 2, where)[1],
        w_dim=shape_of(state, "conv1.conv.modulation.weight", 2, where)[1],
        mapping_layers=_count(state, "style.{}.weight", first=1),
        **known,
    )
    maps = 2 * int(log2(config.resolution)) - 3
    fill = {f"noises.noise_{index}": _drawn(index) for index in range(maps)}
    return Part(kind="stylegan2.generator", config=config, state=state, fill=fill)


def with_w_avg(part: Part, w_avg: Tensor | None) -> Part:
    """The generator with its mean w ``[D]``, which is estimated after the build if the file lacks it."""
    if w_avg is not None:
        return replace(part, state={**part.state, "w_avg": w_avg})
    return replace(part, fill={**part.fill, "w_avg": torch.zeros}, finish=_estimate)


def _estimate(generator: Generator, _modules: Mapping[str, nn.Module]) -> None:
    generator.w_avg.copy_(generator.estimate_w_avg())


def _drawn(seed: int) -> Callable[[torch.Size], Tensor]:
    def draw(shape: torch.Size) -> Tensor:
        return torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed), device="cpu", dtype=torch.float32)

    return draw


def filled_in(part: Part) -> dict[str, str]:
    """What a generator's file lacks and how it is filled in, for the options."""
    lacking = {key.partition(".")[0] for key in part.fill if key not in part.state}
    return {name: how for name, how in FILLED.items() if name in lacking}


def lacking(filled: Mapping[str, str]) -> tuple[str, ...]:
    """`filled_in` as notes."""
    return tuple(f"The file lacks {name}: {how}." for name, how in filled.items())


def discriminator_part(state: StateDict, where: str, **known: Any) -> Part:
    """The discriminator of a state dict with rosinality's names.

    Args:
        state: with or without kernels.
        where: the file, for messages.
        known: fields of the config that shapes don't tell.

    Raises:
        CheckpointError: its sizes can't be determined.
    """
    state, kernels = _without_kernels(state)
    if kernels:
        known["resample_filter"] = taps_of(kernels, DISCRIMINATOR_GAIN, where)
    blocks = _count(state, "convs.{}.conv1.0.weight", first=1)
    if not 1 <= blocks <= MOST_LEVELS:
        raise CheckpointError(f"{where}: has {blocks} residual blocks; expected 1 to {MOST_LEVELS}: download the file again")
    falling = resolutions(4 * 2**blocks)[::-1]
    lower = {side: shape_of(state, f"convs.{index}.conv2.1.weight", 4, where)[0] for index, side in enumerate(falling[1:], 1)}
    channels = {falling[0]: shape_of(state, "convs.0.0.weight", 4, where)[0], **lower}
    config = DiscriminatorConfig(resolution=falling[0], channels=channels, **known)
    return Part(kind="stylegan2.discriminator", config=config, state=state)


def shape_of(state: StateDict, key: str, axes: int, where: str) -> torch.Size:
    """The shape of a required tensor.

    Raises:
        CheckpointError: it is missing, or has another number of axes.
    """
    if key not in state:
        raise CheckpointError(f"{where}: lacks {key}; is it truncated?")
    shape = state[key].shape
    if len(shape) != axes:
        raise CheckpointError(f"{where}: its {key} has the shape {list(shape)}; expected {axes} axes")
    return shape


def common_row(codes: Tensor) -> Tensor | None:
    """The mean w ``[D]`` from codes ``[D]`` or ``[L, D]``; None if the rows differ."""
    rows = codes.reshape(-1, codes.shape[-1]) if codes.ndim and codes.numel() else codes.reshape(0, 0)
    return rows[0] if len(rows) and bool((rows == rows[0]).all()) else None


def _without_kernels(state: StateDict) -> tuple[StateDict, StateDict]:
    kernels = {key: tensor for key, tensor in state.items() if key.endswith(KERNEL)}
    return {key: tensor for key, tensor in state.items() if key not in kernels}, kernels


def _count(state: StateDict, name: str, first: int = 0) -> int:
    """The number of consecutive keys from `first` on."""
    return next(index for index in count(first) if name.format(index) not in state) - first
