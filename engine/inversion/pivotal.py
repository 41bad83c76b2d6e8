"""Pivotal tuning (Roich et al. 2021): move the generator until it draws a face at the code that was found for it.

An inversion leaves out what the generator can't draw: a mole, a hat, the light of this photo. So the code, the
pivot, is held, and the synthesis network learns for a few hundred small steps. Around the pivot it keeps what it
could do before: editing, interpolation and styles work on with the tuned generator.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import LatentError
from ..images import resize
from ..latents import Latent
from ..losses.perceptual import Perceptual
from ..progress import Progress, Step, measured, silent
from ..stylegan2 import Discriminator, LatentGenerator
from .gradients import outside_inference
from .invert import aligned_faces, distance_to
from .optimize import Distance

__all__ = ["PivotalTuning", "Tuned", "tune"]

LOCALITY_PSI = 0.5  # truncation of the random faces towards which locality is asked for


@dataclass(frozen=True, kw_only=True)
class PivotalTuning:
    """Settings of a pivotal tuning.

    Attributes:
        steps: of Adam, at most.
        lr: learning rate on equalised weights.
        enough: stop as soon as the perceptual distance is this small; 0 to take all steps. The release stops at an
            LPIPS (AlexNet) of 0.06.
        locality: weight that holds the generator to what it drew before, at codes near the pivot; the paper's is
            0.1. It takes twice as long.
        reach: how far from the pivot those codes lie, over all rows of w+ together.
    """

    steps: int = 350
    lr: float = 3e-4
    enough: float = 0.0
    locality: float = 0.0
    reach: float = 30.0

    def __post_init__(self) -> None:
        for name in ("steps", "lr", "reach"):
            if getattr(self, name) <= 0:
                raise LatentError(f"{name} is {getattr(self, name)}: it must be positive")
        for name in ("enough", "locality"):
            if getattr(self, name) < 0:
                raise LatentError(f"{name} is {getattr(self, name)}: it can't be negative")


@dataclass(frozen=True)
class Tuned:
    """Faces, and the generator that draws them as they are.

    Attributes:
        latent: the pivots, in w+.
        generator: a copy of the one that was given, of the same kind, frozen. In a checkpoint it takes the place of
            that one: ``pastiche.save(dataclasses.replace(checkpoint, generator=tuned.generator), path)``.
    """

    latent: Latent
    generator: LatentGenerator


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
    """Tune a copy of a generator until it draws the given faces at the given codes.

    Several faces tune one generator for all of them; it takes their gradients one after the other, so that memory
    does not grow with their number. Mapping network and noise maps stay as they are, and so does the generator that
    was given.

    Args:
        image: aligned faces ``[N, 3, H, W]``, RGB in [-1, 1]; brought to the generator's size.
        latent: a code for each of them, as `invert` finds it, in any space. The nearer its picture is to the face,
            the less the generator has to change.
        discriminator, lpips: what pictures are measured by beside their squared difference: LPIPS, at 256 pixels, if
            given, else the discriminator's features.
        rng: source of the random faces for locality, on the generator's device.
        progress: called after each step; its preview draws the faces as they were before it.

    Raises:
        LatentError: faces and codes differ in number, a code does not fit the generator, or a discriminator or
            LPIPS is not given or does not fit.
        ImageError: the pictures are not square, not RGB, or hold values that are not finite.
        TrainingError: a loss is no longer finite.
        Cancelled: raised by `progress` to stop.
    """
    image = aligned_faces(image)
    if len(image) != len(latent):
        raise LatentError(f"{len(image)} faces were given with {len(latent)} codes: give one code for each")
    settings = settings or PivotalTuning()
    # ComfyUI runs nodes in inference mode, whose tensors can't be trained on
    with torch.inference_mode(False), torch.enable_grad():
        targets = resize(image, generator.resolution).to(generator.w_avg.device).clone()
        measure = partial(
            distance_to,
            discriminator=None if discriminator is None else outside_inference(discriminator),
            lpips=None if lpips is None else outside_inference(lpips),
        )
        distances = [measure(target) for target in targets.split(1)]
        base, tuned = outside_inference(generator), _trainable_copy(generator)
        with torch.no_grad():
            pivots = base.to_w_plus(Latent(latent.codes.to(targets.device).clone(), latent.space)).codes
        learning = [parameter for parameter in tuned.parameters() if parameter.requires_grad]
        optimizer = torch.optim.Adam(learning, lr=settings.lr)
        for index in range(settings.steps):
            optimizer.zero_grad()
            parts, drawn = [], []
            for pivot, target, distance in zip(pivots.split(1), targets.split(1), distances, strict=True):
                picture = tuned.synthesis(pivot)
                losses = {"squares": F.mse_loss(picture, target), "distance": distance(picture)}
                if settings.locality:
                    nearby = _nearby(base, pivot, settings.reach, rng)
                    losses["locality"] = settings.locality * _drift(base, tuned, nearby, measure)
                torch.autograd.backward(torch.stack(list(losses.values())).sum() / len(pivots), inputs=learning)
                parts.append(losses)
                drawn.append(picture.detach())
            values = measured({name: torch.stack([part[name].detach() for part in parts]).mean() for name in parts[0]}, index)
            if values["distance"] <= settings.enough:
                break
            optimizer.step()
            progress(Step(index=index + 1, total=settings.steps, losses=values, preview=partial(torch.cat, drawn)))
        optimizer.zero_grad()  # frees the gradients, as large as the generator
    return Tuned(Latent(pivots, "w+"), tuned.requires_grad_(False).eval())


def _trainable_copy(generator: LatentGenerator) -> LatentGenerator:
    """A copy whose synthesis network learns and whose mapping network does not."""
    copy = deepcopy(generator).train().requires_grad_(True)
    copy.style.requires_grad_(False)
    return copy


@torch.no_grad()
def _nearby(generator: LatentGenerator, pivot: Tensor, reach: float, rng: torch.Generator | None) -> Tensor:
    """A code ``[1, L, D]`` at the distance `reach` from the pivot, in the direction of a random face."""
    face = generator.broadcast(generator.truncate(generator.mapping(generator.sample_z(1, rng)), LOCALITY_PSI))
    return pivot + reach * F.normalize((face - pivot).flatten(1)).view_as(pivot)


def _drift(base: LatentGenerator, tuned: LatentGenerator, code: Tensor, measure: Callable[[Tensor], Distance]) -> Tensor:
    """How far tuning moved the picture at a code; without noise, which differs from face to face."""
    with torch.no_grad():
        before = base.synthesis(code, noise="none")
    after = tuned.synthesis(code, noise="none")
    return F.mse_loss(after, before) + measure(before)(after)
