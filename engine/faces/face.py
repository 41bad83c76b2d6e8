"""One face of a photo: its aligned crop, and the way back."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from ..errors import ImageError
from ..images import check
from .detect import Box
from .parsing import FaceParser
from .paste import blend
from .patches import Region, mask_of_face, patch_of_face
from .shape import Array
from .warp import apply

__all__ = ["Face", "mask_all", "paste_all"]

FEATHER = 0.08


@dataclass(frozen=True, eq=False)
class Face:
    """A face that was found in a photo, or cut out by hand.

    Attributes:
        crop: ``[1, 3, S, S]`` in [-1, 1], aligned as FFHQ is.
        surroundings: ``[1, 3, 320, 320]`` in [-1, 1]: the crop and what lies around it, see `frame`.
        matrix: float64 ``[3, 3]`` from pixel indices (x, y, 1) of the crop to those of the photo.
        landmarks: float64 ``[68, 2]`` in pixel indices of the photo; the mean face where none were looked for.
        box: where the detector saw it.
        photo_shape: height and width of the photo.
    """

    crop: Tensor = field(repr=False)
    surroundings: Tensor = field(repr=False)
    matrix: Tensor = field(repr=False)
    landmarks: Tensor = field(repr=False)
    box: Box
    photo_shape: tuple[int, int]

    @property
    def score(self) -> float:
        """0 to 1: how sure the detector is."""
        return self.box.score

    @property
    def size(self) -> int:
        """Side of the crop in pixels."""
        return self.crop.shape[-1]

    @property
    def quad(self) -> Tensor:
        """Corners of the crop ``[4, 2]`` in the photo: upper left, lower left, lower right, upper right."""
        low, high = -0.5, self.size - 0.5
        return torch.from_numpy(apply(self._matrix, np.array([(low, low), (low, high), (high, high), (high, low)])))

    @property
    def inside(self) -> Tensor:
        """``[1, 1, S, S]``: 1 where the crop shows the photo, 0 where it had to be padded."""
        height, width = self.photo_shape
        index = np.stack(np.meshgrid(np.arange(self.size), np.arange(self.size)), axis=-1).reshape(-1, 2)
        places = apply(self._matrix, index.astype(np.float64))
        shown = ((places >= -0.5) & (places <= (width - 0.5, height - 0.5))).all(axis=1)
        return torch.from_numpy(shown.astype(np.float32)).view(1, 1, self.size, self.size)

    @property
    def is_whole(self) -> bool:
        """Whether the crop is all of the photo, so that it has no seam to hide."""
        height, width = self.photo_shape
        beyond = (self.quad.numpy() <= -0.49) | (self.quad.numpy() >= (width - 0.51, height - 0.51))
        return bool(beyond.all())

    def paste(
        self,
        crop: Tensor,
        onto: Tensor,
        *,
        feather: float = FEATHER,
        region: Region = "square",
        match_color: bool = False,
        parser: FaceParser | None = None,
    ) -> Tensor:
        """The photo with `crop` in the place of this face.

        Args:
            crop: ``[1, 3, T, T]`` in [-1, 1], of any size: this face's crop, stylised.
            onto: the photo ``[1, 3, H, W]``, or a copy of it in another size.
            feather: width of the soft edge, in sides of the crop; heads and faces have it only where the crop ends.
            region: what of the crop is seen. "head" is the shape of the head with its hair: what the photo's own head
                showed beyond it is filled in from around. "face" is the shape of the face, behind the photo's hair. Both
                give skin and hair that stay the drawing's tone. "oval" is about a head, "square" all of the crop.
                Without a parsing network, or where it knows no face, the head is cut as an oval, and the face by
                its landmarks; the log says so.
            match_color: keep the photo's light. The drawing takes the tone of the photo's skin in a head or a face, and
                otherwise the colours along the crop's edge.
            parser: tells the parts of heads apart; our own small network by default.

        Returns:
            A copy of `onto`, its pixels untouched outside of `mask`.

        Raises:
            ImageError: `crop` is not one square picture, or `onto` has not the shape of the photo.
        """
        return paste_all([self], [crop], onto, feather=feather, region=region, match_color=match_color, parser=parser)

    def mask(
        self,
        shape: tuple[int, int] | None = None,
        *,
        feather: float = FEATHER,
        region: Region = "square",
        crop: Tensor | None = None,
        parser: FaceParser | None = None,
    ) -> Tensor:
        """Where `paste` changes the photo, and how much of the crop is seen there: ``[1, 1, H, W]`` in [0, 1].

        Args:
            shape: height and width of the photo, or of a copy of it in another size.
            feather, region, parser: as for `paste`.
            crop: the drawing, whose shape counts in "head" and "face"; the photo's own by default.

        Raises:
            ImageError: `shape` is not that of the photo, whatever its size.
        """
        crops = None if crop is None else [crop]
        return mask_all([self], shape or self.photo_shape, feather=feather, region=region, crops=crops, parser=parser)

    @property
    def _matrix(self) -> Array:
        array: Array = self.matrix.double().cpu().numpy()
        return array


def paste_all(
    faces: Sequence[Face],
    crops: Sequence[Tensor],
    onto: Tensor,
    *,
    feather: float = FEATHER,
    region: Region = "square",
    match_color: bool = False,
    parser: FaceParser | None = None,
) -> Tensor:
    """The photo with several faces replaced at once; where crops overlap, each face keeps its own half.

    Args:
        faces: found in this photo.
        crops: one ``[1, 3, T, T]`` for each.
        onto, feather, region, match_color, parser: as for `Face.paste`.

    Raises:
        ImageError: as `Face.paste`, or the numbers of faces and crops differ.
    """
    check(onto, batch=1)
    _expect_as_many(faces, crops)
    shape = onto.shape[-2], onto.shape[-1]
    # Masks and colours need float32, also where networks compute in less.
    with torch.autocast(onto.device.type, enabled=False):
        patches = []
        for face, crop in zip(faces, crops, strict=True):
            drawn = crop.to(onto.device)
            patches.append(
                patch_of_face(face, drawn, shape, feather=feather, region=region, match_color=match_color, parser=parser)
            )
        return blend(onto, patches)


def mask_all(
    faces: Sequence[Face],
    shape: tuple[int, int],
    *,
    feather: float = FEATHER,
    region: Region = "square",
    crops: Sequence[Tensor] | None = None,
    parser: FaceParser | None = None,
) -> Tensor:
    """What `paste_all` blends several faces by: ``[1, 1, H, W]`` in [0, 1], 0 where the photo stays as it was.

    Args:
        faces: found in this photo; none give zeros.
        shape: height and width of the photo, or of a copy of it in another size.
        feather, region, parser: as for `Face.paste`.
        crops: the drawings, whose shapes count in "head" and "face"; the photo's own by default.

    Raises:
        ImageError: `shape` is not that of the photo, whatever its size, or the numbers of faces and crops differ.
    """
    drawn = [face.crop for face in faces] if crops is None else crops
    _expect_as_many(faces, drawn)
    with torch.autocast("cpu", enabled=False):
        patches = [
            mask_of_face(face, crop, shape, feather=feather, region=region, parser=parser)
            for face, crop in zip(faces, drawn, strict=True)
        ]
        return blend(torch.zeros(1, 1, *shape), patches)


def _expect_as_many(faces: Sequence[Face], crops: Sequence[Tensor]) -> None:
    if len(faces) != len(crops):
        raise ImageError(f"{len(faces)} faces need as many crops, not {len(crops)}")
