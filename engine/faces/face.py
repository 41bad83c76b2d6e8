"""One face of a photo: its aligned crop, and how to paste it back."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from ..errors import ImageError
from ..images import check
from .box import Box
from .parsing import FaceParser
from .paste import Patch, blend
from .patches import Region, patch_of_face
from .shape import Array
from .warp import apply

__all__ = ["Face", "face_patches", "mask_all", "mask_of", "paste_all"]

FEATHER = 0.08


@dataclass(frozen=True, eq=False)
class Face:
    """A face that was detected in a photo, or cropped by hand.

    Attributes:
        crop: ``[1, 3, S, S]`` in [-1, 1], with FFHQ's alignment.
        surroundings: ``[1, 3, 320, 320]`` in [-1, 1]: the crop and its surroundings, see `frame`.
        matrix: float64 ``[3, 3]`` from pixel indices (x, y, 1) of the crop to those of the photo.
        landmarks: float64 ``[68, 2]`` in pixel indices of the photo; the mean face if no landmarker ran.
        box: the detector's box.
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
        """Confidence of the detector in [0, 1]."""
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
        """``[1, 1, S, S]``: 1 where the crop shows the photo, 0 where it is padded."""
        height, width = self.photo_shape
        index = np.stack(np.meshgrid(np.arange(self.size), np.arange(self.size)), axis=-1).reshape(-1, 2)
        places = apply(self._matrix, index.astype(np.float64))
        shown = ((places >= -0.5) & (places <= (width - 0.5, height - 0.5))).all(axis=1)
        return torch.from_numpy(shown.astype(np.float32)).view(1, 1, self.size, self.size)

    @property
    def is_whole(self) -> bool:
        """Whether the crop covers the whole photo, so that there is no seam."""
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
        """Replace this face of the photo by `crop`.

        Args:
            crop: ``[1, 3, T, T]`` in [-1, 1], of any size: the stylized crop of this face.
            onto: the photo ``[1, 3, H, W]``, or a copy of it in another size.
            feather: width of the soft edge, in sides of the crop. With "head" and "face" it applies only at the border of the
                crop.
            region: the part of the crop that is pasted. "head" is the stylized head with its hair, before the photo's own
                hair where that is larger; background that the old face hid is inpainted. "face" is the stylized face, behind
                the photo's own hair. Both shift the skin and hair that remain to the tone of the stylized crop. "oval" is an
                ellipse around the head, "square" the whole crop. Without a parsing network, or where it recognizes no face,
                "head" becomes the oval and "face" the hull of the landmarks, with a log message.
            match_color: keep the light of the photo. With "head" and "face" the crop takes the tone of the photo's skin;
                otherwise it takes the photo's colours along its border.
            parser: segments the face; the bundled network by default.

        Returns:
            A copy of `onto`. Pixels outside of `mask` are unchanged.

        Raises:
            ImageError: `crop` is not one square image, or `onto` does not have the proportions of the photo.
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
        """Opacity of the pasted crop, and where `paste` changes the photo: ``[1, 1, H, W]`` in [0, 1].

        Args:
            shape: height and width of the photo, or of a copy of it in another size.
            feather, region, parser: as for `paste`.
            crop: the stylized crop, whose shape matters for "head" and "face"; the photo's own crop by default.

        Raises:
            ImageError: `shape` does not have the proportions of the photo.
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
    """Replace several faces of a photo at once. Where crops overlap, each face keeps the part nearest to it.

    Args:
        faces: found in this photo.
        crops: one ``[1, 3, T, T]`` in [-1, 1] for each face.
        onto, feather, region, match_color, parser: as for `Face.paste`.

    Raises:
        ImageError: as for `Face.paste`, or the numbers of faces and crops differ.
    """
    check(onto, batch=1)
    return blend(onto, face_patches(faces, crops, onto, feather=feather, region=region, match_color=match_color, parser=parser))


def mask_all(
    faces: Sequence[Face],
    shape: tuple[int, int],
    *,
    feather: float = FEATHER,
    region: Region = "square",
    crops: Sequence[Tensor] | None = None,
    parser: FaceParser | None = None,
) -> Tensor:
    """The mask by which `paste_all` blends: ``[1, 1, H, W]`` in [0, 1], 0 where the photo is unchanged.

    Args:
        faces: found in this photo; without faces the mask is zero.
        shape: height and width of the photo, or of a copy of it in another size.
        feather, region, parser: as for `Face.paste`.
        crops: the stylized crops, whose shapes matter for "head" and "face"; the photo's own crops by default.

    Raises:
        ImageError: `shape` does not have the proportions of the photo, or the numbers of faces and crops differ.
    """
    drawn = [face.crop for face in faces] if crops is None else crops
    nothing = torch.zeros(1, 1, *shape)
    return mask_of(face_patches(faces, drawn, nothing, feather=feather, region=region, parser=parser), nothing)


def mask_of(patches: Sequence[Patch], photo: Tensor) -> Tensor:
    """Where `blend` changes a photo ``[1, C, H, W]``, and how much: ``[1, 1, H, W]`` in [0, 1], float32."""
    return blend(torch.zeros_like(photo[:, :1], dtype=torch.float32), [patch.coverage for patch in patches])


def face_patches(
    faces: Sequence[Face],
    crops: Sequence[Tensor],
    onto: Tensor,
    *,
    feather: float = FEATHER,
    region: Region = "square",
    match_color: bool = False,
    parser: FaceParser | None = None,
) -> list[Patch]:
    """The patch of each face, which `blend` puts into the photo, and of which `mask_of` makes the mask.

    They are on the photo's device, and in float32 even if the networks run in a lower precision.

    Args:
        faces, crops, feather, region, match_color, parser: as for `paste_all`.
        onto: the photo ``[1, C, H, W]``, or a copy of it in another size.

    Raises:
        ImageError: as for `paste_all`.
    """
    if len(faces) != len(crops):
        raise ImageError(f"expected one crop for each of the {len(faces)} faces, got {len(crops)}")
    shape = onto.shape[-2], onto.shape[-1]
    with torch.autocast(onto.device.type, enabled=False):
        return [
            patch_of_face(
                face, crop.to(onto.device), shape, feather=feather, region=region, match_color=match_color, parser=parser
            )
            for face, crop in zip(faces, crops, strict=True)
        ]
