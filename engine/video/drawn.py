"""Third pass over a video: faces drawn in the style, and put back into their frames."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from ..faces import Face, Region
from ..faces.face import FEATHER
from ..faces.paste import blend
from ..faces.patches import patch_of_shapes, shapes_of_face
from ..faces.shapes import Shapes
from ..images import from_uint8, to_uint8
from .coded import Coded, crop_of
from .reader import Frame, Pixels
from .smoothing import mean_weights, reach, windowed

__all__ = ["Draw", "DrawnFace", "Pasting", "draw_faces", "mean_shapes", "paste_faces", "pasted"]

Draw = Callable[[Tensor], Tensor]
"""w+ codes ``[N, L, D]`` to images ``[N, 3, S, S]`` on the CPU."""


@dataclass(frozen=True, kw_only=True)
class Pasting:
    """How faces are put back.

    Attributes:
        region, feather, match_color: as for `Face.paste`.
        masks: width of the smoothing of outlines, sigma in frames of this video.
    """

    region: Region = "face"
    feather: float = FEATHER
    match_color: bool = False
    masks: float = 0.0


@dataclass(frozen=True)
class DrawnFace:
    """A face, its drawing ``[1, 3, S, S]``, and the shapes of both, if they are known and needed.

    Attributes:
        key: track and run.
    """

    key: tuple[int, int]
    face: Face
    drawing: Tensor
    shapes: Shapes | None


@dataclass(frozen=True)
class DrawnFrame:
    """A frame and its drawn faces."""

    frame: Frame
    faces: list[DrawnFace]


def draw_faces(
    frames: Iterable[tuple[Frame, Coded]], draw: Draw, *, size: int, pasting: Pasting, batch: int
) -> Iterator[DrawnFrame]:
    """Draw the faces of frames, those of `batch` frames at once.

    Args:
        frames: each with its smoothed codes.
        draw: the style.
        size: side of the crops.
        pasting: whether shapes are needed.
        batch: frames.
    """
    iterator = iter(frames)
    while group := list(islice(iterator, batch)):
        codes = [face.code for _, row in group for face in row.faces]
        drawings = iter(draw(torch.stack(codes)).cpu().float().clamp(-1, 1).split(1)) if codes else iter(())
        for frame, row in group:
            image, faces = from_uint8(frame.pixels), []
            for coded in row.faces:
                drawing, face = next(drawings), crop_of(image, coded.place, size)
                if face is not None:
                    shapes = shapes_of_face(face, drawing, pasting.region)
                    faces.append(DrawnFace((coded.place.track, coded.place.run), face, drawing, shapes))
            yield DrawnFrame(frame, faces)


def paste_faces(frames: Iterable[DrawnFrame], pasting: Pasting) -> Iterator[Frame]:
    """Put the drawings back, with outlines that are smoothed in time."""
    for at, window in windowed(frames, reach(pasting.masks)):
        now = window[at]
        faces = [replace(face, shapes=_shapes(face.key, window, at, pasting.masks)) for face in now.faces]
        yield replace(now.frame, pixels=pasted(now.frame, faces, pasting)) if faces else now.frame


def pasted(frame: Frame, faces: Sequence[DrawnFace], pasting: Pasting) -> Pixels:
    """The pixels of a frame with drawings in the places of its faces."""
    image = from_uint8(frame.pixels)
    shape = image.shape[-2], image.shape[-1]
    with torch.autocast("cpu", enabled=False):  # masks and colours need float32, also where networks compute in less
        options: dict[str, Any] = {
            "feather": pasting.feather,
            "region": pasting.region,
            "match_color": pasting.match_color,
        }
        patches = [patch_of_shapes(drawn.face, drawn.drawing, shape, drawn.shapes, **options) for drawn in faces]
        picture: Pixels = to_uint8(blend(image, patches))[0]
        return picture


def _shapes(key: tuple[int, int], window: Sequence[DrawnFrame], at: int, sigma: float) -> Shapes | None:
    """The shapes of a face, from the frames around where they are known."""
    known = [
        (place - at, face.shapes)
        for place, row in enumerate(window)
        for face in row.faces
        if face.key == key and face.shapes is not None
    ]
    if not known:
        return None
    return mean_shapes([shapes for _, shapes in known], mean_weights([offset for offset, _ in known], sigma).tolist())


def mean_shapes(shapes: Sequence[Shapes], weights: Sequence[float]) -> Shapes:
    """Shapes whose masks are weighted means."""

    def mean(masks: Sequence[Any]) -> Any:
        if isinstance(masks[0], tuple):
            return tuple(mean(parts) for parts in zip(*masks, strict=True))
        return sum(weight * mask for weight, mask in zip(weights, masks, strict=True))

    return Shapes(**{field.name: mean([getattr(one, field.name) for one in shapes]) for field in fields(Shapes)})
