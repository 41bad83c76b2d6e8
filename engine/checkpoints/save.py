"""Save a checkpoint in our own .safetensors format."""

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from ..errors import CheckpointError
from ..files import replacing
from .checkpoint import Checkpoint
from .formats.pastiche import HEADER, SUFFIX, VERSION
from .modules import config_to_json, kind_of_module

__all__ = ["save"]

DTYPES = (torch.float32, torch.float16)


def save(checkpoint: Checkpoint, path: str | os.PathLike[str], *, dtype: torch.dtype = torch.float32) -> None:
    """Write a checkpoint to a .safetensors file, atomically. The same checkpoint always gives the same bytes.

    Args:
        checkpoint: a loaded checkpoint, or one made from modules.
        path: ends in .safetensors; case does not matter.
        dtype: of the weights in the file: float32, or float16 for half the size. They are loaded as float32.

    Raises:
        CheckpointError: the path, the dtype or a module is not supported, a weight overflows the dtype, or the file can't be
            written.
    """
    path = Path(path)
    if path.suffix.lower() != SUFFIX:
        raise CheckpointError(f"{path}: checkpoints are saved as {SUFFIX}; choose a name with that suffix")
    if dtype not in DTYPES:
        raise CheckpointError(f"{path}: can't save as {dtype}; expected torch.float32 or torch.float16")
    metadata = {HEADER: _header(checkpoint)}
    tensors = {
        f"{slot}.{key}": _stored(tensor, dtype, f"{path}: {slot}.{key}")
        for slot, module in checkpoint.modules.items()
        for key, tensor in module.state_dict().items()
    }
    with replacing(path, CheckpointError) as beside:
        save_file(tensors, beside, metadata=metadata)


def _header(checkpoint: Checkpoint) -> str:
    """All metadata under one key, since the order of several keys would vary between runs."""
    facts: dict[str, Any] = {
        "version": VERSION,
        "architecture": checkpoint.architecture,
        "parts": {
            slot: {"kind": kind_of_module(module), "config": config_to_json(module.config)}
            for slot, module in checkpoint.modules.items()
        },
        "options": dict(checkpoint.options),
        "source": checkpoint.source,
        "license": checkpoint.license,
    }
    try:
        return json.dumps(facts, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"the checkpoint's options can't be saved ({error}); expected plain data") from error


def _stored(tensor: Tensor, dtype: torch.dtype, where: str) -> Tensor:
    tensor = tensor.detach().cpu()
    if not tensor.is_floating_point():
        return tensor.contiguous()
    stored = tensor.to(dtype)
    if dtype == torch.float16 and bool((stored.isinf() & tensor.isfinite()).any()):
        raise CheckpointError(f"{where} holds numbers too large for float16; save it as float32")
    return stored.contiguous()
