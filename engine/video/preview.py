"""A sheet of some frames of a video, before and after: whether faces are found and the style fits, before all is drawn."""

import torch
from torch import Tensor

from ..errors import NoFaceError
from ..faces import Face, align, paste_all
from ..images import from_uint8, resize
from ..latents import Latent
from ..sheets import sheet
from ..style_protocol import Style
from .job import VideoNetworks, VideoSettings
from .passes import encoder_of
from .reader import VideoSource, frames_near, probe

__all__ = ["preview_sheet"]

FRAMES = 10
SIDE = 320  # longer side of a frame on the sheet


def preview_sheet(
    source: VideoSource, style: Style, networks: VideoNetworks, settings: VideoSettings | None = None, *, frames: int = FRAMES
) -> Tensor:
    """Frames at equal distances, each by itself: without smoothing in time, and without a tuning.

    Args:
        source, style, networks, settings: as for `stylize_video`.
        frames: how many.

    Returns:
        ``[1, 3, H, W]`` in [-1, 1]: the frames in the upper row, and what becomes of them below.

    Raises:
        ImageError: the video can't be read.
    """
    settings, info = settings or VideoSettings(), probe(source)
    before = [from_uint8(frame.pixels) for frame in frames_near(source, info, frames)]
    after = [_stylized(image, style, networks, settings) for image in before]
    shape = _small(info.height, info.width)
    pictures = [resize(image, shape).clamp(-1, 1) for image in (*before, *after)]
    return sheet(pictures, len(before))


def _small(height: int, width: int) -> tuple[int, int]:
    scale = min(SIDE / max(height, width), 1.0)
    return max(round(height * scale), 1), max(round(width * scale), 1)


@torch.no_grad()
def _stylized(image: Tensor, style: Style, networks: VideoNetworks, settings: VideoSettings) -> Tensor:
    """One frame; as it was if no face is seen in it."""
    try:
        faces: list[Face] = align(
            image,
            networks.generator.resolution,
            landmarker=networks.landmarker,
            detector=networks.detector,
            aligned=False,
            limit=settings.faces,
        )
    except NoFaceError:
        return image
    codes = encoder_of(networks)(torch.cat([face.crop for face in faces]))
    latent = Latent(codes.to(networks.generator.w_avg.device), "w+")
    drawn = style(latent, strength=settings.strength).float().cpu().clamp(-1, 1)
    return paste_all(faces, list(drawn.split(1)), image, region=settings.region, match_color=settings.match_color)
