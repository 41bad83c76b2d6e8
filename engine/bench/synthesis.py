"""Time, speed-up, error, memory and efficiency of synthesis against the published formulation."""

import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

import torch
from torch import Tensor

from ..numerics import Precision, precision, tensor_float32
from ..stylegan2 import Generator, GeneratorConfig
from .meter import Work, convolution_rates, interleaved, peak_memory, synthesis_operations
from .published import stylegan2 as published

__all__ = ["Row", "measure_synthesis", "picture_generator"]

log = logging.getLogger(__name__)

Drawing = Callable[[Tensor], Tensor]

PICTURE_STD = 0.5  # standard deviation of a natural image in [-1, 1]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the table.

    Attributes:
        what: the formulation and its precision.
        seconds: median over the rounds.
        ratio: speed-up over the published formulation, median over the rounds.
        error: largest absolute difference from it, divided by its standard deviation.
        psnr: in dB, for values in [-1, 1].
        memory: peak memory in bytes beyond the weights, or None.
        share: fraction of the machine's convolution rate that is reached, by operations of direct convolution.
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
    """A full-size generator with random weights, scaled so that its images have the contrast of photographs."""
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
    rng = torch.Generator("cpu").manual_seed(1)
    return generator.broadcast(generator.mapping(generator.sample_z(batch, rng))).contiguous()


def measure_synthesis(resolution: int, batch: int, device: torch.device, *, rounds: int) -> Iterator[Row]:
    """Measure one size: the published formulation, then ours in each precision."""
    generator = picture_generator(resolution, device)
    codes = _codes(generator, batch)

    def base() -> Tensor:
        with tensor_float32(allowed=False):
            return published.synthesis(generator, codes)

    works: dict[str, Work] = {"published": base}
    works |= _forms(generator, codes, device)
    with torch.no_grad():
        taken = interleaved(works, rounds, device)
        wanted = base()
        operations = batch * synthesis_operations(generator)
        rates = convolution_rates(device)
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
                share=operations / seconds / rates["float32" if name == "published" else name.partition(",")[0]],
            )


def _forms(generator: Generator, codes: Tensor, device: torch.device) -> dict[str, Work]:
    """Our formulation in each precision; on a GPU also with TF32, compiled, and as a CUDA graph."""

    def drawing(chosen: Precision, *, tf32: bool = False, draw: Drawing = generator.synthesis) -> Work:
        def work() -> Tensor:
            with precision(chosen, device), tensor_float32(allowed=tf32 or chosen != "float32"):
                return draw(codes)

        return work

    forms = {"float32": drawing("float32"), "bfloat16": drawing("bfloat16")}
    if device.type != "cuda":
        return forms
    forms |= {"float16": drawing("float16"), "float32, TF32": drawing("float32", tf32=True)}
    fast: tuple[Precision, ...] = ("float32", "bfloat16", "float16")
    for chosen in fast:
        compiled = drawing(chosen, draw=torch.compile(generator.synthesis, dynamic=False))
        forms |= _if_it_runs(f"{chosen}, compiled", lambda work=compiled: work)  # type: ignore[misc]
        forms |= _if_it_runs(f"{chosen}, graph", lambda work=forms[chosen]: _captured(work))  # type: ignore[misc]
    return forms


def _if_it_runs(name: str, make: Callable[[], Work]) -> dict[str, Work]:
    """An accelerated variant by name, run once; empty, with a warning, if it fails, since not every system can compile."""
    try:
        work = make()
        work()
    except Exception as error:
        log.warning("%s is skipped: %s: %s", name, type(error).__name__, str(error).strip().partition("\n")[0])
        return {}
    return {name: work}


def _captured(work: Work) -> Work:
    """Capture a CUDA graph after a warm-up on another stream, as capturing requires; the function replays it."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            work()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = work()

    def replay() -> object:
        graph.replay()
        return result

    return replay


def _psnr(found: Tensor, wanted: Tensor) -> float:
    error = float((found - wanted).square().mean())
    return math.inf if error == 0 else 10 * math.log10(4 / error)
