"""The processes that train together, on one machine or several, through Accelerate.

Each computes a slice of the batch; gradients and losses are averaged over them. They are started by ``accelerate launch`` or
``torchrun``, which say so in the environment; a process that was started alone needs neither them nor Accelerate.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, distributed, nn

from ..devices import find_device
from ..errors import TrainingError

__all__ = ["Processes", "everywhere", "join", "own_rows"]


class Processes:
    """This process among those that train together; alone unless given an accelerator.

    Attributes:
        device: that this process computes on.
        rank: its number, from 0.
        world: the number of processes.
    """

    def __init__(self, device: torch.device, accelerator: Any = None) -> None:
        self.device = device
        self.rank: int = accelerator.process_index if accelerator else 0
        self.world: int = accelerator.num_processes if accelerator else 1
        self._accelerator = accelerator

    @property
    def main(self) -> bool:
        """Whether this process writes files and reports progress."""
        return self.rank == 0

    def share_of(self, draw: dict[str, Tensor], part: int, parts: int) -> dict[str, Tensor]:
        """This process's slice of a draw, and of that one of `parts`.

        Images are dealt out in turn, so that the groups of the minibatch standard deviation, whose members are
        i, i + N/G, i + 2N/G, ..., are the same ones as in the whole batch.
        """
        start, step = self.rank + self.world * part, self.world * parts
        return {name: values[start::step] for name, values in draw.items()}

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace floating tensors by their means over all processes, in place."""
        if self.world == 1 or not tensors:
            return
        flat = torch.cat([tensor.detach().flatten().float() for tensor in tensors])
        flat = self._accelerator.reduce(flat, reduction="mean")
        for tensor, mean in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.detach().copy_(mean.view_as(tensor))

    @contextmanager
    def main_first(self) -> Iterator[None]:
        """A context that the main process runs before all others, which then find what it wrote."""
        if self.world == 1:
            yield
            return
        with self._accelerator.main_process_first():
            yield

    def any(self, asked: bool) -> bool:
        """Whether any process asks for it; alike on all."""
        vote = torch.tensor([float(asked)], device=self.device)
        self.average([vote])
        return bool(vote.item() > 0)

    def align(self, modules: Iterable[nn.Module]) -> None:
        """Give modules the main process's parameters and buffers, in place."""
        if self.world == 1:
            return
        from accelerate.utils import broadcast  # noqa: PLC0415 (an extra)

        for module in modules:
            for tensor in (*module.parameters(), *module.buffers()):
                tensor.detach().copy_(broadcast(tensor.detach().contiguous()))


def join(device: str | torch.device) -> Processes:
    """Join the processes that this one was started with; alone if it was started alone.

    Args:
        device: as `find_device` takes it. One of several processes takes the GPU of its own number.

    Raises:
        PasticheError: this machine does not have the device.
        TrainingError: several processes were started, and Accelerate is not installed.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return Processes(find_device(device))
    try:
        from accelerate import Accelerator  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise TrainingError(
            'training in several processes needs Accelerate, which is not installed: pip install "pastiche[training]", or '
            "start one process"
        ) from error
    accelerator = Accelerator(cpu=find_device(device).type == "cpu", mixed_precision="no")
    return Processes(accelerator.device, accelerator)


def everywhere(local: Tensor) -> Tensor:
    """The rows ``[N, ...]`` of all processes, in the order of the batch that `Processes.share_of` dealt them from.

    Gradients flow back to each process, so that their mean is the gradient of one process with the whole batch. A process
    that trains alone gets `local` back.
    """
    if not _together():
        return local
    from torch.distributed.nn.functional import all_gather  # noqa: PLC0415 (builds of PyTorch without it)

    return torch.stack(all_gather(local.contiguous()), dim=1).flatten(0, 1)


def own_rows(rows: Tensor) -> Tensor:
    """Of the rows ``[N, ...]`` that `everywhere` gave, those of this process."""
    return rows[distributed.get_rank() :: distributed.get_world_size()] if _together() else rows


def _together() -> bool:
    return distributed.is_available() and distributed.is_initialized()
