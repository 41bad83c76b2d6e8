"""The training loop of every network here."""

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn

from ..errors import Advice, Cancelled, TrainingError
from ..numerics import tensor_float32
from ..progress import Progress, Step, silent
from .board import Board
from .ema import update_average
from .memory import memory_advice
from .processes import Processes, join
from .run_files import NoFiles, RunFiles
from .scaling import ScalerState
from .schedule import Schedule
from .stopping import Stopping
from .task import Draw, Moment, Phase, Task

__all__ = ["RESUMED", "run_phase", "train"]

RESUMED = Advice(
    python="the same call goes on from there",
    command="the same command goes on from there",
    node="queue it again, and it goes on from there",
)


def train(
    task: Task,
    schedule: Schedule,
    *,
    folder: Path | None,
    device: str | torch.device = "auto",
    progress: Progress = silent,
    log: Board | None = None,
) -> Moment:
    """Train a task, from its newest saved state in `folder` if there is one.

    Two trainings of the same task, schedule and seed on the same machine agree to the bit, also if one of them was stopped
    and resumed. Several processes agree with one up to rounding.

    Args:
        folder: gets ``states/`` (what a later call resumes from), ``log.jsonl`` and ``samples/``. With None nothing is written,
            and a signal stops at once: for trainings of seconds.
        device: as `find_device` takes it; with several processes, each takes the GPU of its own number.
        progress: called after each iteration, with images as its unit.
        log: TensorBoard logs that also get losses and samples.

    Returns:
        the moment at the end. The trained networks are the task's.

    Raises:
        TrainingError: a loss or gradient is not finite, memory is exhausted, a state can't be resumed or written, or another
            process is training in the folder.
        Cancelled: the user asked to stop, by a signal or through `progress`; the state is saved.
    """
    # ComfyUI runs nodes in inference mode, whose tensors can't be used for training
    with torch.inference_mode(False), torch.enable_grad(), ExitStack() as stack:
        stopping = None if folder is None else stack.enter_context(Stopping())
        processes = join(device)
        loop = _Loop(task, schedule, folder, processes, progress if log is None else log.wrap("training", progress))
        stack.callback(loop.files.end)
        if schedule.precision is not None:
            stack.enter_context(tensor_float32(allowed=loop.moment.dtype != torch.float32))
        with memory_advice(schedule, processes, task.relief):
            loop.run(stopping)
        return loop.moment


class _Loop:
    def __init__(self, task: Task, schedule: Schedule, folder: Path | None, processes: Processes, progress: Progress) -> None:
        self.task, self.schedule, self.processes, self.progress = task, schedule, processes, progress
        schedule.share(processes.world)  # before anything is written
        device = processes.device
        task.to(device)
        processes.align([*task.networks.values(), *task.averages.values()])
        dtype = schedule.dtype(device)
        self.scaler = torch.amp.GradScaler(device.type, enabled=dtype == torch.float16)
        self.rng = torch.Generator().manual_seed(schedule.seed)
        self.files = NoFiles() if folder is None else RunFiles(folder, task, schedule, ScalerState(self.scaler))
        seen, iteration = self.files.restore(self.rng)
        self.task.moment = Moment(seen=seen, iteration=iteration, device=device, dtype=dtype)
        if processes.main:
            self.files.begin(seen)

    @property
    def moment(self) -> Moment:
        return self.task.moment

    def run(self, stopping: Stopping | None) -> None:
        """Iterate until the images are seen, the task has finished or the user asks to stop; then save."""
        while self.moment.seen < self.schedule.images and not self.task.finished(self.moment):
            before = self.moment.seen
            losses = self._iterate()
            self.task.moment = self.moment.after(self.schedule.batch)
            self._update_averages()
            self.task.after_step(losses, self.moment)
            cancelled = self._report(losses, before)
            asked = stopping is not None and stopping.asked
            if self.processes.any(asked or cancelled is not None):
                self._save(before)
                raise cancelled or Cancelled(f"stopped after {self.moment.seen} of {self.schedule.images} images", RESUMED)
            if self.files.due(self.moment, before):
                self._save(before)
        if not self.files.saved(self.moment):
            self._save(self.moment.seen)

    def _iterate(self) -> dict[str, float]:
        """One iteration: every phase that is due, on this process's slice of the batch. Returns the means of its losses."""
        draw = self.task.draw(self.rng, self.schedule.batch)
        found: dict[str, Tensor] = {}
        with _seeded(self.schedule.seed, self.moment.iteration, self.processes):
            for phase in self.task.phases:
                if self.moment.iteration % phase.every == 0:
                    found |= run_phase(self.task, phase, draw, self.moment, self.schedule, self.processes, self.scaler)
        self.processes.average([buffer for network in self.task.networks.values() for buffer in _float_buffers(network)])
        return self._numbers(found)

    def _numbers(self, found: dict[str, Tensor]) -> dict[str, float]:
        """The losses as numbers, from the device at once."""
        if not found:
            return {}
        values = torch.stack([value.detach().float() for value in found.values()])
        self.processes.average([values])
        losses = dict(zip(found, values.tolist(), strict=True))
        for name, value in losses.items():
            if not math.isfinite(value):
                raise TrainingError(
                    f"{name} became {value} after {self.moment.seen} images: {self._where_saved()}. Lower the learning rate, "
                    "or use precision float32"
                )
        return losses

    def _where_saved(self) -> str:
        path = self.files.newest()
        return "nothing was saved yet" if path is None else f"the last saved state is {path}"

    def _update_averages(self) -> None:
        decay = self.schedule.average_decay(self.moment.seen)
        for name, average in self.task.averages.items():
            update_average(average, self.task.networks[name], decay)

    def _report(self, losses: dict[str, float], before: int) -> Cancelled | None:
        """Log, sample and report progress. Returns what `progress` raised to stop."""
        if not self.processes.main:
            return None
        self.files.record(losses, self.moment, before, self._samples)
        try:
            self.progress(Step(index=self.moment.seen, total=self.schedule.images, losses=losses, preview=self._samples))
        except Cancelled as cancelled:
            return cancelled
        return None

    @torch.no_grad()
    def _samples(self) -> Tensor:
        return self.task.samples()

    def _save(self, before: int) -> None:
        if self.processes.main:
            self.files.save(self.rng, self.moment, before)


def run_phase(
    task: Task,
    phase: Phase,
    draw: Draw,
    moment: Moment,
    schedule: Schedule,
    processes: Processes,
    scaler: torch.amp.GradScaler,
    *,
    step: bool = True,
) -> dict[str, Tensor]:
    """Compute the losses of a phase on this process's slice of `draw`, and step its optimizer.

    Args:
        step: False leaves the parameters as they are.

    Returns:
        the means of the losses over the parts of the batch, as ``phase/name``, and the norm of the gradient.
    """
    optimizer = task.optimizers[phase.optimizer]
    learning = _learning(task, phase, optimizer)
    optimizer.zero_grad(set_to_none=True)
    found: dict[str, Tensor] = {}
    for part in range(schedule.accumulate):
        given = phase.losses(processes.share_of(draw, part, schedule.accumulate), moment)
        for losses in [given] if isinstance(given, dict) else given:
            taught = [value for name, value in losses.items() if not name.startswith("_")]
            if taught:
                torch.autograd.backward(scaler.scale(torch.stack(taught).sum() / schedule.accumulate))
            for name, value in losses.items():
                key = f"{phase.name}/{name.removeprefix('_')}"
                found[key] = found.get(key, 0) + value.detach().float() / schedule.accumulate
    gradients = [parameter.grad for parameter in learning if parameter.grad is not None]
    processes.average(gradients)
    if gradients and not scaler.is_enabled():  # a scaler's first steps may overflow, and are then skipped
        found[f"{phase.name}/gradient"] = nn.utils.get_total_norm(gradients)
    if gradients and phase.clip is not None:
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(learning, phase.clip)
    if gradients and step:
        scaler.step(optimizer)
        scaler.update()
    optimizer.zero_grad(set_to_none=True)
    return found


def _learning(task: Task, phase: Phase, optimizer: torch.optim.Optimizer) -> list[nn.Parameter]:
    """The parameters that the phase teaches. They require gradients; all other parameters of the task do not."""
    held = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    learning = []
    for name, network in task.networks.items():
        for parameter in network.parameters():
            learns = name in phase.learns and id(parameter) in held
            parameter.requires_grad_(learns)
            if learns:
                learning.append(parameter)
    return learning


def _float_buffers(network: nn.Module) -> Iterator[Tensor]:
    return (buffer for buffer in network.buffers() if buffer.is_floating_point())


@contextmanager
def _seeded(seed: int, iteration: int, processes: Processes) -> Iterator[None]:
    """Seed PyTorch's own generators, which layers like dropout draw from; restored on exit."""
    device = processes.device
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(((seed * 1_000_003 + iteration) * 4_099 + processes.rank) % 2**63)
        yield
