"""The bundle's BlendGAN: a style encoder and a generator over all painted styles.

The trainings are the method's own (`blendgan.training`). What the painter adds is ours: exact pairs of a person and a painting
of them, and a second person in each manner, so that a style code is learned that tells how to paint, and not whom.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from ..blendgan import StyleEncoder
from ..blendgan.training import BlendTask, Pairs, SimCLRTask, blend_checkpoint, blend_task, style_encoder_task
from ..checkpoints import Checkpoint
from ..encoders.compact import SEEN, CompactEncoder
from ..errors import TrainingError
from ..losses.perceptual_net import bundled_perceptual
from ..progress import Progress, Step
from ..stylegan2 import Generator
from ..synthetic.dataset import PortraitDataset, render
from .encoder import as_photograph
from .gallery import Gallery
from .method_recipes import Blending, BlendStage, Styling
from .occluded import at_size
from .recipe import Encoding
from .run import Run

__all__ = ["galleries", "learn_blendgan", "learn_generator", "learn_style_encoder"]

READ = 16  # portraits that are read together


def learn_style_encoder(gallery: Gallery, run: Run, *, recipe: Styling, progress: Progress) -> StyleEncoder:
    """Train the style encoder on painted portraits.

    Returns:
        the moving average of the encoder, whose codes are whitened.
    """
    task = style_task(gallery, recipe)
    schedule = run.schedule(images=recipe.images, batch=recipe.batch, seed=13, average_images=recipe.average_images)
    run.train(task, schedule, "style-encoder", progress)
    return task.result().cpu().eval()


def style_task(gallery: Gallery, recipe: Styling) -> SimCLRTask:
    """What trains the style encoder."""
    return style_encoder_task(gallery, recipe.settings, partners=gallery.partners, seed=13)


def learn_blendgan(
    base: Checkpoint,
    plain: PortraitDataset,
    painted: PortraitDataset,
    run: Run,
    *,
    recipe: Blending,
    stage: Callable[[str], Progress],
    start: Checkpoint | None = None,
) -> Checkpoint:
    """Paint more portraits, and train the style encoder and the generator on all of them.

    Args:
        base: the bundle's generator, discriminator and encoder of faces; left as they are.
        plain: natural portraits.
        painted: the same people in painted styles.
        run: its folder gets what is painted, in ``blendgan``, and the states of the trainings.
        stage: called with the name of each stage; returns its progress callback.
        start: a BlendGAN on this base, whose style encoder stays and whose generator is trained on; None to train both.

    Returns:
        the generator with both encoders.

    Raises:
        TrainingError: the base has no encoder of faces, `start` lacks a network, or a loss is no longer finite.
    """
    coarse, fine = galleries(painted, run, recipe=recipe, stage=stage)
    shown = [fine if part.fine else coarse for part in recipe.stages]
    if start is None:
        generator = base.stylegan2
        encoder = learn_style_encoder(coarse, run, recipe=recipe.styling, progress=stage("training BlendGAN's style encoder"))
    else:
        generator, encoder = _networks_of(start)
    return learn_generator(base, encoder, plain, shown, run, stages=recipe.stages, stage=stage, start=generator)


def _networks_of(checkpoint: Checkpoint) -> tuple[Generator, StyleEncoder]:
    if not isinstance(checkpoint.style_encoder, StyleEncoder):
        raise TrainingError(f"{checkpoint.source} holds no style encoder: give the folder of a bundle to start from")
    return checkpoint.stylegan2.requires_grad_(True), checkpoint.style_encoder.eval()


def galleries(
    painted: PortraitDataset, run: Run, *, recipe: Blending, stage: Callable[[str], Progress]
) -> tuple[Gallery, Gallery]:
    """Two people in each manner: in many of them at the size of `painted`, and in some of them at full size."""
    folder = run.folder / "blendgan"
    seed, side = painted.seed, painted.resolution
    count, last = max(len(painted), recipe.coarse), run.held_out + recipe.manners
    coarse = [painted]
    if count > len(painted):
        coarse.append(_paint(folder / "more", count, side, seed, run, stage("painting more manners"), first=len(painted)))
    coarse.append(_paint(folder / "twins", count, side, seed + 1, run, stage("painting twins")))
    fine = [
        _paint(folder / f"fine-{at}", last, recipe.side, at, run, stage(f"painting manners at {recipe.side} pixels"))
        for at in (seed, seed + 1)
    ]
    return Gallery(coarse, run.held_out), Gallery(fine, run.held_out)


def _paint(folder: Path, count: int, side: int, seed: int, run: Run, progress: Progress, *, first: int = 0) -> PortraitDataset:
    return render(
        folder,
        count=count,
        resolution=side,
        seed=seed,
        workers=os.cpu_count() or 1,
        progress=lambda ready: progress(Step(index=ready, total=count)),
        kind="styled",
        first=max(first, run.held_out),
    )


def learn_generator(
    base: Checkpoint,
    style_encoder: StyleEncoder,
    plain: PortraitDataset,
    shown: Sequence[Gallery],
    run: Run,
    *,
    stages: Sequence[BlendStage],
    stage: Callable[[str], Progress],
    start: Generator | None = None,
) -> Checkpoint:
    """Train the generator, in stages that begin where the one before ended.

    Args:
        base, plain, stage: as for `learn_blendgan`.
        style_encoder: from `learn_style_encoder`.
        shown: painted portraits, for each stage its own.
        start: what the first stage begins with; by default the base's generator.

    Returns:
        the generator with both encoders.

    Raises:
        TrainingError: the base has no encoder of faces, or there are no stages.
    """
    generator = base.stylegan2 if start is None else start
    task = None
    for part, gallery in zip(stages, shown, strict=True):
        task = generator_task(generator, base, style_encoder, plain, gallery, run, part)
        schedule = run.schedule(images=part.images, batch=part.batch, seed=14, average_images=part.average_images)
        progress = stage(f"training BlendGAN's generator: {part.name}")
        run.train(task, schedule, f"blendgan-{part.name}", progress)
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
