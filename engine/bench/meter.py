"""Measurement of time, memory, operations and the machine's convolution rate."""

import ctypes
import gc
import re
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from statistics import median

import torch
import torch.nn.functional as F

from ..numerics import choose_dtype, cpu_instructions, tensor_float32
from ..stylegan2 import Generator

__all__ = ["convolution_rates", "interleaved", "machine", "peak_memory", "process_peak", "synthesis_operations"]

Work = Callable[[], object]


def _timed(work: Work, device: torch.device) -> float:
    _synchronize(device)
    start = time.perf_counter()
    work()
    _synchronize(device)
    return time.perf_counter() - start


def _synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def interleaved(works: dict[str, Work], rounds: int, device: torch.device) -> dict[str, list[float]]:
    """Time several functions in turn: seconds of each, for every round.

    Taking turns spreads a temporary slowdown of the machine over all of them. Each runs twice per round and only the second
    run counts, so that none pays for the state in which another left the caches and the allocator.
    """
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            work()
            taken[name].append(_timed(work, device))
    return taken


def peak_memory(work: Work, device: torch.device) -> float | None:
    """Peak memory of `work` in bytes beyond the memory used before; None if the system does not report it."""
    gc.collect()
    if device.type == "cuda":
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        work()
        return float(torch.cuda.max_memory_allocated(device) - before)
    status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    try:
        _return_freed()
        reset.write_text("5")  # reset the peak resident size
        held = _resident(status, "VmRSS")
        work()
        return _resident(status, "VmHWM") - held
    except (OSError, ValueError):
        return None


def _return_freed() -> None:
    """Give memory that earlier work has freed back to the system, or later work would reuse it and seem to need none."""
    with suppress(AttributeError, OSError):  # of the GNU C library alone
        ctypes.CDLL(None).malloc_trim(0)


def _resident(status: Path, field: str) -> float:
    found = re.search(rf"{field}:\s+(\d+) kB", status.read_text())
    if found is None:
        raise ValueError(field)
    return 1024.0 * int(found[1])


def machine(device: torch.device) -> str:
    """One line about the machine: device, vector instructions or compute capability, and what precision "auto" selects."""
    best = str(choose_dtype("auto", device)).removeprefix("torch.")
    if device.type == "cpu":
        what = f"CPU with {', '.join(cpu_instructions()) or 'no vector instructions'}, {torch.get_num_threads()} threads"
    elif device.type == "cuda":
        facts = torch.cuda.get_device_properties(device)
        what = f"{facts.name}, compute capability {facts.major}.{facts.minor}, {facts.total_memory / 2**30:.0f} GiB"
    else:
        what = str(device)
    return f"{what}; PyTorch {torch.__version__}; precision auto is {best}"


def process_peak() -> float | None:
    """Peak memory of this process in bytes; None on Windows, where Python does not report it."""
    try:
        import resource  # noqa: PLC0415 (not on Windows)
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1.0 if sys.platform == "darwin" else 1024.0)


@torch.no_grad()
def convolution_rates(device: torch.device) -> dict[str, float]:
    """Operations per second of PyTorch's own 3 x 3 convolution at a favourable size: 512 channels at 64 x 64.

    By precision. On a GPU with TF32 disabled, and also in contiguous instead of channels-last layout.
    """
    names = ["float32", "bfloat16"] + ["float16"] * (device.type == "cuda")
    rates = {name: _rate(getattr(torch, name), device, torch.channels_last) for name in names}
    if device.type == "cuda":
        rates |= {f"{name}, contiguous": _rate(getattr(torch, name), device, torch.contiguous_format) for name in names}
    return rates


def _rate(dtype: torch.dtype, device: torch.device, layout: torch.memory_format) -> float:
    x = torch.randn(1, 512, 64, 64, device=device).to(dtype, memory_format=layout)
    weight = torch.randn(512, 512, 3, 3, device=device).to(dtype, memory_format=layout)
    operations = 2 * 9 * 512 * 512 * 64 * 64
    with tensor_float32(allowed=False):
        seconds = interleaved({"convolution": lambda: F.conv2d(x, weight, padding=1)}, 9, device)["convolution"]
    return operations / median(seconds)


def synthesis_operations(generator: Generator) -> int:
    """Multiplications and additions of the convolutions for one image, counted for direct convolution."""
    total, side = 0, 4
    for convs, to_rgb in generator.stages():
        for conv in (*(layer.conv for layer in convs), to_rgb.conv):
            _, out, into, kernel, _ = conv.weight.shape
            pixels = (side // 2) ** 2 if conv.upsample else side**2  # a transposed convolution works on input pixels
            total += 2 * kernel * kernel * into * out * pixels
        side *= 2
    return total
