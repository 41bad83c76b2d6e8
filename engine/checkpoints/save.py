"""Save a checkpoint in our own .safetensors format."""

import json
import os
from collections.abc import Collection, Mapping
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
from .eight_bits import SCALE, in_eight_bits, scalable
from .formats.pastiche import HEADER, SUFFIX, VERSION
from .modules import config_to_json, kind_of_module
from .plan import BaseFacts

__all__ = ["save"]

DTYPES = (torch.float32, torch.float16, torch.int8)
WHOLE, DIFFERENCE = 1, 2  # the versions of files that need no other file, and of those that do, without 8 bits


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
        dtype: of the weights in the file: float32, float16 for half the size, or int8 for a quarter; they are loaded as
            float32. With int8, large parameters have a scale for each output channel (see `eight_bits`), and all else is
            float16. A channel is rounded by somewhat less than 1%, of its weights or of their differences from the base.
        base: the checkpoint that this one was fine-tuned from. What it has too is left out, and with float16 and int8 the
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
        raise CheckpointError(f"{path}: can't save as {dtype}; expected torch.float32, torch.float16 or torch.int8")
    modules, before = checkpoint.modules, {} if base is None else base.modules
    name = base_name or (base.source if base else "")
    if base is not None and not name:
        raise CheckpointError(f"{path}: its base has no name by which it could be found again; give `base_name`")
    reduced = {
        slot: difference(module, before[slot], name, subtract=dtype != torch.float32)
        for slot, module in modules.items()
        if slot in before
    }
    metadata = {HEADER: _header(checkpoint, {slot: part.facts for slot, part in reduced.items()}, dtype)}
    tensors: dict[str, Tensor] = {}
    for slot, module in modules.items():
        state = reduced[slot].tensors if slot in reduced else module.state_dict()
        tensors |= _stored(state, slot, dtype, scalable(module), path)
    with replacing(path, CheckpointError) as beside:
        save_file(tensors, beside, metadata=metadata)


def _header(checkpoint: Checkpoint, bases: Mapping[str, BaseFacts], dtype: torch.dtype) -> str:
    """All metadata under one key, since the order of several keys would vary between runs."""
    facts: dict[str, Any] = {
        "version": VERSION if dtype == torch.int8 else DIFFERENCE if bases else WHOLE,
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


def _stored(
    state: Mapping[str, Tensor], slot: str, dtype: torch.dtype, scaled: Collection[str], path: Path
) -> dict[str, Tensor]:
    """What the file holds of a part, under the names in the file."""
    found: dict[str, Tensor] = {}
    for key, tensor in state.items():
        name = f"{slot}.{key}"
        if dtype == torch.int8 and key in scaled:
            found[name], found[name + SCALE] = in_eight_bits(tensor, f"{path}: {name}")
        else:
            found[name] = _rounded(tensor, torch.float16 if dtype == torch.int8 else dtype, f"{path}: {name}")
    return found


def _rounded(tensor: Tensor, dtype: torch.dtype, where: str) -> Tensor:
    tensor = tensor.detach().cpu()
    if not tensor.is_floating_point():
        return tensor.contiguous()
    stored = tensor.to(dtype)
    if dtype == torch.float16 and bool((stored.isinf() & tensor.isfinite()).any()):
        raise CheckpointError(f"{where} holds numbers too large for float16; save it as float32")
    return stored.contiguous()
