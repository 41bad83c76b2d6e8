"""Fine-tuning of a generator to draw every face in the style of the references (JoJoGAN, section 3)."""

from copy import deepcopy

import torch
from torch import Tensor

from ..errors import StyleError
from ..losses.perceptual_net import PerceptualNet
from ..progress import Progress, Step, measured, silent
from ..stylegan2 import Discriminator, Generator
from ..training.scaling import loss_scaler
from .loss import FeatureLoss, IdentityNetwork, ReferenceLoss, identity_loss
from .mixing import Mixer
from .settings import OneShot

__all__ = ["fine_tune", "training_codes"]


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
    rng: torch.Generator | None = None,
    identity: IdentityNetwork | None = None,
    perceptual: PerceptualNet | None = None,
    progress: Progress = silent,
) -> Generator:
    """Fine-tune a copy of `generator` to the style of the references.

    Only the synthesis network is trained; mapping network and noise maps stay those of the base. The arguments are not
    changed. The training runs on the generator's device, whatever device images, codes and discriminator are on.

    Args:
        references: aligned images ``[N, 3, H, W]`` at the generator's resolution, in [-1, 1].
        codes: w+ codes of the references, ``[N, L, D]``.
        rng: random generator for faces and noise; one on the CPU gives the same result on every device.
        identity: network for the identity loss.
        perceptual: network for the feature loss, with all of its blocks, instead of the discriminator.
        progress: called after each step; its preview shows the images of the references' codes.

    Raises:
        StyleError: the numbers of images and codes differ, or the identity loss has no network.
        TrainingError: the loss is no longer finite.
        Cancelled: raised by `progress` to stop.
    """
    if len(references) != len(codes):
        raise StyleError(f"{len(references)} references were given with {len(codes)} codes: give one code for each")
    if settings.identity and identity is None:
        raise StyleError("the identity loss needs an identity network (ArcFace): load one, or set identity to 0")
    # ComfyUI runs nodes in inference mode, whose tensors can't be used for training
    with torch.inference_mode(False), torch.enable_grad():
        device = generator.w_avg.device
        references, codes = references.to(device).clone(), training_codes(generator, codes.to(device).clone(), settings)
        tuned = trainable_copy(generator)
        frozen = deepcopy(perceptual or discriminator).requires_grad_(False).eval().to(device)
        blocks = settings.blocks if perceptual is None else tuple(range(perceptual.depth))
        loss_of = FeatureLoss(frozen, references, blocks, grey=settings.greyscale)
        compared = ReferenceLoss(references, grey=settings.greyscale)
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
                losses["reconstruction"] = compared.reconstruction(drawn)
                loss = loss + settings.reconstruction * losses["reconstruction"]
            if settings.texture:
                losses["texture"] = compared.texture(drawn)
                loss = loss + settings.texture * losses["texture"]
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
    optimizer.zero_grad()  # otherwise gradients would live as long as the style
    return tuned.requires_grad_(False).eval()


def trainable_copy(generator: Generator) -> Generator:
    """A copy with a trainable synthesis network and a frozen mapping network."""
    copy = deepcopy(generator).train().requires_grad_(True)
    copy.style.requires_grad_(False)
    return copy


@torch.no_grad()
def _preview(tuned: Generator, codes: Tensor) -> Tensor:
    return tuned.synthesis(codes)
