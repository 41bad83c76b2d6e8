"""From an aligned face to a latent: one door for every way of inverting."""

from dataclasses import replace
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from ..devices import device_of
from ..encoders import IMAGE_SIZE, FaceEncoder, RestyleEncoder
from ..errors import ImageError, LatentError
from ..images import check, resize
from ..latents import Latent
from ..losses.perceptual import DiscriminatorDistance, LPIPSDistance, Perceptual
from ..progress import Progress, silent
from ..stylegan2 import Discriminator, LatentGenerator
from .gradients import outside_inference
from .optimize import Distance, Optimization, optimize

__all__ = ["Method", "aligned_faces", "distance_to", "encode", "invert"]

Method = Literal["encoder", "optimize", "hybrid"]

REFINEMENT = Optimization(steps=60, lr=0.02, jitter=0.0, noise=False, pull=3.0)
SEARCH = Optimization(noise=False)


@torch.no_grad()
def encode(
    image: Tensor, encoder: nn.Module, generator: LatentGenerator | None = None, *, progress: Progress = silent
) -> Latent:
    """Aligned faces ``[N, 3, H, W]`` in [-1, 1], of any size and on any device, through an encoder, on its device.

    The picture is brought to the encoder's size as the encoder is used to, which is antialiased bilinear
    sampling if it does not say.

    Args:
        generator: which the encoder belongs to; ReStyle's look at what it makes of their codes.
        progress: called after each step of an encoder that takes several. Raise `Cancelled` in it to stop.

    Raises:
        ImageError: the pictures are not square, not RGB, no floating numbers, or hold values that are not finite.
        LatentError: the encoder gives no latents, or needs a generator.
    """
    image = aligned_faces(image).to(device_of(encoder))
    if isinstance(encoder, RestyleEncoder):
        if generator is None:
            raise LatentError("this encoder looks at what the generator makes of its codes: give the generator too")
        return encoder.refine(image, generator, progress=progress)
    prepared = encoder.prepare(image) if isinstance(encoder, FaceEncoder) else resize(image, IMAGE_SIZE, "bilinear")
    latent = encoder(prepared)
    if not isinstance(latent, Latent):
        raise LatentError(f"{type(encoder).__name__} does not encode faces as latents: give a pSp, e4e or ReStyle encoder")
    return latent


def invert(
    image: Tensor,
    generator: LatentGenerator,
    encoder: nn.Module | None = None,
    *,
    method: Method = "encoder",
    discriminator: Discriminator | None = None,
    lpips: Perceptual | None = None,
    settings: Optimization | None = None,
    rng: torch.Generator | None = None,
    progress: Progress = silent,
) -> Latent:
    """The latent whose picture is the given face.

    A search is made on the generator's device, wherever the pictures and the other networks are. The generator stays as
    it is. `tune` moves a copy of it until the latent's picture is the face.

    Args:
        image: aligned faces ``[N, 3, H, W]``, RGB in [-1, 1].
        encoder: an encoder that belongs to the generator.
        method: "encoder": one pass, or a few through a ReStyle encoder; "optimize": a search from the mean face;
            "hybrid": a short search from what the encoder says.
        discriminator, lpips: what the searches measure pictures by: LPIPS (or our own network) if given, else the
            discriminator's features.
        settings: of the search. By default it leaves the noise maps alone, so that the latent alone gives the
            picture back; `inversion.optimize` returns optimised maps as well.
        rng: source of randomness, on the CPU for the same search on every device.
        progress: called after each step of a search or of a ReStyle encoder. Raise `Cancelled` in it to stop.

    Returns:
        The latent, in the encoder's space or in that of `settings`.

    Raises:
        LatentError: the method needs an encoder, a discriminator or LPIPS that is not given or does not fit,
            or there is no such method.
        ImageError: the pictures are not square, not RGB, no floating numbers, or hold values that are not finite.
    """
    image = aligned_faces(image)
    if method not in get_args(Method):
        raise LatentError(f"there is no inversion method {method!r}: choose one of {', '.join(get_args(Method))}")
    start = None
    if method != "optimize":
        if encoder is None:
            raise LatentError(
                f'the method "{method}" needs an encoder: give one that belongs to the generator, or use "optimize"'
            )
        start = encode(image, encoder, generator, progress=progress)
    if method == "encoder":
        assert start is not None
        return start
    settings = settings or (SEARCH if start is None else _refinement(start))
    with torch.inference_mode(False):
        target = resize(image, generator.resolution).to(generator.w_avg.device).clone()
        distance = distance_to(target, discriminator, lpips)
    return optimize(generator, distance, settings, start=start, batch=len(image), rng=rng, progress=progress).latent


def _refinement(start: Latent) -> Optimization:
    return replace(REFINEMENT, space="z+" if start.space.startswith("z") else "w+")


def distance_to(target: Tensor, discriminator: Discriminator | None, lpips: Perceptual | None) -> Distance:
    """What measures pictures against a target ``[N, 3, S, S]``: `lpips` if given, else the discriminator's features.

    Both measure on the target's device; a network that is elsewhere is copied. To be called outside of inference mode.

    Raises:
        LatentError: neither is given, or the discriminator has another size.
    """
    if lpips is not None:
        return LPIPSDistance(outside_inference(lpips, target.device), target)
    if discriminator is None:
        raise LatentError("a search measures pictures by LPIPS or by a discriminator's features: give one of the two")
    if discriminator.resolution != target.shape[-1]:
        raise LatentError(
            f"the discriminator works at {discriminator.resolution} pixels and the generator at {target.shape[-1]}: "
            "use the pair that was trained together"
        )
    return DiscriminatorDistance(outside_inference(discriminator, target.device), target)


def aligned_faces(image: Tensor) -> Tensor:
    """A batch of aligned faces in float32, if it is one.

    Raises:
        ImageError: the pictures are not square, not RGB, no floating numbers, or hold values that are not finite.
    """
    if not isinstance(image, Tensor):
        raise ImageError(f"aligned faces are a tensor [N, 3, S, S], not a {type(image).__name__}: align the picture first")
    if image.ndim != 4 or len(image) == 0 or image.shape[1] != 3 or image.shape[2] != image.shape[3]:
        raise ImageError(f"aligned faces [N, 3, S, S] are needed, not {list(image.shape)}: align the picture first")
    check(image)
    return image.float()
