"""Time and memory of the stages that are left, from one step of each."""

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ...stylegan2 import Generator
from ...stylegan2.training import new_task
from ...training.rehearsal import Estimate, rehearse
from ...training.saves import seen_before
from ...training.schedule import Schedule
from ...training.task import Task
from .config import Destylizing, structure_rows_of
from .destylize import optimise
from .loss_networks import LossNetworks
from .paired import PairedTask

if TYPE_CHECKING:
    from .train import DualTraining

__all__ = ["PAIRED", "in_all", "of_stages", "one_step"]

PAIRED = "paired portraits"  # with the side of its pictures, the name of a stage


def of_stages(training: "DualTraining") -> dict[str, Estimate]:
    """Make one step of every stage that is not done, and has steps against a discriminator or in latent space; measure it.

    Raises:
        PasticheError: what the training would raise in its first steps.
    """
    recipe, pairs, found = training.recipe, training.random_pairs(), dict[str, Estimate]()

    def add(name: str, folder: str, task: Task, iterations: int, batch: int) -> None:
        schedule = training.schedule(iterations, batch)
        if left := _left(training.folder / folder, schedule):
            found[name] = rehearse(task, schedule, device=training.device).of(left)

    unread = len(training.pictures) - training.known("2-pairs.safetensors")
    unrefined = len(training.start.pictures) - training.known("5-refined.safetensors")
    steps = recipe.refining.steps if unrefined else 0
    if training.start.people is None and unread:
        start = replace(training.start.checkpoint, generator=training.plain, discriminator=training.critic)
        tuning = new_task(training.start.pictures, training.tuning(), start=start)
        add("fine-tuning", "1-tuned", tuning, recipe.tuning.iterations, recipe.tuning.batch)
        steps += recipe.destylizing.steps
    if steps:
        name = "destylization" if unread else "refinement"
        found[name] = _optimisation(training, pairs.extrinsic[:1], steps)
    if not training.finished_structure:
        source = training.source_task()
        add("structure transfer", "3-structure", source, source.iterations, recipe.structure.batch)
    for folder, settings in training.paired_stages().items():
        paired = PairedTask(training.players, training.copying(pairs, settings))
        add(f"{PAIRED} at {settings.side} pixels", folder, paired, settings.iterations, settings.batch)
    add("style transfer", "4-style", training.target_task(pairs), recipe.transfer.iterations, recipe.transfer.batch)
    return found


def _left(folder: Path, schedule: Schedule) -> float:
    """The share of a stage's images that it has not seen yet."""
    return max(0.0, 1 - seen_before(folder) / schedule.images)


def _optimisation(training: "DualTraining", code: Tensor, steps: int) -> Estimate:
    """So many steps of latent optimisation for every picture."""
    settings, networks = training.recipe.destylizing, training.loss_networks
    portrait = training.pictures.exemplars(torch.zeros(1, dtype=torch.int64), training.device)
    step = one_step(portrait, code.to(training.device), training.plain, networks, settings)
    return in_all(step, training.plain, networks, steps, len(training.pictures), settings.batch)


def one_step(
    portrait: Tensor, code: Tensor, generator: Generator, loss_networks: LossNetworks, settings: Destylizing
) -> tuple[float, int]:
    """Seconds of a step, and bytes of what autograd keeps in it: at most so much memory.

    Args:
        portrait: ``[1, 3, H, W]``.
        code: z+ ``[1, L, D]``.
    """
    kept: list[int] = []

    def count(tensor: Tensor) -> Tensor:
        kept.append(tensor.nbytes)
        return tensor

    hooks = torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor)
    with torch.inference_mode(False), torch.enable_grad():
        split, once = structure_rows_of(generator.num_layers), replace(settings, steps=1)
        generator.to(portrait.device)
        with hooks:  # the first step, which also chooses algorithms, and takes longer than any other
            optimise(portrait, code, generator, loss_networks, once, split=split)
        begun = time.perf_counter()
        optimise(portrait, code, generator, loss_networks, once, split=split)
        if portrait.device.type == "cuda":
            torch.cuda.synchronize(portrait.device)
    return time.perf_counter() - begun, sum(kept)


def in_all(
    step: tuple[float, int], generator: Generator, loss_networks: LossNetworks, steps: int, count: int, batch: int
) -> Estimate:
    """An estimate for `count` pictures of so many steps each, `batch` at a time, from that of `one_step`."""
    seconds, kept = step
    weights = sum(value.nbytes for network in (generator, loss_networks.networks) for value in network.parameters())
    return Estimate(seconds=seconds * steps * count, memory=weights + kept * min(batch, count), measured=False)
