"""Inversion of aligned faces with all methods."""

from dataclasses import replace
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from ..devices import device_of
from ..encoders import IMAGE_SIZE, ArcFace, FaceEncoder, Refining
from ..encoders.identity import embedding_of
from ..errors import Advice, ImageError, LatentError
from ..images import check, resize
from ..latents import Latent
from ..losses.features import cosine_loss
from ..losses.perceptual import DiscriminatorDistance, LPIPSDistance, Perceptual
from ..progress import Progress, silent
from ..stylegan2 import Discriminator, LatentGenerator
from .gradients import outside_inference
from .optimize import Distance, Optimization, optimize

__all__ = ["Method", "aligned_faces", "distance_to", "encode", "identity_to", "invert", "refinement_of"]

Method = Literal["encoder", "optimize", "hybrid"]

REFINEMENT = Optimization(steps=60, lr=0.02, jitter=0.0, noise=False, pull=3.0, identity=1.0)
SEARCH = Optimization(noise=False)


@torch.no_grad()
def encode(
    image: Tensor, encoder: nn.Module, generator: LatentGenerator | None = None, *, progress: Progress = silent
) -> Latent:
    """Encode aligned faces ``[N, 3, H, W]`` in [-1, 1], of any size and on any device, on the encoder's device.

    The images are resized as in the encoder's training; the default is antialiased bilinear.

    Args:
        generator: the encoder's generator; ReStyle encoders need it to refine their codes.
        progress: called after each step of an encoder that takes several. Raise `Cancelled` in it to stop.

    Raises:
        ImageError: the images are not square, not RGB, not floating point, or hold values that are not finite.
        LatentError: the encoder does not give latents, or needs a generator.
    """
    image = aligned_faces(image).to(device_of(encoder))
    if isinstance(encoder, Refining):
        if generator is None:
            raise LatentError("this encoder refines its codes with the generator: give the generator too")
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
    identity: ArcFace | None = None,
    settings: Optimization | None = None,
    steps: int | None = None,
    noise: bool = False,
    rng: torch.Generator | None = None,
    progress: Progress = silent,
) -> Latent:
    """Find the latent that reproduces the given face.

    Optimization runs on the generator's device, whatever device the images and the other networks are on. The generator is
    not changed. See `tune` to fine-tune a copy of it to the face.

    Args:
        image: aligned faces ``[N, 3, H, W]``, RGB in [-1, 1].
        encoder: an encoder that belongs to the generator.
        method: "encoder": one pass, or a few through a ReStyle encoder; "optimize": optimization from the mean
            face; "hybrid": a short optimization from the encoder's result.
        discriminator, lpips: the image distance for optimization: LPIPS (or our own network) if given, otherwise the
            discriminator's features.
        identity: tells people apart, so that "hybrid" keeps who it is. If None, the shape codes of a compact encoder do,
            as in the bundle, and other encoders' codes are refined without.
        settings: of the optimization. By default it does not optimize the noise maps, so that the codes alone
            reproduce the image.
        steps: of the optimization, whatever `settings` say.
        noise: also optimize the noise maps, whatever `settings` say. The latent keeps them, and the generator and every
            style draw it with them.
        rng: the random generator; one on the CPU gives the same result on every device.
        progress: called after each step of an optimization or of a ReStyle encoder. Raise `Cancelled` in it to stop.

    Returns:
        The latent, in the encoder's space or in that of `settings`.

    Raises:
        LatentError: the method needs an encoder, a discriminator or LPIPS that is not given or does not fit,
            there is no such method, or it or the generator has no noise maps to optimize.
        ImageError: the images are not square, not RGB, not floating point, or hold values that are not finite.
    """
    image = aligned_faces(image)
    if method not in get_args(Method):
        raise LatentError(f"there is no inversion method {method!r}: choose one of {', '.join(get_args(Method))}")
    if noise:
        _check_noise(method, generator)
    start = None
    if method != "optimize":
        if encoder is None:
            raise LatentError(f'the method "{method}" needs an encoder: give one for this generator, or use "optimize"')
        start = encode(image, encoder, generator, progress=progress)
    if method == "encoder":
        assert start is not None
        return start
    settings = settings or (SEARCH if start is None else refinement_of(start))
    settings = replace(settings, noise=noise or settings.noise, steps=steps or settings.steps)
    with torch.inference_mode(False):
        target = resize(image, generator.resolution).to(generator.w_avg.device).clone()
        distance = distance_to(target, discriminator, lpips)
        same = None if start is None else identity_to(target, identity or encoder)
    return optimize(generator, distance, settings, identity=same, start=start, batch=len(image), rng=rng, progress=progress)


def _check_noise(method: Method, generator: LatentGenerator) -> None:
    if method == "encoder":
        raise LatentError(
            "an encoder gives codes without noise maps, and noise maps were asked for",
            Advice(
                'choose method="hybrid" or "optimize", or leave noise out',
                "choose --inversion hybrid or optimize, or leave --noise out",
                'set "method" to hybrid or optimize, or switch "noise" off',
            ),
        )
    if all(level is None for level in generator.noise_maps("fixed")):
        raise LatentError(
            "the generator has no noise maps, and noise maps were asked for",
            Advice("leave noise out", "leave --noise out", 'switch "noise" off'),
        )


def refinement_of(start: Latent, steps: int | None = None) -> Optimization:
    """The settings of a short optimization from a good start: "hybrid"."""
    space: Literal["z+", "w+"] = "z+" if start.space.startswith("z") else "w+"
    return replace(REFINEMENT, space=space, steps=steps or REFINEMENT.steps)


def distance_to(target: Tensor, discriminator: Discriminator | None, lpips: Perceptual | None) -> Distance:
    """The distance of images to a target ``[N, 3, S, S]``: by `lpips` if given, otherwise by the discriminator's features.

    It runs on the target's device; a network on another device is copied. Call it outside of inference mode.

    Raises:
        LatentError: neither is given, or the discriminator has another resolution.
    """
    if lpips is not None:
        return LPIPSDistance(outside_inference(lpips, target.device), target)
    if discriminator is None:
        raise LatentError("optimization compares images by LPIPS or by a discriminator's features: give one of the two")
    if discriminator.resolution != target.shape[-1]:
        raise LatentError(
            f"the discriminator works at {discriminator.resolution} pixels and the generator at {target.shape[-1]}: "
            "use the pair that was trained together"
        )
    return DiscriminatorDistance(outside_inference(discriminator, target.device), target)


def identity_to(target: Tensor, network: nn.Module | None) -> Distance | None:
    """The identity loss of images to a target ``[N, 3, S, S]``; None if `network` does not tell people apart.

    Pixels and features say little about who it is: a search that sees them alone pays for colours with the face's shape.
    It runs on the target's device, as `distance_to`.
    """
    embed = None if network is None else embedding_of(outside_inference(network, target.device))
    if embed is None:
        return None
    with torch.no_grad():
        wanted = embed(target)
    return lambda images: cosine_loss(embed(images), wanted)


def aligned_faces(image: Tensor) -> Tensor:
    """Check a batch of aligned faces, and convert it to float32.

    Raises:
        ImageError: the images are not square, not RGB, not floating point, or hold values that are not finite.
    """
    if not isinstance(image, Tensor):
        raise ImageError(f"aligned faces are a tensor [N, 3, S, S], not a {type(image).__name__}: align the picture first")
    if image.ndim != 4 or len(image) == 0 or image.shape[1] != 3 or image.shape[2] != image.shape[3]:
        raise ImageError(f"aligned faces [N, 3, S, S] are needed, not {list(image.shape)}: align the picture first")
    check(image)
    return image.float()
