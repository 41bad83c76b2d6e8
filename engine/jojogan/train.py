"""Fine-tuning a generator until it draws every face as the reference is drawn (JoJoGAN, section 3)."""

from copy import deepcopy

import torch
from torch import Tensor

from ..errors import StyleError
from ..losses.perceptual_net import PerceptualNet
from ..progress import Progress, Step, measured, silent
from ..stylegan2 import Discriminator, Generator
from ..training.scaling import loss_scaler
from .loss import FeatureLoss, IdentityNetwork, ReconstructionLoss, identity_loss
from .mixing import Mixer
from .settings import OneShot

__all__ = ["fine_tune", "training_codes"]


def training_codes(generator: Generator, codes: Tensor, settings: OneShot) -> Tensor:
    """The w+ codes ``[N, L, D]`` that styles are mixed around: the references' own, or nearer to the mean face.

    For extreme references the mean face itself; else the virtual inverter's, ``codes`` with some rows moved
    towards the mean (JoJoGAN, section 4).
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
    rng: torch.Generator | None = None,
    identity: IdentityNetwork | None = None,
    perceptual: PerceptualNet | None = None,
    progress: Progress = silent,
) -> Generator:
    """A copy of `generator` that draws in the style of the references.

    What learns is the synthesis network; mapping and noise maps stay the base's. Nothing of the arguments
    is changed. It learns on the generator's device, wherever pictures, codes and discriminator are.

    Args:
        references: aligned pictures ``[N, 3, H, W]`` of the generator's size, in [-1, 1].
        codes: w+ of the references, ``[N, L, D]``.
        rng: source of the random faces and noise, on the CPU for the same ones on every device.
        identity: network for the identity loss.
        perceptual: network whose features are compared, all blocks of it, in the place of the discriminator's.
        progress: called after each step; its preview draws the references' codes.

    Raises:
        StyleError: pictures and codes differ in number, or an identity loss without a network is wanted.
        TrainingError: the loss is no longer finite.
        Cancelled: raised by `progress` to stop.
    """
    if len(references) != len(codes):
        raise StyleError(f"{len(references)} references were given with {len(codes)} codes: give one code for each")
    if settings.identity and identity is None:
        raise StyleError("the identity loss needs an identity network (ArcFace): load one, or set identity to 0")
    # ComfyUI runs nodes in inference mode, whose tensors can't be trained on
    with torch.inference_mode(False), torch.enable_grad():
        device = generator.w_avg.device
        references, codes = references.to(device).clone(), training_codes(generator, codes.to(device).clone(), settings)
        tuned = trainable_copy(generator)
        frozen = deepcopy(perceptual or discriminator).requires_grad_(False).eval().to(device)
        blocks = settings.blocks if perceptual is None else tuple(range(perceptual.depth))
        loss_of = FeatureLoss(frozen, references, blocks, grey=settings.greyscale)
        reconstruction_of = ReconstructionLoss(references, grey=settings.greyscale)
        mixer = Mixer(generator, codes, settings)
        optimizer = torch.optim.Adam([p for p in tuned.parameters() if p.requires_grad], lr=settings.lr, betas=settings.betas)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, settings.rate)
        scaler = loss_scaler(device)
        for index in range(settings.steps):
            noise = tuned.noise_maps(settings.noise, len(codes), rng)
            styles = mixer.styles(tuned, rng)
            drawn = tuned.render(styles, noise)
            losses = {"features": loss_of(drawn)}
            loss = losses["features"]
            if settings.reconstruction:
                losses["reconstruction"] = reconstruction_of(drawn)
                loss = loss + settings.reconstruction * losses["reconstruction"]
            if settings.identity and identity is not None:
                with torch.no_grad():
                    original = generator.render(styles, noise)
                losses["identity"] = identity_loss(identity, drawn, original)
                loss = loss + settings.identity * losses["identity"]
            optimizer.zero_grad()
            torch.autograd.backward(scaler.scale(loss))
            scaler.step(optimizer)
            scaler.update()
            schedule.step()
            values = measured(losses, index)
            progress(Step(index=index + 1, total=settings.steps, losses=values, preview=lambda: _preview(tuned, codes)))
    optimizer.zero_grad()  # gradients would stay as long as the style
    return tuned.requires_grad_(False).eval()


def trainable_copy(generator: Generator) -> Generator:
    """A copy whose synthesis network learns and whose mapping network does not."""
    copy = deepcopy(generator).train().requires_grad_(True)
    copy.style.requires_grad_(False)
    return copy


@torch.no_grad()
def _preview(tuned: Generator, codes: Tensor) -> Tensor:
    return tuned.synthesis(codes)
