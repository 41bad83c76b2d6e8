"""Motion retargeting: the face of a photo moves as that of a video does (Song et al. 2021, AgileGAN, application 2).

What moves comes from the video, who it is from the photo: see `editing.retarget`.
"""

from collections.abc import Iterable, Iterator
from itertools import islice, tee
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..devices import device_of
from ..editing.retarget import follow
from ..faces import Face, paste_all
from ..images import to_uint8
from ..inversion import tune
from ..latents import Latent
from ..people import Tuned, on
from ..style_protocol import Style
from .coded import Coded, coded, smooth_codes
from .drawn import Draw
from .folder import WorkFolder, work_folder
from .found import PIECE
from .job import Phases, VideoNetworks, VideoReport, VideoSettings, checked, job_of, quiet
from .passes import DRAWN, drawing_with, encoded, encoder_of, located, segments_of, write_segments
from .reader import Frame, VideoSource
from .writer import join

__all__ = ["drive_face"]


def drive_face(
    source: VideoSource,
    path: str | Path,
    face: Face,
    networks: VideoNetworks,
    settings: VideoSettings | None = None,
    *,
    photo: Tensor | None = None,
    style: Style | None = None,
    phases: Phases = quiet,
    **controls: Any,
) -> VideoReport:
    """Let the face of a photo move as the largest face of a video does.

    Frame times and sound are the video's. Where nobody is seen in the video, the face keeps still.

    Args:
        source: the driving video.
        path: the .mp4 or .mov to write.
        face: of the photo, cut at the generator's resolution.
        networks: as for `stylize_video`; the tuning for likeness is to the photo.
        settings: as for `stylize_video`.
        photo: ``[1, 3, H, W]`` to put the face back into; without it, the result shows the crop.
        style: of the generator; without it, the face is drawn by the generator itself, or the one tuned to it.
        phases, controls: as for `stylize_video`.

    Raises:
        ImageError, NoFaceError, LatentError, StyleError: as `stylize_video`.
    """
    path, settings = Path(path), settings or VideoSettings()
    info = checked(source, path)
    shown = [face.crop] if photo is None else [face.crop, photo]
    job = job_of(source, style, networks, settings, controls, pictures=shown)
    with work_folder(path, job) as work:
        found, tracks = located(source, info, work, networks, settings, phases)
        track = max(tracks, key=lambda number: found.areas[number])
        means = encoded(source, info, work, networks, settings, [track], found.frames, phases)
        code = encoder_of(networks)(face.crop)
        draw = _drawing(face, code, networks, settings, style, controls, work, phases)
        rows = smooth_codes(coded(work), settings.smoothing.at(float(info.rate)), means)
        start = work.complete(DRAWN, ".mp4") * PIECE
        moved = islice(_moved(code[0], rows), start, None)
        with phases("drawing") as progress:
            pictures = _pictures(moved, draw, face, photo, settings)
            write_segments(pictures, info, work, found.frames, progress)
        drawn = sum(bool(row.faces) for row in coded(work))
        join(path, segments_of(work), source, info)
    return VideoReport(found.frames, drawn, 1, found.cuts)


def _moved(source: Tensor, rows: Iterable[Coded]) -> Iterator[tuple[Coded, Tensor]]:
    """Each frame of the driving video, and the code ``[L, D]`` of the photo's face that follows it."""
    frames, again = tee(rows)
    return zip(frames, follow(source, (row.faces[0].code if row.faces else None for row in again)), strict=True)


def _drawing(
    face: Face,
    code: Tensor,
    networks: VideoNetworks,
    settings: VideoSettings,
    style: Style | None,
    controls: dict[str, Any],
    work: WorkFolder,
    phases: Phases,
) -> Draw:
    """How codes are drawn: by the style, with the person's likeness, or by the generator alone."""
    person = _person(face, code, networks, settings, work, phases) if settings.likeness else None
    if style is not None:
        return drawing_with(style if person is None else on(style, person, settings.likeness), networks, settings, controls)
    generator = networks.generator if person is None else person.at(settings.likeness)

    @torch.no_grad()
    def draw(codes: Tensor) -> Tensor:
        return generator.synthesis(codes.to(device_of(generator)), **controls).float().cpu()

    return draw


def _person(
    face: Face, code: Tensor, networks: VideoNetworks, settings: VideoSettings, work: WorkFolder, phases: Phases
) -> Tuned:
    """The generator tuned to the photo."""
    file = work.path / "person.safetensors"
    if not file.exists():
        with phases("tuning the generator") as progress:
            person = tune(
                face.crop.to(device_of(networks.generator)),
                networks.tunable,
                Latent(code, "w+"),
                discriminator=networks.discriminator,
                lpips=networks.lpips,
                settings=settings.tuning,
                progress=progress,
            )
        person.save(file)
    return Tuned.load(file, networks.tunable)


def _pictures(
    moved: Iterator[tuple[Coded, Tensor]], draw: Draw, face: Face, photo: Tensor | None, settings: VideoSettings
) -> Iterator[Frame]:
    """The frames: crops, or photos with the face put back."""
    while group := list(islice(moved, settings.batch)):
        drawings = draw(torch.stack([code for _, code in group])).clamp(-1, 1)
        for (row, _), drawing in zip(group, drawings.split(1), strict=True):
            picture = drawing
            if photo is not None:
                picture = paste_all([face], [drawing], photo, region=settings.region, match_color=settings.match_color)
            yield Frame(row.index, row.pts, to_uint8(picture)[0])
