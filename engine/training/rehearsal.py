"""One step of a training that changes nothing: it checks data and networks, and measures time and memory."""

import copy
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from ..numerics import tensor_float32
from .loop import run_phase
from .memory import memory_advice
from .processes import Processes, join
from .schedule import Schedule
from .task import Moment, Task

__all__ = ["Estimate", "duration", "rehearse"]

FEW = 4  # images that a CPU rehearses with, and half of them, to tell what each one adds
ADAM = 2  # numbers that the optimizer keeps for each parameter


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a training will need.

    Attributes:
        seconds: for all of its images.
        memory: bytes, at the most: networks, gradients, optimizers and activations.
        measured: whether the memory was measured on the device, or added up from tensors.
    """

    seconds: float
    memory: int
    measured: bool

    def of(self, share: float) -> "Estimate":
        """The same for a share of the images."""
        return replace(self, seconds=share * self.seconds)

    def __str__(self) -> str:
        return f"about {duration(self.seconds)}, {self.memory / 2**30:.1f} GB of memory"


def rehearse(task: Task, schedule: Schedule, *, device: str | torch.device = "auto") -> Estimate:
    """Run every phase of a task once, on as few images as show what it needs. Nothing learns.

    Raises:
        PasticheError: whatever the training would raise in its first step.
    """
    with torch.inference_mode(False), torch.enable_grad():
        processes = join(device)
        task.to(processes.device)
        dtype = schedule.dtype(processes.device)
        task.moment = Moment(device=processes.device, dtype=dtype)
        exact = tensor_float32(allowed=dtype != torch.float32)
        with _unchanged(task), exact, memory_advice(schedule, processes, task.relief):
            return _measured(task, schedule, processes)


def _measured(task: Task, schedule: Schedule, processes: Processes) -> Estimate:
    """Time and memory of a part of the batch, from one or two sizes of it."""
    device, count = processes.device, schedule.share(processes.world)
    on_gpu = device.type == "cuda"
    sizes = [count] if on_gpu or count <= FEW else [FEW // 2, FEW]
    _pass(task, schedule, sizes[0], device)  # imports what is needed, and chooses algorithms
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(device)
    times, activations = zip(*(_pass(task, schedule, size, device) for size in sizes), strict=True)
    each = max(0.0, times[-1] - times[0]) / max(1, sizes[-1] - sizes[0])
    seconds = times[-1] + each * (count - sizes[-1])
    peak = torch.cuda.max_memory_allocated(device) if on_gpu else 0
    return Estimate(
        seconds=seconds * schedule.images / (count * processes.world),
        memory=peak or _weights(task) + activations[-1] * count // sizes[-1],
        measured=on_gpu,
    )


def _pass(task: Task, schedule: Schedule, count: int, device: torch.device) -> tuple[float, int]:
    """Seconds of an average iteration over `count` images, and the most bytes that a phase keeps for its gradients."""
    rng = torch.Generator().manual_seed(schedule.seed)
    alone, whole = Processes(device), Schedule(images=count, batch=count, precision=schedule.precision)
    scaler = torch.amp.GradScaler(device.type, enabled=False)
    start = time.perf_counter()
    draw = task.draw(rng, count)
    seconds, most = time.perf_counter() - start, 0
    for phase in task.phases:
        start = time.perf_counter()
        with _saved_bytes() as saved:
            run_phase(task, phase, draw, task.moment, whole, alone, scaler, step=False)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds += (time.perf_counter() - start) / phase.every
        most = max(most, saved.bytes)
    return seconds, most


class _Saved:
    """Counts the tensors that autograd keeps; each storage once."""

    def __init__(self) -> None:
        self.bytes = 0
        self._seen: set[int] = set()

    def pack(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self._seen:
            self._seen.add(storage.data_ptr())
            self.bytes += storage.nbytes()
        return tensor


@contextmanager
def _saved_bytes() -> Iterator[_Saved]:
    saved = _Saved()
    with torch.autograd.graph.saved_tensors_hooks(saved.pack, lambda tensor: tensor):
        yield saved


@contextmanager
def _unchanged(task: Task) -> Iterator[None]:
    """Restore states and buffers afterwards; parameters do not change without a step."""
    states: dict[str, Any] = {name: copy.deepcopy(state.state_dict()) for name, state in task.states.items()}
    buffers = [(buffer, buffer.clone()) for network in task.networks.values() for buffer in network.buffers()]
    try:
        yield
    finally:
        for name, state in task.states.items():
            state.load_state_dict(states[name])
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)


def _weights(task: Task) -> int:
    learned = {
        id(value) for optimizer in task.optimizers.values() for group in optimizer.param_groups for value in group["params"]
    }
    total = 0
    for module in (*task.networks.values(), *task.averages.values(), *task.frozen.values()):
        for value in (*module.parameters(), *module.buffers()):
            total += value.nbytes * (1 + (1 + ADAM) * (id(value) in learned))
    return total


def duration(seconds: float) -> str:
    """Seconds in words: "80 s", "10 min", "2.0 h", "3.5 days"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    hours = seconds / 3600
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"
