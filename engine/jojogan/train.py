"""Fine-tuning of a generator to draw every face in the style of the references (JoJoGAN, section 3)."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import StyleError, TrainingError
from ..losses.perceptual_net import PerceptualNet
from ..progress import Progress, Step, silent
from ..stylegan2 import Discriminator, Generator
from ..stylegan2.fingerprint import fingerprint
from ..training.board import Board
from ..training.given import Given
from ..training.loop import train
from ..training.schedule import Schedule
from .loss import IdentityNetwork
from .settings import OneShot
from .task import OneShotTask

__all__ = ["fine_tune", "training_codes"]

SAMPLES, LINES = 50, 10  # iterations between two sample sheets, and between two lines of the log, in a folder


def training_codes(generator: Generator, codes: Tensor, settings: OneShot) -> Tensor:
    """The w+ codes ``[N, L, D]`` for style mixing.

    For extreme references they are the mean face. Otherwise they are those of the virtual inverter: ``codes`` with some
    rows moved towards the mean (JoJoGAN, section 4).
    """
    mean = generator.w_avg.expand_as(codes)
    if settings.extreme:
        return mean.clone()
    moved = codes.clone()
    rows = [row for row in settings.virtual_rows if row < generator.num_layers]
    moved[:, rows] = torch.lerp(codes[:, rows], mean[:, rows], settings.virtual)
    return moved


def fine_tune(
    generator: Generator,
    discriminator: Discriminator,
    references: Tensor,
    codes: Tensor,
    settings: OneShot,
    *,
    seed: int = 0,
    identity: IdentityNetwork | None = None,
    perceptual: PerceptualNet | None = None,
    folder: Path | None = None,
    progress: Progress = silent,
    log: Board | None = None,
) -> Generator:
    """Fine-tune a copy of `generator` to the style of the references.

    Only the synthesis network is trained; mapping network and noise maps stay those of the base. The arguments are not
    changed. The training runs on the generator's device, whatever device images, codes and discriminator are on, and in the
    precision of a surrounding `pastiche.precision`.

    Args:
        references: aligned images ``[N, 3, H, W]`` at the generator's resolution, in [-1, 1].
        codes: w+ codes of the references, ``[N, L, D]``.
        seed: of faces and noise, which are the same on every device.
        identity: network for the identity loss.
        perceptual: network for the feature loss, with all of its blocks, instead of the discriminator.
        folder: for states, from which the same call resumes, log and samples; None for nothing written. See `training.loop`.
        progress: called after each step; its preview shows the images of the references' codes.
        log: TensorBoard logs that also get losses and samples.

    Raises:
        StyleError: the numbers of images and codes differ, or the identity loss has no network.
        TrainingError: the loss is no longer finite, memory is exhausted, or the folder holds another or a longer training.
        Cancelled: raised by `progress` to stop; or the user asked to, where there is a folder.
    """
    count = len(references)
    if count != len(codes):
        raise StyleError(f"{count} references were given with {len(codes)} codes: give one code for each")
    if settings.identity and identity is None:
        raise StyleError("the identity loss needs an identity network (ArcFace): load one, or set identity to 0")
    # ComfyUI runs nodes in inference mode, whose tensors can't be used for training
    with torch.inference_mode(False), torch.enable_grad():
        device = generator.w_avg.device
        pictures, rows = references.to(device).clone(), training_codes(generator, codes.to(device).clone(), settings)
        blocks = settings.blocks if perceptual is None else tuple(range(perceptual.depth))
        task = OneShotTask(generator, perceptual or discriminator, pictures, rows, settings, blocks=blocks, identity=identity)
        if folder is not None:
            task.config, task.states = _facts(generator, settings), {"given": Given(pictures, rows)}
        moment = train(
            task,
            _schedule(settings, count, seed),
            folder=folder,
            device=device,
            progress=lambda step: progress(_in_steps(step, count)),
            log=log,
        )
    if moment.iteration > settings.steps:
        raise TrainingError(
            f"{folder} holds a training of {moment.iteration} steps, and {settings.steps} were asked for: ask for at least as "
            "many, or train in another folder"
        )
    return task.tuned.requires_grad_(False).eval()


def _schedule(settings: OneShot, count: int, seed: int) -> Schedule:
    return Schedule(
        images=settings.steps * count,
        batch=count,
        precision=None,
        seed=seed,
        sample_images=SAMPLES * count,
        log_images=LINES * count,
    )


def _facts(generator: Generator, settings: OneShot) -> dict[str, Any]:
    """What tells a training from another one, but for the steps that may follow."""
    chosen = asdict(settings)
    if not settings.decay:
        del chosen["steps"]
    return {**chosen, "base": fingerprint(generator)}


def _in_steps(step: Step, count: int) -> Step:
    """The progress of the loop, which counts images, in steps, with the losses by their own names."""
    losses = {name.removeprefix("style/"): value for name, value in step.losses.items() if not name.endswith("/gradient")}
    return Step(index=step.index // count, total=step.total // count, losses=losses, preview=step.preview)
