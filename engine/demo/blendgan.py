"""The bundle's BlendGAN: a style encoder and a generator over all painted styles."""

from ..blendgan import StyleEncoder
from ..blendgan.training import SimCLRTask, style_encoder_task
from ..progress import Progress
from ..training.loop import train
from .gallery import Gallery
from .recipe import Styling
from .run import Run

__all__ = ["learn_style_encoder"]


def learn_style_encoder(gallery: Gallery, run: Run, *, recipe: Styling, progress: Progress) -> StyleEncoder:
    """Train the style encoder on painted portraits.

    Returns:
        the moving average of the encoder, whose codes are whitened.
    """
    task = style_task(gallery, recipe)
    schedule = run.schedule(images=recipe.images, batch=recipe.batch, seed=13, average_images=recipe.average_images)
    train(task, schedule, folder=run.folder / "style-encoder", device=run.device, progress=progress)
    return task.result()


def style_task(gallery: Gallery, recipe: Styling) -> SimCLRTask:
    """What trains the style encoder."""
    return style_encoder_task(gallery, recipe.settings, partners=gallery.partners, seed=13)
