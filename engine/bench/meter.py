"""Measuring: seconds, memory, operations, and what the machine can do."""

import gc
import re
import sys
import time
from collections.abc import Callable
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
    """Seconds of each piece of work, round by round, one after the other.

    In turn, so that a machine that slows down for a while slows all of them; and each twice, of which the
    second counts, so that none pays for the caches and the allocator as another one left them.
    """
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            work()
            taken[name].append(_timed(work, device))
    return taken


def peak_memory(work: Work, device: torch.device) -> float | None:
    """Bytes that `work` takes at most beyond what was in use before; None where the system does not tell."""
    gc.collect()
    if device.type == "cuda":
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        work()
        return float(torch.cuda.max_memory_allocated(device) - before)
    status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    try:
        reset.write_text("5")  # forget the highest resident size so far
        held = _resident(status, "VmRSS")
        work()
        return _resident(status, "VmHWM") - held
    except (OSError, ValueError):
        return None


def _resident(status: Path, field: str) -> float:
    found = re.search(rf"{field}:\s+(\d+) kB", status.read_text())
    if found is None:
        raise ValueError(field)
    return 1024.0 * int(found[1])


def machine(device: torch.device) -> str:
    """One line on what computes here: the device, its instructions or capability, and what "auto" means on it."""
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
    """Bytes of memory that this process has held at most; None on Windows, where Python does not tell."""
    try:
        import resource  # noqa: PLC0415 (not on Windows)
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1.0 if sys.platform == "darwin" else 1024.0)


@torch.no_grad()
def convolution_rates(device: torch.device) -> dict[str, float]:
    """Operations a second of the machine's own 3 x 3 convolution at a size that suits it: 512 channels at 64 x 64.

    By precision; on a GPU with TF32 off, and once more for contiguous layout in place of channels-last.
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
    """Multiplications and additions of one image's convolutions, counted by the direct form."""
    total, side = 0, 4
    for convs, to_rgb in generator.stages():
        for conv in (*(layer.conv for layer in convs), to_rgb.conv):
            _, out, into, kernel, _ = conv.weight.shape
            pixels = (side // 2) ** 2 if conv.upsample else side**2  # a transposed convolution works per input pixel
            total += 2 * kernel * kernel * into * out * pixels
        side *= 2
    return total
