"""Codes found picture by picture, kept in a file after each few, so that a stopped training goes on from there."""

from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ...errors import TrainingError
from ...files import replacing

__all__ = ["in_groups"]


def in_groups(
    path: Path, count: int, size: int, compute: Callable[[Tensor], dict[str, Tensor]], *, write: bool = True
) -> dict[str, Tensor]:
    """Compute something for the numbers 0 to ``count - 1``, `size` at a time, and keep what was computed in a file.

    Args:
        path: of the file; what it holds already is not computed again.
        compute: numbers ``[n]`` to tensors ``[n, ...]`` by name.
        write: whether this process writes the file.

    Returns:
        the tensors of all numbers.

    Raises:
        TrainingError: the file is damaged, or can't be written.
    """
    found = _read(path)
    done = len(next(iter(found.values()))) if found else 0
    for group in torch.arange(done, count).split(size) if done < count else ():
        new = {name: value.detach().cpu().contiguous() for name, value in compute(group).items()}
        found = {name: torch.cat([found[name], value]) if found else value for name, value in new.items()}
        if write:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path, TrainingError) as beside:
                save_file(found, beside)
    return found


def _read(path: Path) -> dict[str, Tensor]:
    if not path.exists():
        return {}
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise TrainingError(f"{path} is damaged ({error}): delete it to compute its codes again") from error
