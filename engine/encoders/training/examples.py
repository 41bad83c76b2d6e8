"""What an encoder sees, and what it should reproduce."""

from pathlib import PurePosixPath
from typing import Protocol

import torch
from torch import Tensor

from ... import images
from ...errors import TrainingError
from ...training.data import PictureDataset, Stream
from ...training.task import Draw, Moment, Stateful
from ..config import IMAGE_SIZE
from ..inputs import as_input
from .config import EncoderTraining

__all__ = ["FACTORS", "ExampleSource", "Examples"]

DRAWN = ("picture", "flip", "flip_target", "factor")
FACTORS = (1, 2, 4, 8, 16, 32)  # of reduction, for super-resolution
SHOWN_FACTOR = 3  # which of them in previews


class ExampleSource(Protocol):
    """Pairs of an input ``[N, C, 256, 256]`` and a target ``[N, 3, S, S]`` that an encoder learns from.

    Attributes:
        stream: what must survive a stop; None for nothing.
    """

    @property
    def stream(self) -> Stateful | None: ...

    def draw(self, rng: torch.Generator, count: int) -> Draw:
        """All that is random; with ``z`` ``[N, Z]`` where the codes of the targets are known."""

    def batch(self, draw: Draw, moment: Moment) -> tuple[Tensor, Tensor]:
        """Inputs and targets, on the moment's device."""

    def shown(self, count: int, moment: Moment) -> tuple[Tensor, Tensor]:
        """At most so many inputs and targets for a preview, of the same people at every call."""


class Examples:
    """Pairs of an input ``[N, C, 256, 256]`` and a target ``[N, 3, 256, 256]``, drawn from pictures.

    Args:
        settings: what the encoder is trained for.
        pictures: the targets; 256 pixels.
        sources: for "sketch" and "segmentation": the inputs, each with the name of its picture, whatever the suffix.

    Raises:
        TrainingError: sources are missing, or needless, or belong to other pictures.
    """

    def __init__(self, settings: EncoderTraining, pictures: PictureDataset, sources: PictureDataset | None = None) -> None:
        if pictures.resolution != IMAGE_SIZE:
            raise TrainingError(f"encoders are trained on pictures of {IMAGE_SIZE} pixels, not {pictures.resolution}")
        self.settings = settings
        self.pictures = pictures
        self.sources = _paired(settings, pictures, sources)
        self.stream = Stream(len(pictures))
        self._moment: Moment | None = None
        self._ready: dict[tuple[tuple[int, ...], ...], tuple[Tensor, Tensor]] = {}

    def draw(self, rng: torch.Generator, count: int) -> Draw:
        """The numbers of the pictures, which are mirrored, and how much coarser they get.

        In frontalization the input and the target are mirrored independently: the face that serves both looks ahead.
        """
        found = {
            "picture": self.stream.next(count, rng),
            "flip": torch.rand(count, generator=rng) < self.settings.flip,
        }
        if self.settings.translation == "frontalization":
            found["flip_target"] = torch.rand(count, generator=rng) < self.settings.flip
        if self.settings.translation == "super-resolution":
            found["factor"] = torch.randint(len(FACTORS), (count,), generator=rng)
        return found

    def batch(self, draw: Draw, moment: Moment) -> tuple[Tensor, Tensor]:
        """Inputs and targets. They are decoded once in an iteration, for all of its phases."""
        if self._moment != moment:
            self._moment, self._ready = moment, {}
        key = tuple(tuple(draw[name].tolist()) for name in DRAWN if name in draw)
        if key not in self._ready:
            self._ready[key] = tuple(x.to(moment.device) for x in self._decode(draw))  # type: ignore[assignment]
        return self._ready[key]

    def shown(self, count: int, moment: Moment) -> tuple[Tensor, Tensor]:
        """The first pictures, not mirrored."""
        numbers = torch.arange(min(count, len(self.pictures)))
        draw = {"picture": numbers, "flip": torch.zeros(len(numbers), dtype=torch.bool)}
        if self.settings.translation == "super-resolution":
            draw["factor"] = torch.full((len(numbers),), SHOWN_FACTOR)
        inputs, targets = self._decode(draw)
        return inputs.to(moment.device), targets.to(moment.device)

    def _decode(self, draw: Draw) -> tuple[Tensor, Tensor]:
        plain = self.pictures.batch(draw["picture"])
        targets = _mirrored(plain, draw.get("flip_target", draw["flip"]))
        if self.sources is not None:
            return _mirrored(self._sources(draw["picture"]), draw["flip"]), targets
        inputs = _mirrored(plain, draw["flip"])
        if "factor" in draw:
            inputs = torch.cat([_coarser(x[None], FACTORS[f]) for x, f in zip(inputs, draw["factor"].tolist(), strict=True)])
        return inputs, targets

    def _sources(self, numbers: Tensor) -> Tensor:
        assert self.sources is not None
        channels = 1 if self.settings.translation == "sketch" else self.settings.in_channels
        found = []
        for number in numbers.tolist():
            read = images.read(self.sources.source.read(self.sources.indices[number]))  # not resized: labels can't be mixed
            found.append(as_input(read, channels, IMAGE_SIZE, "bilinear"))
        return torch.cat(found)


def _mirrored(pictures: Tensor, flips: Tensor) -> Tensor:
    return torch.where(flips.view(-1, 1, 1, 1), pictures.flip(3), pictures)


def _coarser(picture: Tensor, factor: int) -> Tensor:
    """A picture ``[1, 3, 256, 256]`` with so many times fewer pixels, at its old size."""
    small = images.resize(picture, IMAGE_SIZE // factor).clamp(-1, 1)
    return images.resize(small, IMAGE_SIZE, "bilinear")


def _paired(settings: EncoderTraining, pictures: PictureDataset, sources: PictureDataset | None) -> PictureDataset | None:
    """The sources, in the order of their pictures."""
    wanted = settings.translation in ("sketch", "segmentation")
    if wanted != (sources is not None):
        problem = "needs sources: the inputs, in a folder of their own" if wanted else "takes no sources"
        raise TrainingError(f"the translation {settings.translation} {problem}")
    if sources is None:
        return None
    places = {_stem(name): number for number, name in enumerate(sources.names)}
    missing = [name for name in pictures.names if _stem(name) not in places]
    if missing:
        raise TrainingError(
            f"{len(missing)} of {len(pictures)} pictures, such as {missing[0]}, have no source of the same name in "
            f"{sources.source.path}: name each source as its picture"
        )
    return sources.subset(places[_stem(name)] for name in pictures.names)


def _stem(name: str) -> str:
    return PurePosixPath(name).with_suffix("").as_posix()
