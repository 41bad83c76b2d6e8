"""Nodes that align faces, paste them back, and load example images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import comfy
from .inputs import Table, choice, integer, number, socket, switch
from .node import Node
from .paths import CONNECTED, state
from .pictures import from_comfy, mask_to_comfy, to_comfy
from .sockets import FACES, GENERATOR, Faces, Networks

if TYPE_CHECKING:
    from torch import Tensor

    from ..engine import Face
    from ..engine.faces import LandmarkerName

__all__ = ["AlignFaces", "ExamplePicture", "PasteFaces"]

FIND, FIND_OR_HAND, FIND_OR_WHOLE, HAND, WHOLE = MODES = (
    "find faces",
    "find faces, else by hand",
    "find faces, else whole picture",
    "by hand",
    "whole picture",
)
LARGEST, LEFT = ORDERS = ("largest first", "left to right")
LANDMARKERS = ("auto", "face-alignment", "small")
REGIONS = ("face", "head", "oval", "square")
PHOTO = "photo"


class ExamplePicture(Node):
    """Example Picture."""

    CATEGORY = "Pastiche/load"
    DESCRIPTION = "An image that is bundled with Pastiche: a photo (Eileen Collins, by NASA), or a style reference."
    RETURN_TYPES = ("IMAGE",)
    RETURN_NAMES = ("image",)
    OUTPUT_TOOLTIPS = ("The image. Use Load Image for your own images.",)

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        from ..engine.bundle import demo_references

        tooltip = (
            "photo: a portrait of Eileen Collins by NASA, in the public domain. The others are style references: synthetic "
            "paintings, and faces by Leonardo, Raphael, Vermeer, Vigée Le Brun, van Gogh and Klimt."
        )
        return {"required": {"picture": choice([PHOTO, *demo_references()], tooltip, PHOTO)}}

    @classmethod
    def IS_CHANGED(cls, picture: str | None) -> str:  # noqa: N802
        """Changes when the file does."""
        return CONNECTED if picture is None else state(example(picture))

    def run(self, picture: str) -> tuple[Tensor]:
        """Read the file."""
        from .. import engine as pastiche

        return (to_comfy(pastiche.read(example(picture))),)


def example(name: str) -> Path:
    """The path of a bundled image."""
    from ..engine.bundle import demo_photo, demo_references

    return demo_photo() if name == PHOTO else demo_references()[name]


class AlignFaces(Node):
    """Align Faces."""

    FAST = False  # alignment should not depend on the hardware
    CATEGORY = "Pastiche/faces"
    DESCRIPTION = (
        "Finds the faces of a photo and crops them upright and centred, as the generators expect. "
        "If no face is found (drawings, animals, profiles), set the square by hand."
    )
    RETURN_TYPES = ("IMAGE", FACES)
    RETURN_NAMES = ("crops", "faces")
    OUTPUT_TOOLTIPS = (
        "The square crops of all faces as a batch, in the order of the photos.",
        "Where the faces were, for Paste Faces.",
    )

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        edge = "0 to 1: edge of the square by hand, as a fraction of the image's {}. 0 is the {}, 1 the {}."
        return {
            "required": {
                "image": socket("IMAGE", "A photo, or several as a batch."),
                "mode": choice(
                    MODES,
                    "find faces: detect them. by hand: crop the square below; for animals, statues and profiles. whole "
                    "picture: use a square image as it is. The modes with else do so only if no face is found.",
                ),
                "count": integer(0, 0, 64, "0 to 64: maximum number of faces of each photo. 0: all faces."),
                "size": integer(
                    256,
                    64,
                    2048,
                    "64 to 2048: side of the crops in pixels. A connected generator replaces it with its own size.",
                    step=8,
                ),
            },
            "optional": {
                "generator": socket(GENERATOR, "Sets the size of the crops to the size of its images."),
                "skip": integer(0, 0, 63, "0 to 63: number of faces to skip, in the order below."),
                "order": choice(ORDERS, "Which face comes first: the largest, or the leftmost."),
                "left": number(0.25, 0, 1, edge.format("width", "left edge", "right edge"), step=0.01),
                "top": number(0.0, 0, 1, edge.format("height", "upper edge", "lower edge"), step=0.01),
                "right": number(0.75, 0, 1, edge.format("width", "left edge", "right edge"), step=0.01),
                "bottom": number(0.5, 0, 1, edge.format("height", "upper edge", "lower edge"), step=0.01),
                "landmarks": choice(
                    LANDMARKERS,
                    "The network that finds eyes and mouth. small: the bundled one. face-alignment: the most accurate one; "
                    "this node's help says where to get it. auto: face-alignment if it is there, otherwise small.",
                ),
            },
        }

    @classmethod
    def IS_CHANGED(cls, landmarks: LandmarkerName | None = "auto", **_inputs: Any) -> str:  # noqa: N802
        """Changes when auto selects another network."""
        from ..engine.faces import resolved

        return CONNECTED if landmarks is None else resolved(landmarks)

    def run(
        self,
        image: Tensor,
        mode: str,
        count: int,
        size: int,
        generator: Networks | None = None,
        skip: int = 0,
        order: str = LARGEST,
        left: float = 0.25,
        top: float = 0.0,
        right: float = 0.75,
        bottom: float = 0.5,
        landmarks: LandmarkerName = "auto",
    ) -> tuple[Tensor, Faces]:
        """Crop the faces of every photo."""
        import torch

        from ..engine import NoFaceError, Step

        progress = comfy.ProgressReporter()
        side = size if generator is None else generator.generator.resolution
        photos = from_comfy(image)
        faces: list[Face] = []
        numbers: list[int] = []
        for index, photo in enumerate(photos.split(1)):
            try:
                found = cut(photo, mode, side, (left, top, right, bottom), landmarks)
            except NoFaceError as error:
                which = f"photo {index + 1} of {len(photos)}: " if len(photos) > 1 else ""
                raise NoFaceError(f"{which}{error}") from error
            if order == LEFT:
                found = sorted(found, key=lambda face: face.box.centre[0])
            chosen = found[skip:][: count or None]
            if not chosen:
                raise NoFaceError(f"photo {index + 1} has {len(found)} faces, and skip is {skip}: lower skip in Align Faces")
            faces += chosen
            numbers += [index] * len(chosen)
            progress(Step(index=index + 1, total=len(photos)))
        crops = torch.cat([face.crop for face in faces])
        return to_comfy(crops), Faces(tuple(faces), tuple(numbers), len(photos))


def cut(
    photo: Tensor, mode: str, side: int, square: tuple[float, float, float, float], landmarks: LandmarkerName
) -> list[Face]:
    """The faces of one photo ``[1, 3, H, W]``."""
    from .. import engine as pastiche

    if mode == WHOLE:
        return pastiche.align(photo, side, aligned=True)
    if mode != HAND:
        try:
            return pastiche.align(photo, side, landmarker=landmarks)
        except pastiche.NoFaceError:
            if mode == FIND:
                height, width = photo.shape[-2:]
                raise pastiche.NoFaceError(
                    f"no face was found in this picture of {width} x {height} pixels: turn it upright, or set mode to "
                    '"find faces, else by hand" and set the square around the face; for a square drawing of one face, '
                    'use "find faces, else whole picture"'
                ) from None
            if mode == FIND_OR_WHOLE:
                return pastiche.align(photo, side, aligned=True)
    height, width = photo.shape[-2:]
    left, top, right, bottom = square
    return [pastiche.crop_by_hand(photo, square=(left * width, top * height, right * width, bottom * height), size=side)]


class PasteFaces(Node):
    """Paste Faces."""

    CATEGORY = "Pastiche/faces"
    DESCRIPTION = "Pastes stylized crops back to where Align Faces found them. Pixels outside of the mask are unchanged."
    RETURN_TYPES = ("IMAGE", "MASK")
    RETURN_NAMES = ("image", "mask")
    OUTPUT_TOOLTIPS = ("The photos with their new faces.", "1 where the photo was replaced, 0 where it is unchanged.")

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        return {
            "required": {
                "image": socket("IMAGE", "The input photos of Align Faces, or copies of them in another size."),
                "crops": socket("IMAGE", "One stylized crop for each face, in the same order."),
                "faces": socket(FACES, "From Align Faces."),
                "region": choice(
                    REGIONS,
                    "What is pasted. face: the stylized face, behind the photo's own hair. head: the stylized head with its "
                    "hair, before the photo's own hair where that is larger. oval: an ellipse around the head. square: the "
                    "whole crop.",
                ),
                "feather": number(
                    0.08,
                    0,
                    0.5,
                    "0 to 0.5: width of the soft edge, as a fraction of the crop's side. 0 is a hard edge. For face and head "
                    "it applies only at the border of the crop.",
                    step=0.01,
                ),
                "match_color": switch(
                    False,
                    "On: keep the light of the photo. A face or a head takes the tone of the photo's skin; an oval or a square "
                    "takes the photo's colours along its border. Off: the visible skin of the photo takes the stylized tone.",
                ),
            },
        }

    def run(
        self, image: Tensor, crops: Tensor, faces: Faces, region: Any, feather: float, match_color: bool
    ) -> tuple[Tensor, Tensor]:
        """Paste the crops into every photo."""
        import torch

        from ..engine import ImageError, Step
        from ..engine.faces import blend, face_patches, mask_of

        photos, drawn = from_comfy(image), from_comfy(crops)
        if len(photos) != faces.count or len(drawn) != len(faces.faces):
            raise ImageError(
                f"Align Faces found {len(faces.faces)} faces in {faces.count} photos, and Paste Faces got {len(drawn)} crops "
                f"for {len(photos)} photos: connect the same photos, and one stylized crop for each face"
            )
        pasted, masks, progress = [], [], comfy.ProgressReporter()
        for index, photo in enumerate(photos.split(1)):
            here = faces.of_photo(index)
            chosen = [faces.faces[number] for number in here]
            pieces = [drawn[number : number + 1] for number in here]
            patches = face_patches(chosen, pieces, photo, feather=feather, region=region, match_color=match_color)
            pasted.append(blend(photo, patches))
            masks.append(mask_of(patches, photo))
            progress(Step(index=index + 1, total=len(photos)))
        return to_comfy(torch.cat(pasted)), mask_to_comfy(torch.cat(masks))
