"""Time, speed-up and error of the other networks against their published formulations.

What depends only on the style is computed once here, as for the frames of a video; the published formulation computes it for
every image.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

import torch
from torch import Tensor, nn

from ..agilegan import AgileConfig, AgileGenerator
from ..blendgan import INDICATOR, BlendConfig, BlendGenerator, StyleEncoder, StyleEncoderConfig
from ..dualstylegan import DualStyleConfig, DualStyleGenerator
from ..encoders import IMAGE_SIZE, EncoderConfig, PyramidEncoder
from ..stylegan2 import Generator, GeneratorConfig
from .meter import Work, interleaved
from .published import agilegan, blendgan, dualstylegan, encoders

__all__ = ["NETWORKS", "NetworkRow", "measure_network"]

Network = TypeVar("Network", bound=nn.Module)
Pair = tuple[Callable[[], Tensor], Callable[[], Tensor]]  # the published formulation, and ours


@dataclass(frozen=True, kw_only=True)
class NetworkRow:
    """One row of the table.

    Attributes:
        network: a key of `NETWORKS`.
        what: the formulation and its precision.
        seconds: median over the rounds.
        ratio: speed-up over the published formulation, median over the rounds.
        error: largest absolute difference from it, divided by its standard deviation.
    """

    network: str
    what: str
    seconds: float
    ratio: float
    error: float


@torch.no_grad()
def measure_network(name: str, resolution: int, device: torch.device, *, rounds: int) -> Iterator[NetworkRow]:
    """Measure one network with random weights: the published formulation, then ours in each precision.

    Args:
        name: a key of `NETWORKS`.
        resolution: side of the images, for generators; it sets the number of rows of the code, for encoders.
        device: device of the network.
        rounds: number of timed rounds.
    """
    torch.manual_seed(0)
    base, own = NETWORKS[name](resolution, device)

    def reduced() -> Tensor:
        with torch.autocast(device.type, torch.bfloat16):
            return own()

    works: dict[str, Callable[[], Tensor]] = {"published": base, "float32": own, "bfloat16": reduced}
    wanted = base()
    timed: dict[str, Work] = dict(works)
    taken = interleaved(timed, rounds, device)
    for what, work in works.items():
        yield NetworkRow(
            network=name,
            what=what,
            seconds=median(taken[what]),
            ratio=median(before / after for before, after in zip(taken["published"], taken[what], strict=True)),
            error=float((work().float() - wanted).abs().max() / wanted.std()),
        )


def _still(module: Network, device: torch.device) -> Network:
    return module.requires_grad_(False).eval().to(device)


def _face(generator: Generator) -> Tensor:
    """w+ ``[1, L, D]`` of a random face."""
    return generator.broadcast(generator.mapping(generator.sample_z(1))).contiguous()


def _agilegan(resolution: int, device: torch.device) -> Pair:
    generator = _still(AgileGenerator(AgileConfig(resolution=resolution)), device)
    face = _face(generator)
    return (
        lambda: torch.cat(agilegan.synthesis(generator, face)),
        lambda: torch.cat(list(generator.synthesis(face, path=None))),
    )


def _blendgan(resolution: int, device: torch.device) -> Pair:
    generator = _still(BlendGenerator(BlendConfig(resolution=resolution)), device)
    generator.add_weight.uniform_(0, 1)
    face, code = _face(generator), torch.randn(1, generator.code_dim, device=device)
    style = generator.map_style(code)
    return (
        lambda: blendgan.synthesis(generator, face, code, INDICATOR),
        lambda: generator.synthesis(generator.blend(face, style, INDICATOR)),
    )


def _dualstylegan(resolution: int, device: torch.device) -> Pair:
    generator = _still(DualStyleGenerator(DualStyleConfig(resolution=resolution)), device)
    face, code = _face(generator), torch.randn(1, generator.num_layers, generator.config.z_dim, device=device)
    weights = [0.75] * generator.config.structure_rows + [1.0] * generator.config.color_rows
    style = generator.bind_style(generator.mapping(code), weights)
    return (
        lambda: dualstylegan.synthesis(generator, face, code, weights),
        lambda: generator.synthesis(face, exstyle=style),
    )


def _encoder(resolution: int, device: torch.device) -> Pair:
    config = EncoderConfig(num_layers=GeneratorConfig(resolution=resolution).num_layers)
    encoder = _still(PyramidEncoder(config), device)
    images = torch.rand(1, 3, IMAGE_SIZE, IMAGE_SIZE, device=device) * 2 - 1
    kernels = encoders.kernels_of(encoder)
    return lambda: encoders.codes(encoder, images, kernels), lambda: encoder.codes(images)


def _style_encoder(_resolution: int, device: torch.device) -> Pair:
    encoder = _still(StyleEncoder(StyleEncoderConfig()), device)
    images = torch.rand(1, 3, IMAGE_SIZE, IMAGE_SIZE, device=device) * 2 - 1
    return lambda: blendgan.encode_style(encoder, images), lambda: encoder(images)


NETWORKS: dict[str, Callable[[int, torch.device], Pair]] = {
    "agilegan": _agilegan,
    "blendgan": _blendgan,
    "dualstylegan": _dualstylegan,
    "encoder": _encoder,
    "style-encoder": _style_encoder,
}
