"""Time, memory and loss of a JoJoGAN training step, in the published arithmetic and in ours.

Each variant runs in its own process, because peak memory is measured for a process.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import torch
from torch import Tensor

from ..inversion.gradients import trainable_copy
from ..jojogan import FeatureLoss
from ..stylegan2 import Discriminator, DiscriminatorConfig
from .meter import interleaved, process_peak
from .published import stylegan2 as published
from .synthesis import _codes, picture_generator

__all__ = ["LearningRow", "measure_learning"]

BLOCKS = (1, 3, 4, 5)


@dataclass(frozen=True, kw_only=True)
class LearningRow:
    """One row of the table."""

    resolution: int
    what: str
    seconds: float
    memory: float | None  # peak memory of the process in bytes, or None if the system does not report it
    losses: list[float]


def measure_learning(resolution: int, device: torch.device, *, steps: int = 3) -> list[LearningRow]:
    """Measure the published arithmetic, and ours in float32 and bfloat16, one after the other."""
    return [_in_process(resolution, what, device, steps) for what in ("published", "float32", "bfloat16")]


def _in_process(resolution: int, what: str, device: torch.device, steps: int) -> LearningRow:
    code = (
        f"from pastiche.bench.learning import _run_and_print; _run_and_print({resolution}, {what!r}, {str(device)!r}, {steps})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    return LearningRow(**json.loads(done.stdout.splitlines()[-1]))


def _run_and_print(resolution: int, what: str, device_name: str, steps: int) -> None:
    """Run `steps` steps in this process and print one line of JSON."""
    device = torch.device(device_name)
    losses, step = _training_step(resolution, what, device)
    seconds = interleaved({what: step}, steps, device)[what]
    memory = float(torch.cuda.max_memory_allocated(device)) if device.type == "cuda" else process_peak()
    facts = {"resolution": resolution, "what": what, "seconds": median(seconds), "memory": memory, "losses": losses}
    sys.stdout.write(json.dumps(facts) + "\n")


def _training_step(resolution: int, what: str, device: torch.device) -> tuple[list[float], Callable[[], object]]:
    """A function that runs one step, and the list to which it appends the loss."""
    generator = picture_generator(resolution, device)
    critic = Discriminator(DiscriminatorConfig(resolution=resolution)).requires_grad_(False).to(device)
    codes = _codes(generator, 1)
    target = generator.synthesis(codes.flip(2)).clamp(-1, 1)
    tuned = trainable_copy(generator)
    optimizer = torch.optim.Adam([p for p in tuned.parameters() if p.requires_grad], lr=2e-3, betas=(0.0, 0.99))
    loss_of = FeatureLoss(critic, target, BLOCKS, grey=False)
    losses: list[float] = []

    def published_loss() -> Tensor:
        with torch.no_grad():
            wanted = published.discriminator_features(critic, target, BLOCKS)
        found = published.discriminator_features(critic, published.synthesis(tuned, codes), BLOCKS)
        return torch.stack([(a - b).abs().mean() for a, b in zip(found, wanted, strict=True)]).mean()

    def step() -> None:
        dtype = torch.bfloat16 if what == "bfloat16" else None
        with torch.autocast(device.type, dtype, enabled=dtype is not None):
            loss = published_loss() if what == "published" else loss_of(tuned.synthesis(codes))
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        losses.append(float(loss.detach()))

    return losses, step
