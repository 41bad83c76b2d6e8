"""A video in a style: find, encode, tune, draw, join; each step goes on where an interrupted run stopped."""

from itertools import islice
from pathlib import Path
from typing import Any

from torch import Tensor

from ..people import on
from ..progress import Progress
from ..style_protocol import Style
from .coded import coded, smooth_codes
from .drawn import Draw, Pasting, draw_faces, paste_faces
from .folder import WorkFolder, work_folder
from .found import PIECE
from .job import Phases, VideoNetworks, VideoReport, VideoSettings, checked, job_of, quiet
from .passes import DRAWN, drawing_with, encoded, located, segments_of, write_segments
from .person import tuned_person
from .reader import VideoInfo, VideoSource, read_frames
from .smoothing import Smoothing, reach
from .writer import join

__all__ = ["stylize_video"]


def stylize_video(
    source: VideoSource,
    path: str | Path,
    style: Style,
    networks: VideoNetworks,
    settings: VideoSettings | None = None,
    *,
    phases: Phases = quiet,
    **controls: Any,
) -> VideoReport:
    """Draw the faces of a video in a style.

    Frames are decoded one at a time, so memory does not grow with the video's length. Sound, frame times, colours and
    the upright position are those of the original. The folder ``PATH.work`` beside the output keeps what is complete;
    the same call goes on from there after an interruption.

    Args:
        source: a file, or its bytes.
        path: the .mp4 or .mov to write.
        style: of the generator in `networks`.
        networks: what finds, encodes and tunes.
        settings: `VideoSettings()` if None.
        phases: opens a progress callback for each step; raise `Cancelled` in it to stop.
        controls: other arguments of the style, such as `indicator`.

    Raises:
        ImageError: the video can't be read or written, or PyAV is missing.
        NoFaceError: no face is seen in it.
        LatentError, StyleError: networks, style and settings do not fit each other.
    """
    path, settings = Path(path), settings or VideoSettings()
    info = checked(source, path)
    job = job_of(source, style, networks, settings, controls)
    with work_folder(path, job) as work:
        found, tracks = located(source, info, work, networks, settings, phases)
        means = encoded(source, info, work, networks, settings, tracks, found.frames, phases)
        smoothing = settings.smoothing.at(float(info.rate))
        if settings.likeness:
            person = tuned_person(source, info, work, networks, settings, smoothing, means, phases)
            style = on(style, person, settings.likeness)
        draw, size = drawing_with(style, networks, settings, controls), networks.generator.resolution
        with phases("drawing") as progress:
            _draw(source, info, work, draw, size, settings, smoothing, means, found.frames, progress)
        drawn = sum(bool(row.faces) for row in coded(work))
        join(path, segments_of(work), source, info)
    return VideoReport(found.frames, drawn, len(tracks), found.cuts)


def _draw(
    source: VideoSource,
    info: VideoInfo,
    work: WorkFolder,
    draw: Draw,
    size: int,
    settings: VideoSettings,
    smoothing: Smoothing,
    means: dict[int, Tensor],
    total: int,
    progress: Progress,
) -> None:
    """Draw what is missing, segment by segment."""
    start = work.complete(DRAWN, ".mp4") * PIECE
    if start >= total:
        return
    pasting = Pasting(region=settings.region, match_color=settings.match_color, masks=smoothing.masks)
    begin = max(start - reach(smoothing.masks), 0)  # outlines are smoothed over the frames before
    before = max(begin - reach(smoothing.latents), 0)
    codes = islice(smooth_codes(coded(work, before), smoothing, means), begin - before, None)
    frames = zip(read_frames(source, info, start=begin), codes, strict=False)
    drawn = draw_faces(frames, draw, size=size, pasting=pasting, batch=settings.batch)
    pictures = islice(paste_faces(drawn, pasting), start - begin, None)
    write_segments(pictures, info, work, total, progress)
