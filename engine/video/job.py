"""What a video is made with: networks and settings, and by what an interrupted run is known again."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field, is_dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ..encoders import ArcFace
from ..errors import ImageError, LatentError, StyleError
from ..faces import LandmarkerName, Region
from ..faces.align import Detector
from ..faces.landmarks import Landmarker
from ..inversion import PivotalTuning
from ..losses.perceptual import Perceptual
from ..people import LIKENESS
from ..progress import Progress, silent
from ..style_protocol import Style, check_strength
from ..stylegan2 import Discriminator, LatentGenerator
from .folder import source_facts
from .reader import VideoInfo, VideoSource, probe
from .smoothing import Smoothing
from .tracking import EVERY
from .writer import CONTAINERS, check_sound

__all__ = [
    "Phases",
    "VideoNetworks",
    "VideoReport",
    "VideoSettings",
    "checked",
    "digest",
    "job_of",
    "quiet",
    "style_facts",
]

Phases = Callable[[str], AbstractContextManager[Progress]]
"""Opens the progress of one step of the work, by its name."""


@contextmanager
def quiet(_name: str) -> Iterator[Progress]:
    """Report nothing."""
    yield silent


@dataclass(frozen=True, kw_only=True)
class VideoNetworks:
    """The networks for a video.

    Attributes:
        generator: the one that encoder and style belong to.
        encoder: faces to latents, in any space of the generator.
        discriminator, lpips: the perceptual distance for the tuning, as for `tune`; not needed with a likeness of 0.
        landmarker: a name, or anything that is called as a `Landmarker`.
        detector: gives boxes for a picture; `detect` by default.
        identity: tells people apart who come back in another light or pose; without it, small pictures of them do.
        source: the generator whose mapping network codes in z+ were made for, if it is another one: an AgileGAN's source.
    """

    generator: LatentGenerator
    encoder: nn.Module
    discriminator: Discriminator | None = None
    lpips: Perceptual | None = None
    landmarker: Landmarker | LandmarkerName = "auto"
    detector: Detector | None = None
    identity: ArcFace | None = None
    source: LatentGenerator | None = None

    @property
    def tunable(self) -> LatentGenerator:
        """The generator that latents in w+ belong to, and that is tuned to people: the source, if there is one."""
        return self.source or self.generator


@dataclass(frozen=True, kw_only=True)
class VideoSettings:
    """Settings of `stylize_video`.

    Attributes:
        strength: of the style, 0 to 1.
        likeness: how much of the people stays, 0 to 1; above 0, the generator is tuned to them once.
        tuning: settings of that.
        samples: faces that it is tuned to, from the whole video.
        faces: how many people are drawn at most: those who fill the most of the video.
        region, match_color: how faces are put back, as for `Face.paste`.
        smoothing: in time.
        every: frames between two looks of the face detector.
        batch: frames whose faces are drawn at once.
    """

    strength: float = 1.0
    likeness: float = 0.0
    tuning: PivotalTuning = field(default_factory=PivotalTuning)
    samples: int = 6
    faces: int = 8
    region: Region = "face"
    match_color: bool = False
    smoothing: Smoothing = field(default_factory=Smoothing)
    every: int = EVERY
    batch: int = 4

    def __post_init__(self) -> None:
        check_strength(self.strength)
        if not 0 <= self.likeness <= 1:
            raise StyleError(f"likeness is {self.likeness!r}: expected a number from 0 to 1, such as {LIKENESS}")
        for name in ("samples", "faces", "every", "batch"):
            if getattr(self, name) < 1:
                raise ImageError(f"{name} is {getattr(self, name)}: expected at least 1")


@dataclass(frozen=True)
class VideoReport:
    """What was done: frames of the video, frames in which faces were drawn, people, scene cuts."""

    frames: int
    drawn: int
    people: int
    cuts: int


def checked(source: VideoSource, path: Path) -> VideoInfo:
    """The facts of a video, once it is known that what is made of it can be written.

    Raises:
        ImageError: the video can't be read, it would be replaced, or a file of that suffix can't be written or can't hold its
            sound.
    """
    if path.suffix.lower() not in CONTAINERS:
        raise ImageError(f"{path} ends in {path.suffix!r}: a video is written as {', '.join(CONTAINERS)}")
    info = probe(source)
    if not isinstance(source, BytesIO) and path.exists() and path.samefile(source):
        raise ImageError(f"{path} is the video that is read, and would be replaced: choose another name for the output")
    check_sound(source, path)
    return info


def job_of(
    source: VideoSource,
    style: Style | None,
    networks: VideoNetworks,
    settings: VideoSettings,
    controls: Mapping[str, Any] = {},
    *,
    pictures: Sequence[Tensor] = (),
) -> dict[str, Any]:
    """What a video depends on: two calls with equal jobs write the same video, and one goes on where the other was interrupted.

    Args:
        source, style, networks, settings, controls: of `stylize_video` or `drive_face`.
        pictures: the face that is driven, and the photo that it is put back into.

    Raises:
        ImageError: the source can't be opened.
        LatentError: there is no encoder.
    """
    if not isinstance(networks.encoder, nn.Module):
        raise LatentError("a video needs an encoder that belongs to the generator: give one")
    described = {name: str(value) for name, value in (controls or {}).items()}
    landmarker = networks.landmarker if isinstance(networks.landmarker, str) else type(networks.landmarker).__name__
    return {
        **source_facts(source),
        "settings": asdict(settings),
        "controls": described,
        "networks": digest([networks.generator, networks.encoder]),
        "style": None if style is None else style_facts(style),
        "landmarker": landmarker,
        "identity": networks.identity is not None,
        "pictures": [_of_tensor(picture) for picture in pictures],
    }


def style_facts(style: object) -> dict[str, Any]:
    """What a style draws depends on: its networks and codes by their hashes, its settings, and those of a style within it."""
    found: dict[str, Any] = {"kind": type(style).__name__}
    for name, value in vars(style).items():
        if isinstance(value, nn.Module):
            found[name] = digest([value])
        elif isinstance(value, Tensor):
            found[name] = _of_tensor(value)
        elif isinstance(value, Style):
            found[name] = style_facts(value)
        elif isinstance(value, bool | int | float | str | tuple) or value is None:
            found[name] = value
        elif is_dataclass(value) and not isinstance(value, type):
            found[name] = str(value)
    return found


def _of_tensor(value: Tensor) -> str:
    return digest([nn.ParameterList([nn.Parameter(value, requires_grad=False)])])


def digest(modules: list[nn.Module]) -> str:
    """A hash of the parameters and buffers of some networks."""
    found = hashlib.sha256()
    for module in modules:
        for name, tensor in module.state_dict().items():
            found.update(name.encode())
            found.update(tensor.detach().cpu().contiguous().view(-1).float().numpy().tobytes())
    return found.hexdigest()
