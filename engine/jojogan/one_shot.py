"""Learning a style from images in one call."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from ..encoders import ArcFace
from ..errors import Advice, StyleError
from ..images import resize
from ..inversion.gradients import outside_inference
from ..inversion.invert import aligned_faces, encode
from ..latents import Latent
from ..losses.perceptual_net import PerceptualNet
from ..progress import Progress, silent
from ..stylegan2 import Discriminator, Generator, LatentGenerator
from ..training.board import Board
from .loss import IdentityNetwork
from .settings import OneShot, preset
from .style import JoJoStyle
from .train import fine_tune

__all__ = ["one_shot"]

NO_CODES = Advice(
    python="give an encoder, their latents, or settings with extreme=True",
    command="give --encoder, or --preset extreme",
    node="connect an encoder or latents to Finetune One-Shot, or set its preset to extreme",
)


def one_shot(
    generator: LatentGenerator,
    discriminator: Discriminator,
    references: Tensor | Sequence[Tensor],
    *,
    encoder: nn.Module | None = None,
    latents: Latent | None = None,
    settings: OneShot | str = "default",
    seed: int = 0,
    identity: ArcFace | IdentityNetwork | None = None,
    perceptual: PerceptualNet | None = None,
    folder: Path | None = None,
    progress: Progress = silent,
    log: Board | None = None,
) -> JoJoStyle:
    """Learn a style from one aligned image, or from several of the same style (JoJoGAN).

    The training runs on the generator's device, and the encoder on its own, whatever device the images are on.

    Args:
        generator, discriminator: a StyleGAN2 pair that was trained together. Neither is changed.
        references: aligned images ``[N, 3, H, W]`` in [-1, 1], or a list of them; resized to the generator's resolution.
        encoder: inverts the references; not needed with `latents`, or for extreme references.
        latents: the latents of the references, if you have them.
        settings: the parameters, or the name of a preset (`jojogan.PRESETS`).
        seed: for the random faces and noise, which are the same on every device.
        identity: network for the identity loss: an ArcFace on any device, whose inputs are cropped and resized as in its
            training, or a function from aligned images ``[N, 3, H, W]`` on the generator's device to unit embeddings
            ``[N, E]``.
        perceptual: network for the feature loss, instead of the discriminator.
        folder: for states, from which the same call resumes, ``log.jsonl`` and ``samples/``; None for nothing written.
        progress: called after each step, with a preview. Raise `Cancelled` in it to stop.
        log: TensorBoard logs that also get losses and samples.

    Raises:
        StyleError: references, latents and networks do not fit together, or `identity` is not an ArcFace.
        ImageError: a reference is not square, not RGB, not floating point, or holds values that are not finite.
        TrainingError: a loss is not finite, memory is exhausted, or the folder holds another training.
    """
    if not isinstance(generator, Generator):
        raise StyleError(f"a style needs a StyleGAN2, but this is a {type(generator).__name__}: load a StyleGAN2 checkpoint")
    chosen = preset(settings) if isinstance(settings, str) else settings
    pictures = _gather(references, generator.resolution)
    if discriminator.resolution != generator.resolution:
        raise StyleError(
            f"the discriminator works at {discriminator.resolution} pixels and the generator at {generator.resolution}: "
            "use the pair that was trained together"
        )
    embed = _embedding(identity, generator.w_avg.device)
    codes = _codes(generator, pictures, encoder, latents, chosen)
    tuned = fine_tune(
        generator,
        discriminator,
        pictures,
        codes,
        chosen,
        seed=seed,
        identity=embed,
        perceptual=perceptual,
        folder=folder,
        progress=progress,
        log=log,
    )
    return JoJoStyle(generator, tuned, chosen)


def _embedding(identity: ArcFace | IdentityNetwork | None, device: torch.device) -> IdentityNetwork | None:
    """The function that embeds aligned images on a device."""
    if isinstance(identity, ArcFace):
        with torch.inference_mode(False):
            return outside_inference(identity, device).identify
    if isinstance(identity, nn.Module):
        raise StyleError(
            f"the identity loss needs an ArcFace, and a {type(identity).__name__} was given: load model_ir_se50.pth, or pass a "
            "function that gives unit embeddings"
        )
    return identity


def _gather(references: Tensor | Sequence[Tensor], side: int) -> Tensor:
    """One batch of images at the generator's resolution."""
    pictures = [references] if isinstance(references, Tensor) else list(references)
    if not pictures:
        raise StyleError("no reference was given: give at least one image")
    return torch.cat([resize(aligned_faces(picture), side) for picture in pictures])


def _codes(
    generator: Generator, pictures: Tensor, encoder: nn.Module | None, latents: Latent | None, settings: OneShot
) -> Tensor:
    """The references' w+, ``[N, L, D]``."""
    if settings.extreme:
        return generator.broadcast(generator.w_avg.expand(len(pictures), -1))
    if latents is None:
        if encoder is None:
            raise StyleError("the references' codes are needed", NO_CODES)
        latents = encode(pictures, encoder, generator)
    with torch.no_grad():
        codes = generator.to_w_plus(latents).codes
    if not codes.isfinite().all():
        raise StyleError(
            "the references' codes are not finite (NaN or infinity): check the encoder or the optimization that found them"
        )
    return codes
