"""Inversion by optimization (Karras et al. 2020, appendix D).

Space w is the published projector; w+ (Abdal et al. 2019) comes closer to the image and is less editable; z+ is the
space of AgileGAN and DualStyleGAN. The noise maps can be optimized too, with a regularization.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ..errors import LatentError
from ..latents import Latent
from ..progress import Progress, Step, measured, silent
from ..randomness import normal
from ..stylegan2 import LatentGenerator
from ..training.scaling import loss_scaler
from .density import LatentDensity
from .gradients import outside_inference
from .noise import noise_penalty, normalize_noise
from .schedule import jitter, learning_rate

__all__ = ["Distance", "Optimization", "optimize"]

Distance = Callable[[Tensor], Tensor]
"""How far pictures ``[N, 3, H, W]`` are from the target: one number to minimise."""


@dataclass(frozen=True, kw_only=True)
class Optimization:
    """Settings of an inversion by optimization.

    Attributes:
        space: the latent space of the optimized code.
        steps: number of Adam steps.
        lr: highest learning rate of the schedule.
        jitter: noise added to the code, in standard deviations of w.
        noise: also optimize the noise maps, if the generator has any.
        noise_weight: weight of the noise regularization.
        samples: number of random w for the estimate of mean and standard deviation.
        pull: weight of the distance to the start, for a start that is already good.
        prior: weight of the P-norm prior (II2S), which keeps codes where the generator draws best; see `LatentDensity`.
        identity: weight of the identity loss (Richardson et al. 2021, equation 3), where `optimize` gets one.
    """

    space: Literal["w", "w+", "z+"] = "w+"
    steps: int = 500
    lr: float = 0.1
    jitter: float = 0.05
    noise: bool = True
    noise_weight: float = 1e5
    samples: int = 10_000
    pull: float = 0.0
    prior: float = 0.0
    identity: float = 0.0

    def __post_init__(self) -> None:
        if self.space not in ("w", "w+", "z+"):
            raise LatentError(f"the space is {self.space!r}: expected w, w+ or z+")
        for name in ("steps", "lr", "samples"):
            if getattr(self, name) <= 0:
                raise LatentError(f"{name} is {getattr(self, name)}: it must be positive")


def optimize(
    generator: LatentGenerator,
    distance: Distance,
    settings: Optimization,
    *,
    identity: Distance | None = None,
    start: Latent | None = None,
    batch: int = 1,
    rng: torch.Generator | None = None,
    progress: Progress = silent,
) -> Latent:
    """Find the codes whose images are closest to the target.

    Images of a batch do not influence each other: the gradient of the mean distance over N images is that of each
    image's own distance over N, and Adam's steps do not depend on such a factor.

    Args:
        distance: function that gives the distance to the target images, averaged over them.
        identity: the same for the people in them; without it, nothing holds who it is.
        start: the initial codes. If None, the mean face; in z+ short random codes, which the first steps replace.
        batch: number of target images.
        rng: random generator for jitter and samples; one on the CPU gives the same result on every device.
        progress: called after each step; its preview is the current image.

    Returns:
        The codes; with the noise maps of each image, if they were optimized.

    Raises:
        LatentError: the start can't be converted to the space of the optimization.
        TrainingError: the distance is no longer finite.
        Cancelled: raised by `progress` to stop.
    """
    # ComfyUI runs nodes in inference mode, which has no gradients
    with torch.inference_mode(False), torch.enable_grad():
        generator = outside_inference(generator)
        device = generator.w_avg.device
        code, spread = _start(generator, settings, None if start is None else start.to(device), batch, rng)
        origin, code = code.clone(), code.clone().requires_grad_()
        fixed = [level for level in generator.noise_maps("fixed") if level is not None]
        maps = [level.repeat(batch, 1, 1, 1).requires_grad_() if settings.noise else level.clone() for level in fixed]
        learned = maps if settings.noise else []
        density = LatentDensity.of(generator, settings.samples, rng) if settings.prior else None
        variables = [code, *learned]
        optimizer, scaler = torch.optim.Adam(variables, betas=(0.9, 0.999)), loss_scaler(device)
        for index in range(settings.steps):
            optimizer.param_groups[0]["lr"] = learning_rate(index, settings.steps, settings.lr)
            amount = spread * jitter(index, settings.steps, settings.jitter)
            shake = amount * normal(*code.shape, rng=rng, device=device)
            w_plus = _w_plus(generator, code + shake, settings.space)
            images = generator.synthesis(w_plus, noise=maps)
            losses = {"distance": distance(images)}
            if identity is not None and settings.identity:
                losses["identity"] = settings.identity * identity(images)
            if learned:
                losses["noise"] = settings.noise_weight * noise_penalty(learned) / batch
            if settings.pull:
                losses["pull"] = settings.pull * (code - origin).square().mean()
            if density is not None:
                losses["prior"] = settings.prior * density.penalty(w_plus)
            loss = torch.stack(list(losses.values())).sum()
            optimizer.zero_grad()
            torch.autograd.backward(scaler.scale(loss), inputs=variables)
            scaler.step(optimizer)
            scaler.update()
            normalize_noise(learned)
            values = measured(losses, index)
            progress(Step(index=index + 1, total=settings.steps, losses=values, preview=images.detach))
    return Latent(code.detach(), settings.space, tuple(level.detach() for level in learned))


def _w_plus(generator: LatentGenerator, code: Tensor, space: str) -> Tensor:
    if space == "z+":
        return generator.mapping(code)
    return code if space == "w+" else generator.broadcast(code)


@torch.no_grad()
def _start(
    generator: LatentGenerator, settings: Optimization, start: Latent | None, batch: int, rng: torch.Generator | None
) -> tuple[Tensor, Tensor | float]:
    """The initial code, and the standard deviation for the jitter, which is estimated where it is needed."""
    if settings.space == "z+":
        if start is None:
            shape = (batch, generator.num_layers, generator.config.z_dim)
            return normal(*shape, rng=rng, device=generator.w_avg.device) * 0.1, 1.0
        return _as_z_plus(generator, start), 1.0
    if start is not None and not settings.jitter:
        return _as_w(generator, start, settings.space), 0.0
    w = generator.mapping(generator.sample_z(settings.samples, rng))
    mean = w.mean(dim=0)
    spread = ((w - mean).square().sum() / len(w)).sqrt()
    if start is not None:
        return _as_w(generator, start, settings.space), spread
    code = mean.expand(batch, -1)
    return (generator.broadcast(code) if settings.space == "w+" else code), spread


def _as_w(generator: LatentGenerator, start: Latent, space: str) -> Tensor:
    w_plus = generator.to_w_plus(start).codes
    if space == "w+":
        return w_plus
    return start.codes if start.space == "w" else w_plus.mean(dim=1)


def _as_z_plus(generator: LatentGenerator, start: Latent) -> Tensor:
    if not start.space.startswith("z"):
        raise LatentError(f"an optimization in z+ can't start from a code in {start.space}: the mapping network has no inverse")
    return start.codes if start.codes.ndim == 3 else generator.broadcast(start.codes)
