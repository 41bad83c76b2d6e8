"""The bundle's BlendGAN: a style encoder and a generator over all painted styles.

The trainings are the method's own (`blendgan.training`). What the painter adds is ours: exact pairs of a person and a painting
of them, and a second person in each manner, so that a style code is learned that tells how to paint, and not whom.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from ..blendgan import StyleEncoder
from ..blendgan.training import BlendTask, Pairs, SimCLRTask, blend_checkpoint, blend_task, style_encoder_task
from ..checkpoints import Checkpoint
from ..encoders.compact import SEEN, CompactEncoder
from ..errors import TrainingError
from ..losses.perceptual_net import bundled_perceptual
from ..progress import Progress
from ..stylegan2 import Generator
from ..synthetic.dataset import PortraitDataset
from ..training.loop import train
from .encoder import as_photograph
from .gallery import Gallery
from .occluded import at_size
from .recipe import BlendStage, Encoding, Styling
from .run import Run

__all__ = ["learn_blendgan", "learn_style_encoder"]

READ = 16  # portraits that are read together


def learn_style_encoder(gallery: Gallery, run: Run, *, recipe: Styling, progress: Progress) -> StyleEncoder:
    """Train the style encoder on painted portraits.

    Returns:
        the moving average of the encoder, whose codes are whitened.
    """
    task = style_task(gallery, recipe)
    schedule = run.schedule(images=recipe.images, batch=recipe.batch, seed=13, average_images=recipe.average_images)
    train(task, schedule, folder=run.folder / "style-encoder", device=run.device, progress=progress)
    return task.result().cpu().eval()


def style_task(gallery: Gallery, recipe: Styling) -> SimCLRTask:
    """What trains the style encoder."""
    return style_encoder_task(gallery, recipe.settings, partners=gallery.partners, seed=13)


def learn_blendgan(
    base: Checkpoint,
    style_encoder: StyleEncoder,
    plain: PortraitDataset,
    galleries: Sequence[Gallery],
    run: Run,
    *,
    stages: Sequence[BlendStage],
    progress: Progress,
) -> Checkpoint:
    """Train the generator, in stages that begin where the one before ended.

    Args:
        base: the bundle's generator, discriminator and encoder of faces; left as they are.
        style_encoder: from `learn_style_encoder`.
        plain: natural portraits; those of the galleries' people are read by the encoder of faces.
        galleries: painted portraits, for each stage its own.

    Returns:
        the generator with both encoders.

    Raises:
        TrainingError: the base has no encoder of faces.
    """
    generator: Generator = base.stylegan2
    task = None
    for stage, gallery in zip(stages, galleries, strict=True):
        task = generator_task(generator, base, style_encoder, plain, gallery, run, stage)
        schedule = run.schedule(images=stage.images, batch=stage.batch, seed=14, average_images=stage.average_images)
        train(task, schedule, folder=run.folder / f"blendgan-{stage.name}", device=run.device, progress=progress)
        generator = task.result().cpu()
    if task is None:
        raise TrainingError("BlendGAN is trained in stages, and there are none")
    return blend_checkpoint(task, style_encoder, start=base, encoder=base.encoder, discriminators=False)


def generator_task(
    generator: Generator,
    base: Checkpoint,
    style_encoder: StyleEncoder,
    plain: PortraitDataset,
    gallery: Gallery,
    run: Run,
    stage: BlendStage,
) -> BlendTask:
    """What trains the generator in one stage.

    Args:
        generator: to start from: the base's, or that of the stage before.
    """
    return blend_task(
        generator,
        style_encoder,
        Gallery([plain], run.held_out),
        gallery,
        stage.settings,
        discriminator=base.discriminator,
        pairs=painted_pairs(base, plain, gallery, run),
        partners=gallery.partners,
        before=base.stylegan2,
        device=run.device,
        seed=14,
    )


def painted_pairs(base: Checkpoint, plain: PortraitDataset, gallery: Gallery, run: Run) -> Pairs:
    """The people of a gallery, each by the code that is known, and once more by what the encoder reads of a photograph.

    A user's face comes through the encoder, and that of a random sample does not.

    Raises:
        TrainingError: the base has no encoder of faces.
    """
    generator, encoder = base.stylegan2, base.encoder
    if not isinstance(encoder, CompactEncoder):
        raise TrainingError(f"{base.source} has no compact encoder of faces: make the bundle's generator first")
    with torch.no_grad():
        known = generator.broadcast(generator.mapping(gallery.z))
    seen = torch.isin(gallery.manners, torch.from_numpy(plain.ready())) & gallery.known
    codes = torch.cat([known, _read(encoder, plain, gallery.manners[seen])])
    pictures = torch.cat([torch.arange(len(gallery)), seen.nonzero()[:, 0]])
    return Pairs(
        faces=None,
        numbers=torch.stack([torch.arange(len(codes)), pictures], dim=1),
        codes=lambda numbers, _images: codes[numbers].to(run.device),
        perceptual=bundled_perceptual(),
    )


@torch.no_grad()
def _read(encoder: CompactEncoder, plain: PortraitDataset, indices: Tensor) -> Tensor:
    """What the encoder makes of portraits that are degraded like photographs, ``[N, L, D]``."""
    rng = torch.Generator().manual_seed(0)
    parts = indices.split(READ)
    found = [encoder.assemble(*encoder.predict(as_photograph(at_size(plain, part, SEEN), Encoding(), rng))) for part in parts]
    return torch.cat(found) if found else torch.zeros(0, encoder.config.num_layers, encoder.config.w_dim)
