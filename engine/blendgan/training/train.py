"""BlendGAN's trainings, from pictures and settings to trained networks.

    settings, schedule = STYLE_ENCODER_PRESETS["fast"]
    task = style_encoder_task(pictures, settings, ...)
    train(task, schedule, folder=...)
    encoder = task.result()         # and in the same way with `blend_task` and `one_shot_task`

The encoder of faces is `pastiche.encoders`' to train, as a pSp: without a style this generator draws natural faces, which is
what the paper's is trained on.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace

import torch
from torch import Tensor

from ...devices import find_device
from ...errors import Advice, TrainingError
from ...losses.perceptual_net import PerceptualNet
from ...losses.vgg import VGG
from ...stylegan2 import Discriminator, Generator
from ...stylegan2.fingerprint import fingerprint
from ...training.given import Given
from ..config import StyleEncoderConfig
from ..encoder import CompactEmbedder, StyleEncoder
from ..generator import BlendGenerator
from .codes import AT_ONCE, Pictures, TensorPictures, spread_evenly, style_codes
from .config import BlendTraining, StyleEncoderTraining
from .pairs import Pairs
from .sources import DrawnFaces, PicturedFaces
from .start import at_side, blend_generator, critics
from .style_task import SimCLRTask
from .task import BlendTask

__all__ = ["blend_task", "one_shot_task", "style_encoder_task"]

log = logging.getLogger(__name__)

MEASURED = 512  # pictures that a compact encoder's features are standardized by
OWN_RATE = 5e-4  # learning rate of a backbone that starts at random where none was asked for


def style_encoder_task(
    pictures: Pictures,
    settings: StyleEncoderTraining,
    *,
    vgg: VGG | None = None,
    perceptual: PerceptualNet | None = None,
    partners: Tensor | None = None,
    seed: int = 0,
) -> SimCLRTask:
    """What trains a style encoder.

    Args:
        pictures: in many styles, at least as many as a batch.
        settings: of the training.
        vgg: torchvision's VGG19, for that backbone.
        perceptual: the network that a compact backbone starts from; without it, it starts at random and learns.
        partners: for each picture the number of another one in the same manner, or its own, ``[M]``.
        seed: of the initial weights.

    Raises:
        TrainingError: there is no VGG19, or there are too few pictures.
    """
    if len(pictures) < 2:
        raise TrainingError(f"styles are learned by telling pictures apart, and there is {len(pictures)}: give more")
    with _seeded(seed):
        if settings.backbone == "vgg19":
            encoder = _with_vgg(settings, vgg)
        else:
            encoder = _with_perceptual(settings, perceptual)
            _standardize(encoder, pictures)
        if settings.backbone == "compact" and perceptual is None and not settings.lr_backbone:
            log.info("there is no perceptual network to start from: the backbone learns too, at a rate of %g", OWN_RATE)
            settings = replace(settings, lr_backbone=OWN_RATE)
        return SimCLRTask(encoder, pictures, settings, partners)


def _with_vgg(settings: StyleEncoderTraining, vgg: VGG | None) -> StyleEncoder:
    if vgg is None:
        raise TrainingError(
            "the backbone is vgg19, and torchvision's VGG19 is not at hand",
            Advice(
                python='pass it as `vgg`, or set backbone to "compact", which needs no download',
                command="download it to torch's cache, or add --set backbone=compact, which needs no download",
                node="choose the compact backbone, which needs no download",
            ),
        )
    config = StyleEncoderConfig(widths=vgg.widths, code_dim=settings.code_dim, code_layers=settings.code_layers)
    encoder = StyleEncoder(config)
    encoder.embedder.backbone.load_state_dict(vgg.state_dict())
    return encoder


def _with_perceptual(settings: StyleEncoderTraining, perceptual: PerceptualNet | None) -> StyleEncoder:
    config = StyleEncoderConfig.compact(code_dim=settings.code_dim, code_layers=settings.code_layers)
    if perceptual is None:
        return StyleEncoder(replace(config, widths=tuple(max(1, round(settings.width * wide)) for wide in config.widths)))
    encoder = StyleEncoder(replace(config, widths=perceptual.config.widths))
    encoder.embedder.backbone.load_state_dict(perceptual.state_dict())
    return encoder


@torch.no_grad()
def _standardize(encoder: StyleEncoder, pictures: Pictures) -> None:
    """Measure the features of some pictures."""
    embedder = encoder.embedder
    assert isinstance(embedder, CompactEmbedder)
    parts = spread_evenly(len(pictures), MEASURED).split(AT_ONCE)
    embedder.standardize(torch.cat([embedder.roots(pictures.batch(part)) for part in parts]))


def blend_task(
    base: Generator,
    encoder: StyleEncoder,
    faces: Pictures,
    pictures: Pictures,
    settings: BlendTraining,
    *,
    discriminator: Discriminator | None = None,
    pairs: Pairs | None = None,
    partners: Tensor | None = None,
    before: Generator | None = None,
    device: str | torch.device = "auto",
    seed: int = 0,
) -> BlendTask:
    """What trains a generator.

    Args:
        base: a StyleGAN2 of natural faces; or a BlendGAN, which is trained further.
        encoder: of styles; it stays as it is.
        faces: natural ones, at the generator's resolution.
        pictures: faces in many styles, at the generator's resolution.
        settings: of the training.
        discriminator: the one that belongs to `base`. Without it all three start at random.
        pairs: for the paired loss; see `pairs`.
        partners: for each picture the number of another one in the same manner, or its own, ``[M]``.
        before: what natural faces are held to, as far as the settings do; `base` if None.
        device: to read the styles' codes on.
        seed: of the initial weights.

    Raises:
        TrainingError: the settings do not fit the generator.
    """
    with _seeded(seed):
        generator = blend_generator(
            base, code_dim=encoder.code_dim, code_layers=settings.code_layers, face_share=settings.face_share
        )
        side = settings.critics_side or settings.side or generator.resolution
        three = critics(
            at_side(discriminator, side),
            resolution=side,
            channels=generator.config.channels,
            code_dim=encoder.code_dim,
            share_trunk=settings.share_trunk,
        )
    codes = style_codes(encoder.to(find_device(device)), pictures)
    encoder.to("cpu")  # the task moves it where it is needed again
    reader = encoder if settings.recolour or settings.weight_texture else None
    natural = PicturedFaces(faces, settings.flip)
    task = BlendTask(generator, three, natural, pictures, codes, settings, pairs, reader, partners, before)
    task.config = {**task.config, "start": fingerprint(base), "style_encoder": fingerprint(encoder)}
    return task


def one_shot_task(
    generator: BlendGenerator,
    discriminator: Discriminator,
    encoder: StyleEncoder,
    reference: Tensor,
    settings: BlendTraining,
    *,
    faces: Pictures | None = None,
    seed: int = 0,
) -> BlendTask:
    """What fine-tunes a trained generator to a style that is far from those that it knows.

    The style discriminators see the reference alone, so that there is no wrong code to show them.

    Args:
        generator, encoder: of a trained BlendGAN. A copy of the generator is trained.
        discriminator: its three discriminators, copies of which are trained. Or, ours, for models that were shared without
            them: the face discriminator, which the other two then start from as well.
        reference: a face in the style, aligned, ``[1, 3, R, R]``, RGB in [-1, 1].
        settings: of the training.
        faces: natural ones. Without them (ours), the untrained generator's own faces take their place.
        seed: of the initial weights of what starts at random.

    Raises:
        TrainingError: the reference is not of the generator's size.
    """
    wanted = [1, 3, generator.resolution, generator.resolution]
    if list(reference.shape) != wanted:
        raise TrainingError(f"a style is learned from one aligned face {wanted}, not {list(reference.shape)}: align it first")
    real = DrawnFaces(deepcopy(generator), noise=settings.noise) if faces is None else PicturedFaces(faces, settings.flip)
    pictures = TensorPictures(reference.detach().cpu())
    codes = style_codes(encoder, pictures)
    with _seeded(seed):
        three = critics(
            discriminator,
            resolution=generator.resolution,
            channels=generator.config.channels,
            code_dim=generator.code_dim,
            share_trunk=True,
        )
    task = BlendTask(deepcopy(generator), three, real, pictures, codes, settings)
    task.config = {**task.config, "start": fingerprint(generator), "style_encoder": fingerprint(encoder)}
    task.states = {**task.states, "given": Given(reference, codes)}
    return task


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Draw initial weights from a seed of their own."""
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        yield
