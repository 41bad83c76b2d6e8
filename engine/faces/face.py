"""One face of a photo: its aligned crop, and the way back."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from ..errors import ImageError
from ..images import check
from .detect import Box
from .paste import Patch, Region, blend, feathered, matched
from .shape import Array
from .warp import apply, inverse, normalised, scaling

__all__ = ["Face", "mask_all", "paste_all"]

FEATHER = 0.08
MASK = 256  # side of every mask, so that it does not depend on the crop that is pasted


@dataclass(frozen=True, eq=False)
class Face:
    """A face that was found in a photo, or cut out by hand.

    Attributes:
        crop: ``[1, 3, S, S]`` in [-1, 1], aligned as FFHQ is.
        matrix: float64 ``[3, 3]`` from pixel indices (x, y, 1) of the crop to those of the photo.
        landmarks: float64 ``[68, 2]`` in pixel indices of the photo; the mean face where none were looked for.
        box: where the detector saw it.
        photo_shape: height and width of the photo.
    """

    crop: Tensor = field(repr=False)
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

    def paste(
        self, crop: Tensor, onto: Tensor, *, feather: float = FEATHER, region: Region = "square", match_color: bool = False
    ) -> Tensor:
        """The photo with `crop` in the place of this face.

        Args:
            crop: ``[1, 3, T, T]`` in [-1, 1], of any size: this face's crop, stylised.
            onto: the photo ``[1, 3, H, W]``, or a copy of it in another size.
            feather: width of the soft edge, in sides of the crop.
            region: what of the crop is seen: all of it, the head ("oval"), or the face without hair.
            match_color: bring the colours along the crop's edge close to the photo's, which hides seams.

        Returns:
            A copy of `onto`, its pixels untouched outside of `mask`.

        Raises:
            ImageError: `crop` is not one square picture, or `onto` has not the shape of the photo.
        """
        return paste_all([self], [crop], onto, feather=feather, region=region, match_color=match_color)

    def mask(self, shape: tuple[int, int] | None = None, *, feather: float = FEATHER, region: Region = "square") -> Tensor:
        """What `paste` blends by: ``[1, 1, H, W]`` in [0, 1].

        Args:
            shape: height and width of the photo, or of a copy of it in another size.
            feather, region: as for `paste`.

        Raises:
            ImageError: `shape` is not that of the photo, whatever its size.
        """
        return mask_all([self], shape or self.photo_shape, feather=feather, region=region)

    @property
    def _matrix(self) -> Array:
        return self.matrix.double().cpu().numpy()

    @property
    def _is_whole(self) -> bool:
        """Whether the crop is all of the photo, so that it has no seam to hide."""
        height, width = self.photo_shape
        beyond = (self.quad.numpy() <= -0.49) | (self.quad.numpy() >= (width - 0.51, height - 0.51))
        return bool(beyond.all())

    def _alpha(self, feather: float, region: Region) -> Tensor:
        if region == "square" and self._is_whole:
            return torch.ones(1, 1, 1, 1)
        places = apply(inverse(self._matrix), self.landmarks.double().cpu().numpy())
        return feathered(MASK, feather, region, (places + 0.5) / self.size)

    def _matrix_in(self, shape: tuple[int, int]) -> Array:
        """From the photo, at the size of `shape`, to the square from -1 to 1 that the crop fills."""
        height, width = self.photo_shape
        if abs(shape[0] * width - shape[1] * height) > max(shape[0], shape[1], height, width):
            raise ImageError(
                f"this face is from a photo of {width} x {height} pixels, and the picture to paste onto has "
                f"{shape[1]} x {shape[0]}: give that photo, in any size"
            )
        return normalised((self.size, self.size)) @ inverse(scaling(self.photo_shape, shape) @ self._matrix)

    def _patch(self, crop: Tensor, onto: Tensor, feather: float, region: Region, match_color: bool) -> Patch:
        check(crop, batch=1)
        size = crop.shape[-1]
        if crop.shape[-2] != size:
            raise ImageError(f"an aligned crop is square, not {size} x {crop.shape[-2]} pixels")
        crop = crop.to(onto.device, torch.float32)
        if match_color:
            crop = matched(crop, self.crop, feather, self.inside)
        matrix = self._matrix_in((onto.shape[-2], onto.shape[-1]))
        return Patch(crop, self._alpha(feather, region).to(crop), matrix)


def paste_all(
    faces: Sequence[Face],
    crops: Sequence[Tensor],
    onto: Tensor,
    *,
    feather: float = FEATHER,
    region: Region = "square",
    match_color: bool = False,
) -> Tensor:
    """The photo with several faces replaced at once; where crops overlap, each face keeps its own half.

    Args:
        faces: found in this photo.
        crops: one ``[1, 3, T, T]`` for each.
        onto, feather, region, match_color: as for `Face.paste`.

    Raises:
        ImageError: as `Face.paste`, or the numbers of faces and crops differ.
    """
    check(onto, batch=1)
    if len(faces) != len(crops):
        raise ImageError(f"{len(faces)} faces need as many crops, not {len(crops)}")
    patches = [face._patch(crop, onto, feather, region, match_color) for face, crop in zip(faces, crops, strict=True)]
    return blend(onto, patches)


def mask_all(faces: Sequence[Face], shape: tuple[int, int], *, feather: float = FEATHER, region: Region = "square") -> Tensor:
    """What `paste_all` blends several faces by: ``[1, 1, H, W]`` in [0, 1], 0 where the photo stays as it was.

    Args:
        faces: found in this photo; none give zeros.
        shape: height and width of the photo, or of a copy of it in another size.
        feather, region: as for `Face.paste`.

    Raises:
        ImageError: `shape` is not that of the photo, whatever its size.
    """
    image = torch.ones(1, 1, 1, 1)
    patches = [Patch(image, face._alpha(feather, region), face._matrix_in(shape)) for face in faces]
    return blend(torch.zeros(1, 1, *shape), patches)
