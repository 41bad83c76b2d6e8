"""Synthesis against the published formulation: seconds, ratio, agreement, memory, share of the machine's rate."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

import torch
from torch import Tensor

from ..stylegan2 import Generator, GeneratorConfig
from .meter import Work, convolution_rate, interleaved, peak_memory, synthesis_operations
from .published import stylegan2 as published

__all__ = ["Row", "accelerated", "measure_synthesis", "picture_generator"]

PICTURE_STD = 0.5  # of a natural picture in [-1, 1]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table.

    Attributes:
        what: which form computed it.
        seconds: median over the rounds.
        ratio: how many times faster than the published form, median over the rounds.
        error: largest difference from it over its standard deviation.
        psnr: in dB, of values in [-1, 1].
        memory: bytes at the peak beyond the weights, or None.
        share: of the machine's own convolution rate, by operations of the direct form.
    """

    resolution: int
    batch: int
    what: str
    seconds: float
    ratio: float
    error: float
    psnr: float
    memory: float | None
    share: float


@torch.no_grad()
def picture_generator(resolution: int, device: torch.device, seed: int = 0) -> Generator:
    """A full-size generator with random weights, whose images have the contrast of pictures."""
    torch.manual_seed(seed)
    generator = Generator(GeneratorConfig(resolution=resolution)).eval().requires_grad_(False).to(device)
    for convs, _ in generator.stages():
        for layer in convs:
            layer.noise.weight.fill_(0.1)
    spread = generator.synthesis(_codes(generator, 1)).std()
    for _, to_rgb in generator.stages():
        to_rgb.conv.weight.mul_(PICTURE_STD / spread)
    return generator


def _codes(generator: Generator, batch: int) -> Tensor:
    rng = torch.Generator(generator.w_avg.device).manual_seed(1)
    return generator.broadcast(generator.mapping(generator.sample_z(batch, rng))).contiguous()


def measure_synthesis(resolution: int, batch: int, device: torch.device, *, rounds: int) -> Iterator[Row]:
    """Rows for one size: the published form, then ours in each precision."""
    generator = picture_generator(resolution, device)
    codes = _codes(generator, batch)
    works: dict[str, Work] = {"published": lambda: published.synthesis(generator, codes)}
    works |= _forms(generator, codes, device)
    with torch.no_grad():
        taken = interleaved(works, rounds, device)
        wanted = published.synthesis(generator, codes)
        operations = batch * synthesis_operations(generator)
        rates = {name: convolution_rate(_dtype_of(name), device) for name in ("float32", "bfloat16")}
        for name, work in works.items():
            found = work()
            assert isinstance(found, Tensor)
            seconds = median(taken[name])
            yield Row(
                resolution=resolution,
                batch=batch,
                what=name,
                seconds=seconds,
                ratio=median(base / own for base, own in zip(taken["published"], taken[name], strict=True)),
                error=float((found - wanted).abs().max() / wanted.std()),
                psnr=_psnr(found, wanted),
                memory=peak_memory(work, device),
                share=operations / seconds / rates["bfloat16" if "16" in name else "float32"],
            )


def _forms(generator: Generator, codes: Tensor, device: torch.device) -> dict[str, Work]:
    """Our form in each precision; on a GPU also compiled and as a captured graph."""

    def eager(dtype: torch.dtype) -> Work:
        def work() -> Tensor:
            with torch.autocast(device.type, dtype if dtype != torch.float32 else None, enabled=dtype != torch.float32):
                return generator.synthesis(codes)

        return work

    forms = {"float32": eager(torch.float32), "bfloat16": eager(torch.bfloat16)}
    if device.type == "cuda":
        forms["float16"] = eager(torch.float16)
        for name in ("float32", "bfloat16"):
            forms |= {f"{name}, {how}": wrap(forms[name]) for how, wrap in accelerated().items()}
    return forms


def accelerated() -> dict[str, Callable[[Work], Work]]:
    """What may be faster on a GPU: torch.compile, and a CUDA graph captured once and replayed."""
    return {"compiled": lambda work: torch.compile(work, dynamic=False), "graph": _captured}


def _captured(work: Work) -> Work:
    for _ in range(3):
        work()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = work()

    def replay() -> object:
        graph.replay()
        return result

    return replay


def _dtype_of(name: str) -> torch.dtype:
    return torch.bfloat16 if name.startswith("bfloat16") else torch.float32


def _psnr(found: Tensor, wanted: Tensor) -> float:
    error = float((found - wanted).square().mean())
    return math.inf if error == 0 else 10 * math.log10(4 / error)
