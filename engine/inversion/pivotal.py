"""Pivotal tuning (Roich et al. 2021): fine-tune the generator to reproduce a face at its inverted code.

An inversion loses what the generator can't draw: a mole, a hat, the light of this photo. So the code (the pivot) is
fixed, and the synthesis network is trained for a few hundred small steps. The generator keeps its abilities around
the pivot: editing, interpolation and styles still work with the tuned generator.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import LatentError
from ..images import resize
from ..latents import Latent
from ..losses.perceptual import Perceptual
from ..losses.reconstruction import reconstruction_loss
from ..losses.texture import texture_loss
from ..people import Tuned
from ..progress import Progress, Step, measured, silent
from ..stylegan2 import Discriminator, Generator, LatentGenerator
from ..training.scaling import loss_scaler
from .gradients import outside_inference, trainable_copy
from .invert import aligned_faces, distance_to
from .optimize import Distance

__all__ = ["COARSE_TO_FINE", "PivotalTuning", "tune"]

LOCALITY_PSI = 0.5  # truncation of the random faces for the locality regularization


@dataclass(frozen=True, kw_only=True)
class PivotalTuning:
    """Settings of a pivotal tuning. The defaults are those of the released code, but for `enough`.

    Attributes:
        steps: maximum number of Adam steps.
        lr: learning rate for equalized weights.
        decay: fraction of the steps, at the end, over which the learning rate falls to 0.
        coarse: fractions of the steps at smaller sizes, the smallest first, each size twice the previous: with
            (0.5, 0.3), half of the steps use a quarter of the side, three tenths half of it, and the rest the full size.
            Layers above the size are skipped, so that each halving of the side makes a step four times cheaper. This is
            ours, and for StyleGAN2 only, whose image is a sum over sizes; other generators use the full size throughout.
        reconstruction: weight of a loss on pixels and edges at several sizes (ours). It places outlines. With the squared
            error and `texture`, it is the only loss at the smaller sizes.
        texture: weight of the texture loss (ours), which keeps hair and edges from becoming soft.
        enough: stop when the perceptual distance falls to this; 0 to run all steps. The released code stops at an LPIPS of
            0.06 by AlexNet. The networks here measure other distances, for which that threshold is not right.
        locality: weight of the locality regularization at codes near the pivot, in steps at full size; 0.1 in the paper.
            It doubles the time of a step.
        reach: distance of those codes from the pivot, over all rows of w+.
    """

    steps: int = 350
    lr: float = 3e-4
    decay: float = 0.0
    coarse: tuple[float, ...] = ()
    reconstruction: float = 0.0
    texture: float = 0.0
    enough: float = 0.0
    locality: float = 0.0
    reach: float = 30.0

    def __post_init__(self) -> None:
        for name in ("steps", "lr", "reach"):
            if getattr(self, name) <= 0:
                raise LatentError(f"{name} is {getattr(self, name)}: it must be positive")
        for name in ("enough", "locality", "reconstruction", "texture"):
            if getattr(self, name) < 0:
                raise LatentError(f"{name} is {getattr(self, name)}: it can't be negative")
        if not 0 <= self.decay <= 1:
            raise LatentError(f"decay is {self.decay}: expected a fraction of the steps, from 0 to 1")
        if any(part < 0 for part in self.coarse) or sum(self.coarse) > 1:
            raise LatentError(f"coarse is {self.coarse}: expected fractions of the steps, from 0 on, with a sum of at most 1")

    def level(self, step: int) -> int:
        """The level of the image pyramid in a step: the side is divided by 2 to the power of it."""
        until = 0.0
        for index, part in enumerate(self.coarse):
            until += part
            if step < round(until * self.steps):
                return len(self.coarse) - index
        return 0

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        left = 1 - step / self.steps
        return self.lr * (min(1.0, left / self.decay) if self.decay else 1.0)


COARSE_TO_FINE = PivotalTuning(steps=140, lr=2e-2, decay=0.3, coarse=(0.6, 0.3), reconstruction=1.0, texture=3.0)
"""Ours, for the models that ship: as near to the photo as 150 steps of the release's kind, in less than half the time."""


def tune(
    image: Tensor,
    generator: LatentGenerator,
    latent: Latent,
    *,
    discriminator: Discriminator | None = None,
    lpips: Perceptual | None = None,
    settings: PivotalTuning | None = None,
    rng: torch.Generator | None = None,
    progress: Progress = silent,
) -> Tuned:
    """Fine-tune a copy of a generator to reproduce the given faces at the given codes.

    Several faces share one tuned generator. Their gradients are computed one face at a time, so that memory does not
    grow with their number. Mapping network, noise maps and the given generator are not changed. The tuning runs on the
    generator's device, whatever device the images and the other networks are on.

    Args:
        image: aligned faces ``[N, 3, H, W]``, RGB in [-1, 1]; resized to the generator's resolution.
        latent: a code for each of them, for example from `invert`, in any space. The closer its image is to the
            face, the less the generator has to change. Its noise maps are not used, but the generator's own.
        discriminator, lpips: the perceptual distance in addition to the squared error: LPIPS, at 256 pixels, if
            given, otherwise the discriminator's features.
        settings: `PivotalTuning()` if None. `COARSE_TO_FINE` suits the small bundled models.
        rng: random generator for the locality regularization; one on the CPU gives the same result on every device.
        progress: called after each step; its preview shows the faces before the step, at the step's size.

    Raises:
        LatentError: faces and codes differ in number, a code does not fit the generator, or a discriminator or
            LPIPS is not given or does not fit.
        ImageError: the images are not square, not RGB, or hold values that are not finite.
        TrainingError: a loss is no longer finite.
        Cancelled: raised by `progress` to stop.
    """
    image = aligned_faces(image)
    if len(image) != len(latent):
        raise LatentError(f"{len(image)} faces were given with {len(latent)} codes: give one code for each")
    settings = settings or PivotalTuning()
    # ComfyUI runs nodes in inference mode, whose tensors can't be used for training
    with torch.inference_mode(False), torch.enable_grad():
        targets = resize(image, generator.resolution).to(generator.w_avg.device).clone()
        measure = partial(
            distance_to,
            discriminator=None if discriminator is None else outside_inference(discriminator, targets.device),
            lpips=None if lpips is None else outside_inference(lpips, targets.device),
        )
        base, tuned = outside_inference(generator), trainable_copy(generator)
        with torch.no_grad():
            plain = latent.without_offset("pivotal tuning")
            pivots = base.to_w_plus(Latent(plain.codes.to(targets.device).clone(), plain.space)).codes
        faces = [_Face(base, *pair, measure) for pair in zip(pivots.split(1), targets.split(1), strict=True)]
        learning = [parameter for parameter in tuned.parameters() if parameter.requires_grad]
        optimizer, scaler = torch.optim.Adam(learning, lr=settings.lr), loss_scaler(targets.device)
        for index in range(settings.steps):
            optimizer.param_groups[0]["lr"] = settings.rate(index)
            optimizer.zero_grad()
            parts, drawn = [], []
            for face in faces:
                picture, losses = face.losses(tuned, settings, settings.level(index), rng)
                loss = torch.stack(list(losses.values())).sum() / len(faces)
                torch.autograd.backward(scaler.scale(loss), inputs=learning)
                parts.append(losses)
                drawn.append(picture.detach())
            values = measured({name: torch.stack([part[name].detach() for part in parts]).mean() for name in parts[0]}, index)
            if "distance" in values and values["distance"] <= settings.enough:
                break
            scaler.step(optimizer)
            scaler.update()
            progress(Step(index=index + 1, total=settings.steps, losses=values, preview=partial(torch.cat, drawn)))
        optimizer.zero_grad()  # frees the gradients, which are as large as the generator
    return Tuned(Latent(pivots, "w+"), tuned.requires_grad_(False).eval(), generator)


class _Face:
    """One face and its losses.

    Args:
        pivot: its code ``[1, L, D]``.
        target: ``[1, 3, S, S]``.
    """

    def __init__(self, base: LatentGenerator, pivot: Tensor, target: Tensor, measure: Callable[[Tensor], Distance]) -> None:
        self.base = base
        self.pivot = pivot
        self.target = target
        self.measure = measure
        self.distance = measure(target)
        self._targets: dict[int, Tensor] = {0: target}

    def losses(
        self, tuned: LatentGenerator, settings: PivotalTuning, level: int, rng: torch.Generator | None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The current image, at the size of the step, and the parts of the loss."""
        level = level if isinstance(tuned, Generator) and tuned.resolution >> level >= 4 else 0
        picture, target = _drawn(tuned, self.pivot, level), self._target(level)
        losses = {"squares": F.mse_loss(picture, target)}
        if settings.reconstruction:
            losses["reconstruction"] = settings.reconstruction * reconstruction_loss(picture, target)
        if settings.texture:
            losses["texture"] = settings.texture * texture_loss(picture, target)
        if level:
            return picture, losses
        losses["distance"] = self.distance(picture)
        if settings.locality:
            nearby = _nearby(self.base, self.pivot, settings.reach, rng)
            losses["locality"] = settings.locality * _drift(self.base, tuned, nearby, self.measure)
        return picture, losses

    @torch.no_grad()
    def _target(self, level: int) -> Tensor:
        """The face at a smaller size, minus the contribution of the layers above that size."""
        if level not in self._targets:
            side = self.target.shape[-1] >> level
            small, whole = (resize(image, side, "area") for image in (self.target, self.base.synthesis(self.pivot)))
            self._targets[level] = small - (whole - _drawn(self.base, self.pivot, level))
        return self._targets[level]


def _drawn(generator: LatentGenerator, w_plus: Tensor, level: int) -> Tensor:
    """The image of a code ``[1, L, D]``, or the sum of its to-RGB layers up to a smaller size."""
    if not level:
        return generator.synthesis(w_plus)
    assert isinstance(generator, Generator)
    stages = generator.bind(generator.styles(w_plus), generator.noise_maps("fixed"))
    return generator.run(stages[:-level], generator.constant(len(w_plus)))[1]


@torch.no_grad()
def _nearby(generator: LatentGenerator, pivot: Tensor, reach: float, rng: torch.Generator | None) -> Tensor:
    """A code ``[1, L, D]`` at the distance `reach` from the pivot, in the direction of a random face."""
    face = generator.to_w_plus(generator.random_faces(1, rng, psi=LOCALITY_PSI)).codes
    return pivot + reach * F.normalize((face - pivot).flatten(1)).view_as(pivot)


def _drift(base: LatentGenerator, tuned: LatentGenerator, code: Tensor, measure: Callable[[Tensor], Distance]) -> Tensor:
    """How much the tuning changed the image at a code, without noise."""
    with torch.no_grad():
        before = base.synthesis(code, noise="none")
    after = tuned.synthesis(code, noise="none")
    return F.mse_loss(after, before) + measure(before)(after)
