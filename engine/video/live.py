"""Live pictures in a style: one frame in, one frame out, smoothed by what came before alone."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..errors import StyleError
from ..faces import Face
from ..faces.patches import shapes_of_face
from ..faces.shapes import Shapes
from ..images import from_uint8
from ..style_protocol import Style
from .coded import crop_of, held
from .drawn import DrawnFace, Pasting, mean_shapes, pasted
from .job import VideoNetworks, VideoSettings
from .passes import drawing_with, encoder_of, tracker_of
from .placed import Placed, centre_and_axis, corners_of
from .reader import Frame, Pixels
from .scenes import Cuts
from .smoothing import OneEuro
from .tracking import Observation

__all__ = ["LiveStylizer"]

CUTOFF = 1.2  # in Hz, of the crop's place at rest
BETA = 0.05  # its growth with the speed in pixels a second
CODES = 3.0  # cutoff of the codes in Hz
MASKS = 0.4  # share of each frame in the outlines
HELD = 0.05  # share of each frame in a person's mean code


class _Person:
    """What is remembered of one run of one face."""

    def __init__(self, rate: float) -> None:
        self.centre = OneEuro(rate, cutoff=CUTOFF, beta=BETA)
        self.across = OneEuro(rate, cutoff=CUTOFF / 3, beta=BETA)
        self.landmarks = OneEuro(rate, cutoff=CUTOFF, beta=BETA)
        self.code = OneEuro(rate, cutoff=CODES, beta=0.0)
        self.mean: Tensor | None = None
        self.shapes: Shapes | None = None

    def place(self, face: Observation) -> Placed:
        """The crop, smoothed."""
        centre, across = centre_and_axis(face.landmarks)
        corners = corners_of(self.centre(centre), self.across(across))
        return Placed(face.track, face.run, corners, self.landmarks(face.landmarks), face.score)

    def coded(self, code: Tensor, *, hold: bool) -> Tensor:
        """A code ``[L, D]``, smoothed; its later rows are held to the mean so far."""
        smooth = torch.from_numpy(self.code(code.double().numpy())).float()
        self.mean = code if self.mean is None else torch.lerp(self.mean, code, HELD)
        return held(smooth, self.mean) if hold else smooth

    def shaped(self, shapes: Shapes | None) -> Shapes | None:
        """The shapes of photo and drawing, smoothed; the last known ones where they are not known."""
        if shapes is not None:
            self.shapes = shapes if self.shapes is None else mean_shapes([self.shapes, shapes], [1 - MASKS, MASKS])
        return self.shapes


class LiveStylizer:
    """Draws the faces of frames as they come.

        live = LiveStylizer(style, networks, rate=25)
        for frame in camera:
            show(live(frame))

    A likeness above 0 needs a style that was combined with the person before (`style.on`). Not for several threads.

    Args:
        style, networks, settings: as for `stylize_video`.
        rate: frames per second.
        controls: other arguments of the style.

    Raises:
        StyleError: the settings ask for a tuning, which takes long.
    """

    def __init__(
        self, style: Style, networks: VideoNetworks, settings: VideoSettings | None = None, *, rate: float = 25, **controls: Any
    ) -> None:
        self._settings = settings or VideoSettings()
        if self._settings.likeness:
            raise StyleError("live frames are drawn without a tuning: combine style and person before (style.on), likeness 0")
        self._size, self._rate = networks.generator.resolution, rate
        self._encode, self._draw = encoder_of(networks), drawing_with(style, networks, self._settings, controls)
        self._tracker = tracker_of(networks, self._settings)
        self._cuts = Cuts()
        self._people: dict[tuple[int, int], _Person] = {}
        self._index = -1

    def __call__(self, frame: Pixels) -> Pixels:
        """The frame in the style.

        Args:
            frame: uint8 RGB ``[H, W, 3]``; all of one size.

        Raises:
            ImageError: it has another shape or type.
        """
        self._index += 1
        image = from_uint8(frame)
        seen = self._tracker(self._index, image, cut=self._cuts(image))[: self._settings.faces]
        before, self._people = self._people, {}
        placed = []
        for face in seen:
            key = face.track, face.run
            self._people[key] = before.get(key) or _Person(self._rate)
            place = self._people[key].place(face)
            cut = crop_of(image, place, self._size)
            if cut is not None:
                placed.append((key, cut))
        if not placed:
            return frame
        codes = self._encode(torch.cat([cut.crop for _, cut in placed]))
        hold = self._settings.smoothing.hold
        smooth = [self._people[key].coded(code, hold=hold) for (key, _), code in zip(placed, codes, strict=True)]
        drawings = self._draw(torch.stack(smooth)).clamp(-1, 1).split(1)
        return self._pasted(frame, placed, drawings)

    def _pasted(self, frame: Pixels, placed: list[tuple[tuple[int, int], Face]], drawings: Sequence[Tensor]) -> Pixels:
        pasting = Pasting(region=self._settings.region, match_color=self._settings.match_color)
        faces = []
        for (key, cut), drawing in zip(placed, drawings, strict=True):
            shapes = self._people[key].shaped(shapes_of_face(cut, drawing, pasting.region))
            faces.append(DrawnFace(key, cut, drawing, shapes))
        return pasted(Frame(self._index, self._index, frame), faces, pasting)
