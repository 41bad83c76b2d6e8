"""Flicker of stylized videos, on clips whose motion is known: a photo before a moving camera, a painted portrait that moves."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..bundle import demo_photo
from ..faces import ffhq
from ..faces.shape import Array
from ..faces.warp import apply, inverse, warp
from ..images import from_uint8, read, to_uint8
from ..metrics import measure_flicker
from ..metrics.flicker import Flow, changed
from ..style_protocol import Style
from ..synthetic.coordinates import INDEX
from ..synthetic.dataset import code
from ..synthetic.painter import paint
from ..synthetic.parameters import parameters
from ..video import FRAME_BY_FRAME, Phases, Smoothing, VideoNetworks, VideoSettings, probe, read_frames, stylize_video
from ..video.found import Seen
from ..video.job import quiet
from ..video.passes import tracker_of
from ..video.placed import Placed, placed, radius_of
from ..video.reader import Colors, Frame, Pixels, VideoInfo
from ..video.smoothing import windowed
from ..video.writer import write_segment

__all__ = ["CLIPS", "Clip", "VideoRow", "measure_video", "painted_clip", "photo_clip", "write_frames"]

CLIPS = ("photo", "painted")
NOISE = 0.015  # of the sensor, in colours from -1 to 1
PORTRAIT = 1_000_003  # index of a portrait that is in no training set
RATE = Fraction(25)
UNKNOWN = float("nan")


@dataclass(frozen=True)
class Clip:
    """A clip and its truth.

    Attributes:
        name: which it is.
        frames: uint8 ``[H, W, 3]`` each.
        landmarks: where the face really is, ``[68, 2]`` in each frame; None where only its motion is known.
        cameras: ``[3, 3]`` from the pixels of each frame to those of the still picture that it shows; None where that moves.
        clean: the frames without noise; None where they are not known.
    """

    name: str
    frames: list[Pixels]
    landmarks: list[Array] | None
    cameras: list[Array] | None
    clean: list[Pixels] | None = None

    def motion(self, t: int) -> Flow:
        """Where each pixel of frame t lies in frame t - 1, as a shift ``[H, W, 2]``."""
        assert self.cameras is not None
        height, width = self.frames[0].shape[:2]
        before = inverse(self.cameras[t - 1]) @ self.cameras[t]
        index = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float64)
        moved = apply(before, index.reshape(-1, 2)).reshape(height, width, 2) - index
        return np.asarray(moved, dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class VideoRow:
    """Results on one clip.

    Attributes:
        clip: its name.
        original: warping error of the clip itself.
        alone: relative warping error, frame by frame.
        smooth: the same of the video.
        ratio: of the two.
        still: the same of a drawing that does not flicker, which holds what resampling, compression and the flow's own errors
            leave of any drawing: one that moves exactly with the camera, or the clip without noise; NaN if neither is known.
        jitter: mean change of the crops' error from frame to frame, in parts of the crop's side: without smoothing, and
            with it; NaN where the truth is not known.
        kept: how much of the landmarks' true motion is kept: without smoothing, and with it; 1 is all of it.
    """

    clip: str
    original: float
    alone: float
    smooth: float
    ratio: float
    still: float
    jitter: tuple[float, float]
    kept: tuple[float, float]

    @property
    def beyond_still(self) -> float:
        """`ratio` of what smoothing can remove: of the errors less `still`."""
        return (self.smooth - self.still) / max(self.alone - self.still, 1e-12)


def photo_clip(frames: int, side: int) -> Clip:
    """The photo that ships before a camera that shifts, turns and zooms, with noise."""
    photo, rng = read(demo_photo()), torch.Generator().manual_seed(0)
    cameras = [_camera(t, (220.0, 150.0), 1.35 * 256 / side, side) for t in range(frames)]
    return Clip("photo", [_noisy(warp(photo, camera, side), rng) for camera in cameras], None, cameras)


def painted_clip(frames: int, side: int) -> Clip:
    """A painted portrait that turns, nods, smiles and speaks, before the same camera; its landmarks are known."""
    start, rng = code(PORTRAIT), torch.Generator().manual_seed(1)
    codes = start.expand(frames, -1).clone()
    for t in range(frames):
        for name, size, slow in (("yaw", 0.6, 9.0), ("pitch", 0.4, 7.0), ("smile", 0.8, 8.0), ("mouth_open", 0.8, 5.0)):
            codes[t, INDEX[name]] += size * np.sin(t / slow * 2)
    portraits = paint(parameters(codes), side)
    pictures, clean, truth = [], [], []
    for t in range(frames):
        to_portrait = _camera(t, (side / 2, side / 2), 1.15, side)
        picture = warp(portraits.images[t : t + 1], to_portrait, side)
        pictures.append(_noisy(picture, rng))
        clean.append(to_uint8(picture.clamp(-1, 1))[0])
        truth.append(apply(inverse(to_portrait), portraits.landmarks[t].double().numpy()))
    return Clip("painted", pictures, truth, None, clean)


def _camera(t: int, centre: tuple[float, float], zoom: float, side: int) -> Array:
    """``[3, 3]`` from pixels of frame t to those of the picture that is filmed."""
    angle, scale = 0.05 * np.sin(t / 5), zoom * (1 + 0.07 * np.sin(t / 7))
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    matrix = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    middle = np.array(centre) + zoom * side / 256 * np.array([9 * np.sin(t / 4), 6 * np.cos(t / 5)])
    matrix[:2, 2] = middle - matrix[:2, :2] @ np.array([side / 2, side / 2])
    return matrix


def _noisy(image: Tensor, rng: torch.Generator) -> Pixels:
    pixels: Pixels = to_uint8((image + NOISE * torch.randn(image.shape, generator=rng)).clamp(-1, 1))[0]
    return pixels


def measure_video(
    clip: Clip,
    style: Style,
    networks: VideoNetworks,
    settings: VideoSettings,
    folder: Path,
    *,
    phases: Phases = quiet,
) -> VideoRow:
    """Stylize a clip frame by frame and as a video, and measure both.

    Args:
        clip: from `photo_clip` or `painted_clip`.
        style, networks, settings: as for `stylize_video`.
        folder: for the videos: ``CLIP.mp4``, ``CLIP-alone.mp4``, ``CLIP-smooth.mp4`` and ``CLIP-still.mp4``.
        phases: as for `stylize_video`.
    """
    source, alone, smooth = (folder / f"{clip.name}{end}.mp4" for end in ("", "-alone", "-smooth"))
    write_frames(source, clip.frames)
    stylize_video(source, alone, style, networks, replace(settings, smoothing=FRAME_BY_FRAME, every=1), phases=phases)
    stylize_video(source, smooth, style, networks, settings, phases=phases)
    motion = None if clip.cameras is None else clip.motion
    found = measure_flicker(_frames(source), [_frames(alone), _frames(smooth)], motion=motion)
    still = _still(clip, source, smooth, folder)
    jitter = kept = (UNKNOWN, UNKNOWN)
    if clip.landmarks is not None:
        by_frame, smoothed = (_followed(clip, networks, how) for how in (FRAME_BY_FRAME, settings.smoothing))
        jitter = _jitter(by_frame, clip.landmarks), _jitter(smoothed, clip.landmarks)
        kept = _kept(by_frame, clip.landmarks), _kept(smoothed, clip.landmarks)
    first, second = found.relative
    return VideoRow(
        clip=clip.name,
        original=found.original,
        alone=first,
        smooth=second,
        ratio=second / max(first, 1e-12),
        still=still,
        jitter=jitter,
        kept=kept,
    )


def _still(clip: Clip, source: Path, drawn: Path, folder: Path) -> float:
    """The relative warping error of a drawing that does not flicker; NaN if none is known."""
    originals, drawings = _frames(source), _frames(drawn)
    calm = clip.clean if clip.cameras is None else _moved(drawings[len(drawings) // 2], clip.cameras)
    if calm is None:
        return UNKNOWN
    pictures = zip(originals, drawings, calm, strict=True)
    path = folder / f"{clip.name}-still.mp4"
    write_frames(
        path, [np.where(changed([original, drawing])[..., None], still, original) for original, drawing, still in pictures]
    )
    motion = None if clip.cameras is None else clip.motion
    return measure_flicker(originals, [drawings, _frames(path)], motion=motion).relative[1]


def _moved(drawing: Pixels, cameras: list[Array]) -> list[Pixels]:
    """The drawing of the middle frame, moved as the camera moves."""
    picture, first = from_uint8(drawing), inverse(cameras[len(cameras) // 2])
    return [to_uint8(warp(picture, first @ camera, len(drawing)).clamp(-1, 1))[0] for camera in cameras]


def _followed(clip: Clip, networks: VideoNetworks, smoothing: Smoothing) -> list[Placed | None]:
    """Where the face is found in each frame."""
    tracker = tracker_of(networks, VideoSettings(smoothing=smoothing))
    rows = [Seen(t, t, False, tracker(t, from_uint8(frame))) for t, frame in enumerate(clip.frames)]
    found = (placed(window, at, smoothing, range(100)) for at, window in windowed(rows, radius_of(smoothing)))
    return [faces[0] if faces else None for faces in found]


def _jitter(path: list[Placed | None], landmarks: list[Array]) -> float:
    """How much the crop's error changes from frame to frame: root mean square over its corners."""
    errors: list[Array | None] = []
    for face, truth in zip(path, landmarks, strict=True):
        wanted = ffhq.quad(truth)
        side = float(np.hypot(*(wanted[3] - wanted[0])))
        errors.append(None if face is None else (face.corners - wanted) / side)
    steps = [now - before for before, now in pairwise(errors) if before is not None and now is not None]
    return float(np.sqrt((np.stack(steps) ** 2).sum(axis=2).mean())) if steps else UNKNOWN


def _kept(path: list[Placed | None], landmarks: list[Array]) -> float:
    """The slope of a line through the landmarks' places over the true ones, each less its mean over time."""
    both = [(face.landmarks, truth) for face, truth in zip(path, landmarks, strict=True) if face is not None]
    if len(both) < 2:
        return UNKNOWN
    found, true = (np.stack(side) - np.mean(side, axis=0) for side in zip(*both, strict=True))
    return float((found * true).sum() / (true * true).sum())


def write_frames(path: Path, frames: Sequence[Pixels]) -> None:
    """Write a clip at `RATE` frames per second."""
    height, width = frames[0].shape[:2]
    info = VideoInfo(
        width=width,
        height=height,
        rate=RATE,
        frames=len(frames),
        time_base=Fraction(1, 25),
        aspect=Fraction(1),
        colors=Colors(1, 1, 1, 1),
    )
    write_segment(path, (Frame(t, t, frame) for t, frame in enumerate(frames)), info)


def _frames(path: Path) -> list[Pixels]:
    return [frame.pixels for frame in read_frames(path, probe(path))]
