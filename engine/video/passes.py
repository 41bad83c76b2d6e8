"""The passes over a video that its uses share, with their progress."""

import logging
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..devices import device_of
from ..errors import NoFaceError
from ..faces import detect, landmarker_of
from ..images import from_uint8
from ..inversion import encode
from ..latents import Latent
from ..progress import Progress, Step
from ..style_protocol import Style
from .appearance import by_identity, by_thumbnail
from .coded import encode_faces, mean_codes
from .drawn import Draw
from .folder import WorkFolder
from .found import PIECE, Census, census, find_faces
from .job import Phases, VideoNetworks, VideoSettings
from .reader import Frame, VideoInfo, VideoSource
from .tracking import Tracker
from .writer import write_segment

__all__ = ["DRAWN", "drawing_with", "encoded", "encoder_of", "located", "segments_of", "tracker_of", "write_segments"]

log = logging.getLogger(__name__)

SEEN = 5  # frames in which a person has to be seen: what the detector mistakes for a face vanishes sooner
DRAWN = "drawn"


def tracker_of(networks: VideoNetworks, settings: VideoSettings) -> Tracker:
    """What follows the faces of a video."""
    named = networks.landmarker
    landmarker = landmarker_of(named) if isinstance(named, str) else named
    appearance = by_thumbnail() if networks.identity is None else by_identity(networks.identity)
    return Tracker(networks.detector or detect, landmarker, appearance, every=settings.every)


def located(
    source: VideoSource,
    info: VideoInfo,
    work: WorkFolder,
    networks: VideoNetworks,
    settings: VideoSettings,
    phases: Phases,
) -> tuple[Census, list[int]]:
    """Find the faces. Returns who is in the video, and who of them is drawn.

    Raises:
        NoFaceError: nobody is.
    """
    with phases("finding faces") as progress:
        find_faces(source, info, work, tracker_of(networks, settings), progress)
    found = census(work)
    tracks = found.chosen(settings.faces, SEEN)
    if not tracks:
        raise NoFaceError(
            f"no face was found in the {found.frames} frames of this video: turn it upright, or take one in which faces "
            "look at the camera"
        )
    log.info("%d people in %d frames, %d scene cuts", len(tracks), found.frames, found.cuts)
    return found, tracks


def encoded(
    source: VideoSource,
    info: VideoInfo,
    work: WorkFolder,
    networks: VideoNetworks,
    settings: VideoSettings,
    tracks: list[int],
    total: int,
    phases: Phases,
) -> dict[int, Tensor]:
    """Encode the faces of some people. Returns the mean code ``[L, D]`` of each."""
    with phases("encoding faces") as progress:
        encode_faces(
            source,
            info,
            work,
            encoder_of(networks),
            size=networks.generator.resolution,
            tracks=tracks,
            smoothing=settings.smoothing.at(float(info.rate)),
            batch=settings.batch,
            total=total,
            progress=progress,
        )
    return mean_codes(work)


def encoder_of(networks: VideoNetworks) -> Callable[[Tensor], Tensor]:
    """Aligned faces ``[N, 3, S, S]`` to w+ codes ``[N, L, D]`` on the CPU."""

    @torch.no_grad()
    def codes(crops: Tensor) -> Tensor:
        latent = encode(crops, networks.encoder, networks.generator)
        return networks.tunable.to_w_plus(latent).codes.float().cpu()

    return codes


def drawing_with(style: Style, networks: VideoNetworks, settings: VideoSettings, controls: dict[str, Any]) -> Draw:
    """A style as a function of w+ codes ``[N, L, D]``; its images are on the CPU."""
    device = device_of(networks.generator)

    @torch.no_grad()
    def draw(codes: Tensor) -> Tensor:
        return style(Latent(codes.to(device), "w+"), strength=settings.strength, **controls).float().cpu()

    return draw


def write_segments(pictures: Iterator[Frame], info: VideoInfo, work: WorkFolder, total: int, progress: Progress) -> None:
    """Write the frames that are missing, segment by segment."""
    shown = reported(pictures, total, progress)
    for piece in range(work.complete(DRAWN, ".mp4"), -(-total // PIECE)):
        write_segment(work.piece(DRAWN, piece, ".mp4"), islice(shown, PIECE), info)


def reported(frames: Iterator[Frame], total: int, progress: Progress) -> Iterator[Frame]:
    """Report each frame before it is passed on, with its picture as the preview."""
    for frame in frames:
        progress(Step(index=frame.index + 1, total=total, preview=lambda shown=frame: from_uint8(shown.pixels)))  # type: ignore[misc]
        yield frame


def segments_of(work: WorkFolder) -> list[tuple[int, Path]]:
    """The time stamp of the first frame of each segment, and its file."""
    count = work.complete(DRAWN, ".mp4")
    starts = [int(work.load("coded", number)["pts"][0]) for number in range(count)]
    return [(start, work.piece(DRAWN, number, ".mp4")) for number, start in enumerate(starts)]
