"""Folders and videos from end to end, against the sum of the steps that they consist of."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import torch
from torch import Tensor

from ..batch import Stylizer, find_items, stylize_folder
from ..devices import device_of
from ..faces import Face
from ..faces.patches import shapes_of_face
from ..images import from_uint8, write
from ..inversion import encode
from ..latents import Latent
from ..style_protocol import Style
from ..stylegan2 import LatentGenerator
from ..video import VideoNetworks, VideoSettings, probe, read_frames, stylize_video
from ..video.coded import crop_of
from ..video.drawn import DrawnFace, Pasting, pasted
from ..video.found import Seen
from ..video.passes import drawing_with, encoder_of, tracker_of
from ..video.placed import placed
from ..video.reader import Frame, Pixels
from ..video.smoothing import FRAME_BY_FRAME
from ..video.writer import write_segment
from .video import Clip, write_frames

__all__ = ["Stream", "measure_folder", "measure_video_stream"]

DRAWING = "drawing"


@dataclass(frozen=True, kw_only=True)
class Stream:
    """The result for a folder or a video.

    Attributes:
        what: "folder" or "video".
        items: number of pictures or frames.
        seconds: from end to end.
        parts: seconds of each step by itself, for all items.
    """

    what: str
    items: int
    seconds: float
    parts: dict[str, float]

    @property
    def of_parts(self) -> float:
        """Rate as a share of what the steps reach one after another; above 1 where they run beside each other."""
        return sum(self.parts.values()) / self.seconds

    @property
    def of_drawing(self) -> float:
        """Rate as a share of what drawing alone reaches in batches."""
        return self.parts[DRAWING] / self.seconds


class _Clock:
    """Seconds of named steps, over several rounds."""

    def __init__(self) -> None:
        self._taken: dict[str, list[float]] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self._taken.setdefault(name, []).append(time.perf_counter() - start)

    def stream(self, what: str, items: int) -> Stream:
        found = {name: median(times) for name, times in self._taken.items()}
        return Stream(what=what, items=items, seconds=found.pop(what), parts=found)


@torch.no_grad()
def measure_folder(
    style: Style,
    generator: LatentGenerator,
    encoder: torch.nn.Module,
    *,
    count: int = 32,
    batch: int = 8,
    rounds: int = 3,
    suffix: str = ".png",
) -> Stream:
    """Time `stylize_folder` on aligned random faces, and its steps one after another.

    Args:
        style, generator, encoder: as for `Stylizer`.
        count: of pictures.
        batch: pictures that are drawn at once.
        rounds: medians are taken over them, after one that does not count.
        suffix: of the files that are read and of those that are written.
    """
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "in").mkdir()
        z = generator.sample_z(count, torch.Generator().manual_seed(0)).to(device_of(generator))
        for number, latent in enumerate(z.split(1)):
            write(generator(Latent(latent, "z")).clamp(-1, 1).cpu(), folder / "in" / f"{number}{suffix}")
        stylizer = Stylizer(style, generator, encoder, aligned=True, batch=batch)
        warm_up, clock = _Clock(), _Clock()
        for number in range(rounds + 1):
            now = clock if number else warm_up
            with now("folder"):
                items = find_items([folder / "in"], suffix)
                stylize_folder(items, folder / f"out-{number}", stylizer, job={}, batch=batch)
            _folder_steps(now, folder, stylizer, style, generator, encoder, batch, suffix)
    return clock.stream("folder", count)


def _folder_steps(
    clock: _Clock,
    folder: Path,
    stylizer: Stylizer,
    style: Style,
    generator: LatentGenerator,
    encoder: torch.nn.Module,
    batch: int,
    suffix: str,
) -> None:
    with clock("reading"):
        pictures = [stylizer.prepare(path) for path in sorted((folder / "in").iterdir())]
    crops = torch.cat([face.crop for picture in pictures for face in picture.faces]).split(batch)
    device = device_of(generator)
    with clock("encoding"):
        latents = [encode(part.to(device), encoder, generator) for part in crops]
    with clock(DRAWING):
        drawn = [style(latent, strength=1.0).float().clamp(-1, 1).cpu() for latent in latents]
    with clock("writing"):
        for number, image in enumerate(torch.cat(drawn).split(1)):
            write(image, folder / "steps" / f"{number}{suffix}")


def measure_video_stream(
    clip: Clip, style: Style, networks: VideoNetworks, settings: VideoSettings, *, rounds: int = 1
) -> Stream:
    """Time `stylize_video` on a clip with one face in each frame, and its steps one after another.

    Args:
        clip: from `photo_clip` or `painted_clip`.
        style, networks, settings: as for `stylize_video`.
        rounds: medians are taken over them.
    """
    clock = _Clock()
    with TemporaryDirectory() as temporary:
        source = Path(temporary) / "clip.mp4"
        write_frames(source, clip.frames)
        for _ in range(rounds):
            _video_steps(clock, source, Path(temporary), style, networks, settings)
            with clock("video"):
                stylize_video(source, Path(temporary) / "out.mp4", style, networks, settings)
    return clock.stream("video", len(clip.frames))


@torch.no_grad()
def _video_steps(
    clock: _Clock, source: Path, folder: Path, style: Style, networks: VideoNetworks, settings: VideoSettings
) -> None:
    info, size = probe(source), networks.generator.resolution
    with clock("reading"):
        frames = list(read_frames(source, info))
        images = [from_uint8(frame.pixels) for frame in frames]
    with clock("finding"):
        tracker = tracker_of(networks, settings)
        seen = [Seen(n, frame.pts, False, tracker(n, images[n])) for n, frame in enumerate(frames)]
    with clock("cropping"):
        faces = [_faces(image, row, size) for image, row in zip(images, seen, strict=True)]
        crops = torch.cat([face.crop for row in faces for face in row])
    with clock("encoding"):
        codes = torch.cat([encoder_of(networks)(part) for part in crops.split(settings.batch)])
    with clock(DRAWING):
        draw: Callable[[Tensor], Tensor] = drawing_with(style, networks, settings, {})
        drawings = iter(torch.cat([draw(part) for part in codes.split(settings.batch)]).clamp(-1, 1).split(1))
    with clock("pasting"):
        pasting = Pasting(region=settings.region, match_color=settings.match_color)
        done = [
            Frame(frame.index, frame.pts, _pasted(frame, row, drawings, pasting))
            for frame, row in zip(frames, faces, strict=True)
        ]
    with clock("writing"):
        write_segment(folder / "steps.mp4", iter(done), info)


def _faces(image: Tensor, row: Seen, size: int) -> list[Face]:
    places = placed([row], 0, FRAME_BY_FRAME, {face.track for face in row.faces})
    return [face for place in places if (face := crop_of(image, place, size)) is not None]


def _pasted(frame: Frame, faces: list[Face], drawings: Iterator[Tensor], pasting: Pasting) -> Pixels:
    drawn = []
    for face in faces:
        drawing = next(drawings)
        drawn.append(DrawnFace((0, 0), face, drawing, shapes_of_face(face, drawing, pasting.region)))
    return pasted(frame, drawn, pasting)
