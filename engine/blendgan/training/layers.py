"""Which layers of the generator learn, and how fast."""

from typing import Any

from ..generator import BlendGenerator
from .config import BlendTraining

__all__ = ["groups"]

FIRST = 4  # side of the first layers' features


def groups(generator: BlendGenerator, settings: BlendTraining) -> list[dict[str, Any]]:
    """What learns, as an optimizer takes it: the network that maps style codes in a group of its own, at its own rate."""
    codes, others = [], []
    for name, parameter in generator.named_parameters():
        if name.startswith("embedding."):
            codes.append(parameter)
        elif name == "add_weight" or not settings.frozen_side or _side(name) > settings.frozen_side:
            others.append(parameter)
    return [{"params": others, "lr": settings.lr}, {"params": codes, "lr": settings.lr * settings.lr_codes}]


def _side(name: str) -> int:
    """Side of the features that a layer gives, by the name of one of its parameters; 4 for what comes before."""
    part, _, rest = name.partition(".")
    if part in ("convs", "to_rgbs"):
        number = int(rest.partition(".")[0])
        return FIRST << (number // 2 + 1 if part == "convs" else number + 1)
    return FIRST
