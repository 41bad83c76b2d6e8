"""Selection of the precision, and detection of the fastest one on this hardware.

    with pastiche.precision("auto", device):
        style = pastiche.one_shot(...)

float32   IEEE single precision: 24 bits. By default PyTorch lets cuDNN round the inputs of
          convolutions to 11 bits (TF32) on NVIDIA GPUs; here this is switched off.
bfloat16  8 bits in the large convolutions. The remaining float32 operations may use TF32, which is more precise.
float16   11 bits and a small range; on GPUs only. Training scales its loss, see `training.scaling`.
"""

import logging
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, get_args

import torch

from .devices import find_device
from .errors import PasticheError

__all__ = [
    "Precision",
    "choose_dtype",
    "cpu_instructions",
    "current_dtype",
    "fast_bfloat16",
    "precision",
    "tensor_float32",
]

log = logging.getLogger(__name__)

Precision = Literal["auto", "float32", "bfloat16", "float16"]

# PyTorch's names of the instruction sets that matter for convolutions, and the vendors' names.
X86 = {"avx2": "AVX2", "avx512_f": "AVX-512", "avx512_bf16": "AVX512-BF16", "amx_bf16": "AMX-BF16"}


def cpu_instructions() -> tuple[str, ...]:
    """The instruction sets of this CPU that matter for convolutions: "AVX2", "AVX512-BF16" and so on."""
    if platform.machine().lower() in ("arm64", "aarch64"):
        return ("NEON", "BF16") if _arm_bfloat16() else ("NEON",)
    return tuple(name for key, name in X86.items() if _x86().get(key))


def _x86() -> Mapping[str, bool]:
    """The instruction sets that PyTorch finds on an x86 CPU. Versions without `get_capabilities` have one function each."""
    if hasattr(torch.cpu, "get_capabilities"):
        return dict(torch.cpu.get_capabilities())
    return {
        "avx2": torch.cpu._is_avx2_supported(),
        "avx512_f": torch.cpu._is_avx512_supported(),
        "avx512_bf16": torch.cpu._is_avx512_bf16_supported(),
        "amx_bf16": torch.cpu._is_amx_tile_supported(),  # no CPU has the one without the other
    }


def _arm_bfloat16() -> bool:
    """Whether an ARM CPU supports bfloat16, and PyTorch was built with the library that uses it."""
    return torch.backends.mkldnn.is_available() and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def fast_bfloat16(device: torch.device) -> bool:
    """Whether a device has bfloat16 instructions. Others convert every number to float32 and back, which is slower.

    True for a CPU with AVX512-BF16, AMX-BF16 or ARM's BF16, for an NVIDIA GPU of compute capability 8.0 (Ampere) or higher,
    and for an AMD GPU. False for Apple's GPUs, where it was not measured.
    """
    if device.type == "cpu":
        return any("BF16" in name for name in cpu_instructions())
    if device.type == "cuda":
        with torch.cuda.device(device):
            return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return False


def choose_dtype(chosen: Precision, device: torch.device) -> torch.dtype:
    """The precision of convolutions on a device.

    Args:
        chosen: "auto" is bfloat16 if `fast_bfloat16`, otherwise float32.

    Raises:
        PasticheError: there is no such precision, or the device does not support it.
    """
    if chosen not in get_args(Precision):
        raise PasticheError(f"precision is {chosen!r}: choose one of {', '.join(get_args(Precision))}")
    if chosen == "float16" and device.type == "cpu":
        raise PasticheError(
            "precision is float16, which is a hundred times slower than float32 on a CPU: choose auto, bfloat16 "
            "or float32, or a GPU as the device"
        )
    fast = chosen != "float16" and fast_bfloat16(device)
    if chosen == "auto":
        return torch.bfloat16 if fast else torch.float32
    if chosen == "bfloat16" and not fast and device.type in ("cpu", "cuda"):
        log.warning("bfloat16 is slower than float32 here: %s lacks instructions for it; auto chooses float32", device)
    if chosen == "float32" and fast:
        log.info("float32 is slower than bfloat16 here; auto chooses bfloat16")
    return getattr(torch, chosen)  # type: ignore[no-any-return]


def current_dtype(device: torch.device) -> torch.dtype:
    """The precision that a surrounding `precision` has chosen for a device; float32 outside of any."""
    kind = device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else torch.float32


@contextmanager
def precision(chosen: Precision = "auto", device: torch.device | str = "cpu") -> Iterator[torch.dtype]:
    """A context manager in which networks on `device` compute in a precision. Yields the precision chosen by "auto".

    PyTorch's TF32 settings apply to the whole process. They are set on entry and restored on exit, so other threads see
    them in between.

    Args:
        chosen: see `choose_dtype`.
        device: as `find_device` takes it: cpu, cuda, cuda:1, mps, or "auto" for a GPU if there is one.

    Raises:
        PasticheError: there is no such precision or device, or the device does not support the precision.
    """
    where = find_device(device)
    dtype = choose_dtype(chosen, where)
    reduced = dtype != torch.float32
    with torch.autocast(where.type, dtype if reduced else None, enabled=reduced), tensor_float32(allowed=reduced):
        yield dtype


@contextmanager
def tensor_float32(*, allowed: bool) -> Iterator[None]:
    """A context manager that allows or forbids TF32 (inputs rounded to 11 bits) for float32 on NVIDIA GPUs."""
    try:
        before = torch.backends.cudnn.allow_tf32, torch.get_float32_matmul_precision()
    except RuntimeError:  # the user chose through the interface of PyTorch 2.9, which the other one then refuses to read
        with _tensor_float32_by_operation(allowed):
            yield
        return
    torch.backends.cudnn.allow_tf32 = allowed
    torch.set_float32_matmul_precision("high" if allowed else "highest")
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, matmul = before
        torch.set_float32_matmul_precision(matmul)


@contextmanager
def _tensor_float32_by_operation(allowed: bool) -> Iterator[None]:
    operations: tuple[Any, ...] = (torch.backends.cudnn.conv, torch.backends.cudnn.rnn, torch.backends.cuda.matmul)  # type: ignore[attr-defined]
    before = [operation.fp32_precision for operation in operations]
    for operation in operations:
        operation.fp32_precision = "tf32" if allowed else "ieee"
    try:
        yield
    finally:
        for operation, value in zip(operations, before, strict=True):
            operation.fp32_precision = value
