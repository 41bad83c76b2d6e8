"""The networks that the commands about videos need, from the models that were loaded."""

from .. import catalog
from ..encoders import ArcFace
from ..errors import LatentError
from ..faces import LandmarkerName
from ..losses.perceptual import find_lpips
from ..video import VideoNetworks
from .options import Models, load_part

__all__ = ["video_networks"]


def video_networks(models: Models, *, landmarks: LandmarkerName, tuned: bool, identity: str | None = None) -> VideoNetworks:
    """The networks that follow, read and draw the faces of a video.

    Args:
        models: from the options of a command.
        landmarks: how landmarks are found.
        tuned: whether the generator is tuned to the people, which needs a perceptual distance.
        identity: an ArcFace, as a file or ``catalog:NAME``.

    Raises:
        LatentError: there is no encoder.
    """
    encoder = models.tunable.encoder if tuned else models.encoder
    if encoder is None:
        raise LatentError(
            f"{models.checkpoint.source} has no encoder, and every frame's faces go through one: give it as --encoder"
        )
    lpips = find_lpips([catalog.weights_folder()]) if tuned else None
    arcface = None if identity is None else load_part(identity, "encoder", ArcFace)
    return VideoNetworks(
        generator=models.generator,
        encoder=encoder,
        discriminator=models.discriminator if tuned and lpips is None else None,
        lpips=None if lpips is None else lpips.to(models.device),
        landmarker=landmarks,
        identity=None if arcface is None else arcface.to(models.device),
        source=models.source,
    )
