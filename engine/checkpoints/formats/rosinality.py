"""Checkpoints of rosinality/stylegan2-pytorch and its derivatives.

    converted    {"g_ema", "latent_avg", and perhaps "g" and "d"}
    training     {"g", "d", "g_ema", "g_optim", "d_optim", "args", "ada_aug_p"}
    JoJoGAN      {"g"}
    bare         the state dict of a generator or a discriminator alone

Optimizers, arguments and the augmentation's strength are ignored.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ..files import Content, StateDict, state_dict
from ..plan import Plan, Request
from ..registry import Format
from .networks import (
    common_row,
    discriminator_part,
    filled_in,
    generator_part,
    is_discriminator,
    is_generator,
    lacking,
    with_w_avg,
)

__all__ = ["ROSINALITY"]

GENERATORS = ("g_ema", "g")  # the exponential moving average comes first
DISCRIMINATORS = ("d",)


def detect(content: Content) -> bool:
    """Whether there is a generator or a discriminator."""
    return _generator(content.root) is not None or _discriminator(content.root) is not None


def read(content: Content, _request: Request) -> Plan:
    """Read the generator, the discriminator, or both."""
    where, parts, options = str(content.path), {}, {}
    generator, discriminator = _generator(content.root), _discriminator(content.root)
    if generator is not None:
        latent_avg = content.root.get("latent_avg")
        w_avg = common_row(latent_avg) if isinstance(latent_avg, Tensor) else None
        parts["generator"] = with_w_avg(generator_part(generator, f"{where}: its generator"), w_avg)
        options = filled_in(parts["generator"])
    if discriminator is not None:
        parts["discriminator"] = discriminator_part(discriminator, f"{where}: its discriminator")
    return Plan(format="rosinality", architecture="stylegan2", parts=parts, options=options, notes=lacking(options))


def _generator(root: Mapping[Any, Any]) -> StateDict | None:
    return _first(root, GENERATORS, is_generator)


def _discriminator(root: Mapping[Any, Any]) -> StateDict | None:
    return _first(root, DISCRIMINATORS, is_discriminator)


def _first(root: Mapping[Any, Any], names: tuple[str, ...], fits: Any) -> StateDict | None:
    """The first state dict that fits, under one of the names or at the root."""
    found = (state_dict(value) for value in (*(root.get(name) for name in names), root))
    return next((state for state in found if state is not None and fits(state)), None)


ROSINALITY = Format(name="rosinality", detect=detect, read=read)
