"""The fine-tuning to one picture that is in memory, as ComfyUI has it."""

from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch import Tensor

from ...checkpoints import Checkpoint
from ...errors import Advice, TrainingError
from ...images import resize
from ...progress import Progress, Step, silent
from ...sheets import sheet
from ...stylegan2.training.snapshots import GeneratorSnapshots, training_key
from ...training.loop import train
from ..encoder import StyleEncoder
from ..generator import BlendGenerator
from ..style import INDICATOR, BlendStyle
from .codes import TensorPictures, style_codes
from .config import ONE_SHOT_PRESETS
from .train import one_shot_task

__all__ = ["BlendSnapshots", "learn_style"]

SNAPSHOTS, EVERY = "snapshots", 50  # in the folder of a training; iterations between two
PEOPLE, SEED, PSI = 4, 11, 0.7  # of the sheet, its random people and their truncation
SIDE = 192  # of a face on it, in pixels

NO_PARTS = Advice(
    python="load one from `pastiche train blendgan`, or `demo:blendgan`",
    command="give one from pastiche train blendgan, or demo:blendgan",
    node='choose one from pastiche train blendgan in Load StyleGAN, or "demo: blendgan"',
)


class BlendSnapshots(GeneratorSnapshots[BlendGenerator]):
    """The snapshots of a fine-tuning to one picture."""

    architecture = "blendgan"
    kind = BlendGenerator


def learn_style(
    base: Checkpoint,
    reference: Tensor,
    iterations: int,
    *,
    folder: Path,
    seed: int = 0,
    device: str | torch.device = "auto",
    progress: Progress = silent,
) -> tuple[Checkpoint, BlendStyle, Tensor]:
    """Fine-tune a BlendGAN to one picture, or go on with what was trained before with the same inputs.

    Args:
        base: a BlendGAN with its style encoder and a discriminator; see `one_shot_task`. It is not changed.
        reference: an aligned face ``[1, 3, H, W]`` in [-1, 1].
        iterations: of one image each: the paper's are 1,000. With more than before a training goes on; at a snapshot of it,
            which there is every 50 iterations, nothing is trained.
        folder: for the trainings, each in a folder of its own.
        seed, device, progress: as for `training.loop.train`.

    Returns:
        the checkpoint with the fine-tuned generator, the style of the reference on it, and a sheet ``[1, 3, H, W]`` of random
        people in the style at every snapshot.

    Raises:
        TrainingError: the base lacks a network, there is more than one picture; or as `train`.
    """
    generator, encoder, discriminator = base.generator, base.style_encoder, base.discriminator
    if not isinstance(generator, BlendGenerator) or not isinstance(encoder, StyleEncoder) or discriminator is None:
        raise TrainingError(f"{base.source} is no BlendGAN with its style encoder and a discriminator", NO_PARTS)
    if len(reference) != 1:
        raise TrainingError(f"BlendGAN learns a style from one picture, and there are {len(reference)}: give one of them")
    settings, schedule = ONE_SHOT_PRESETS["fast"]
    with torch.inference_mode(False):  # ComfyUI's tensors can't be used for training
        picture = resize(reference.detach().clone().cpu().float(), generator.resolution).clamp(-1, 1)
        code = style_codes(encoder, TensorPictures(picture))
        own = folder / training_key(base, {"reference": picture, "code": code}, asdict(settings), seed)
        snapshots = BlendSnapshots(own / SNAPSHOTS, base)
        if iterations not in snapshots.iterations:
            task = one_shot_task(generator, discriminator, encoder, picture, settings, seed=seed)

            def record(step: Step) -> None:
                if step.index % EVERY == 0 or step.index == iterations:
                    snapshots.save(task.result(), step.index, task.config)
                progress(step)

            wanted = replace(schedule, images=iterations, seed=seed, sample_images=None, log_images=10)
            train(task, wanted, folder=own, device=device, progress=record)
        found = snapshots.load(iterations)
        made = replace(
            base,
            generator=found.generator,
            options={**base.options, "one_shot_training": dict(found.training), "one_shot_iteration": found.iteration},
            source=f"{base.source}, fine-tuned",
        )
        return made, _style(found.generator, code), stop_sheet(snapshots, code)


def _style(generator: BlendGenerator, code: Tensor) -> BlendStyle:
    return BlendStyle(generator, code[0], min(INDICATOR, generator.num_layers))


@torch.no_grad()
def stop_sheet(snapshots: BlendSnapshots, code: Tensor) -> Tensor:
    """Random people, and themselves in the style ``[1, D]`` before the fine-tuning and at every snapshot.

    Returns:
        ``[1, 3, H, W]`` in [-1, 1].
    """
    before = snapshots.base.generator
    assert isinstance(before, BlendGenerator)
    people = before.to_w_plus(before.random_faces(PEOPLE, torch.Generator().manual_seed(SEED), psi=PSI))
    drawn, titles = [before.synthesis(people.codes), _style(before, code)(people)], ["face", "before"]
    for iteration in snapshots.iterations:
        drawn.append(_style(snapshots.load(iteration).generator, code)(people))
        titles.append(str(iteration))
    cells = torch.stack(drawn, dim=1).flatten(0, 1).cpu().clamp(-1, 1).split(1)
    return sheet(cells, len(drawn), column_titles=titles, title="iterations", side=SIDE)
