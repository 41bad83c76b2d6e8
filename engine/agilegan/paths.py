"""From a plain StyleGAN2 to a generator with a path for each attribute, before any fine-tuning (section 4.2)."""

from collections.abc import Sequence
from dataclasses import fields

import torch

from ..errors import TrainingError
from ..stylegan2 import Generator, GeneratorConfig
from .config import AgileConfig
from .generator import AgileGenerator

__all__ = ["SPLIT", "with_paths"]

SPLIT = 64  # pixels, in the release


@torch.no_grad()
def with_paths(source: Generator, attributes: Sequence[str], split: int = SPLIT) -> AgileGenerator:
    """A generator each of whose paths draws what `source` draws. `source` is not changed.

    Args:
        source: a plain StyleGAN2.
        attributes: a name for each path, one or more.
        split: the last resolution of which every path has blocks of its own; the generator's own if that is smaller.

    Returns:
        a frozen copy on the source's device.

    Raises:
        TrainingError: the source has other parts than a StyleGAN2, or names or split do not fit.
    """
    if type(source) is not Generator:
        raise TrainingError(
            f"paths are made from a plain StyleGAN2, and the generator is a {type(source).__name__}: give the one that it was "
            "fine-tuned from"
        )
    sizes = {field.name: getattr(source.config, field.name) for field in fields(GeneratorConfig)}
    try:
        config = AgileConfig(**sizes, attributes=tuple(attributes), split=min(split, source.resolution))
    except ValueError as error:
        raise TrainingError(f"a generator with paths can't be made: {error}") from error
    with torch.inference_mode(False), source.w_avg.device:
        made = AgileGenerator(config)
    state = source.state_dict()
    for name, tensor in made.state_dict().items():
        tensor.copy_(state[_plain(name)])
    return made.to(source.w_avg.device).requires_grad_(False).eval()


def _plain(name: str) -> str:
    """The name in a plain generator: every branch copies the blocks of path 0."""
    return name.split(".", 2)[2] if name.startswith("branches.") else name
