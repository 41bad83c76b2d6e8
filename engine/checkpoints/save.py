"""Save a checkpoint in our own .safetensors format."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from ..errors import CheckpointError
from ..files import replacing
from .checkpoint import Checkpoint
from .difference import difference
from .formats.pastiche import HEADER, SUFFIX, VERSION
from .modules import config_to_json, kind_of_module
from .plan import BaseFacts

__all__ = ["save"]

DTYPES = (torch.float32, torch.float16)
WHOLE = 1  # the version of files that need no other file


def save(
    checkpoint: Checkpoint,
    path: str | os.PathLike[str],
    *,
    dtype: torch.dtype = torch.float32,
    base: Checkpoint | None = None,
    base_name: str = "",
) -> None:
    """Write a checkpoint to a .safetensors file, atomically. The same checkpoint always gives the same bytes.

    Args:
        checkpoint: a loaded checkpoint, or one made from modules.
        path: ends in .safetensors, case does not matter.
        dtype: of the weights in the file: float32, or float16 for half the size; they are loaded as float32.
        base: the checkpoint that this one was fine-tuned from. What it has too is left out, and with float16 the
            differences are stored, whose rounding is far smaller than that of the weights. Loading needs the base.
        base_name: where `load` finds the base: "demo", "catalog:NAME", or the name of a file that will lie in the same
            folder; the base's `source` if not given.

    Raises:
        CheckpointError: the path, the dtype or a module is not supported, a weight overflows the dtype, or the file can't be
            written.
    """
    path = Path(path)
    if path.suffix.lower() != SUFFIX:
        raise CheckpointError(f"{path}: checkpoints are saved as {SUFFIX}; choose a name with that suffix")
    if dtype not in DTYPES:
        raise CheckpointError(f"{path}: can't save as {dtype}; expected torch.float32 or torch.float16")
    modules, before = checkpoint.modules, {} if base is None else base.modules
    name = base_name or (base.source if base else "")
    if base is not None and not name:
        raise CheckpointError(f"{path}: its base has no name by which it could be found again; give `base_name`")
    reduced = {
        slot: difference(module, before[slot], name, half=dtype == torch.float16)
        for slot, module in modules.items()
        if slot in before
    }
    metadata = {HEADER: _header(checkpoint, {slot: part.facts for slot, part in reduced.items()})}
    tensors = {
        f"{slot}.{key}": _stored(tensor, dtype, f"{path}: {slot}.{key}")
        for slot, module in modules.items()
        for key, tensor in (reduced[slot].tensors if slot in reduced else module.state_dict()).items()
    }
    with replacing(path, CheckpointError) as beside:
        save_file(tensors, beside, metadata=metadata)


def _header(checkpoint: Checkpoint, bases: Mapping[str, BaseFacts]) -> str:
    """All metadata under one key, since the order of several keys would vary between runs."""
    facts: dict[str, Any] = {
        "version": VERSION if bases else WHOLE,
        "architecture": checkpoint.architecture,
        "parts": {slot: _part(module, bases.get(slot)) for slot, module in checkpoint.modules.items()},
        "options": dict(checkpoint.options),
        "source": checkpoint.source,
        "license": checkpoint.license,
    }
    try:
        return json.dumps(facts, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"the checkpoint's options can't be saved ({error}); expected plain data") from error


def _part(module: nn.Module, base: BaseFacts | None) -> dict[str, Any]:
    facts = {"kind": kind_of_module(module), "config": config_to_json(module.config)}
    return facts if base is None else {**facts, "base": asdict(base)}


def _stored(tensor: Tensor, dtype: torch.dtype, where: str) -> Tensor:
    tensor = tensor.detach().cpu()
    if not tensor.is_floating_point():
        return tensor.contiguous()
    stored = tensor.to(dtype)
    if dtype == torch.float16 and bool((stored.isinf() & tensor.isfinite()).any()):
        raise CheckpointError(f"{where} holds numbers too large for float16; save it as float32")
    return stored.contiguous()
