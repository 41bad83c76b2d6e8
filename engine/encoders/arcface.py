"""ArcFace (Deng et al. 2019) on IR-SE-50: a face to a direction that tells whose face it is.

Must match ``Backbone`` of TreB1eN/InsightFace_Pytorch, and the way in which pSp and related encoders show faces to it.
"""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import ImageError
from ..images import resize
from .backbone import Backbone
from .config import IMAGE_SIZE

__all__ = ["ArcFace", "ArcFaceConfig"]

ROWS, COLUMNS = slice(35, 223), slice(32, 220)  # of the face in an aligned image of 256 pixels
SIDE = 112  # of the image that it was trained on
DROPPED = 0.6


@dataclass(frozen=True, kw_only=True)
class ArcFaceConfig:
    """Sizes of the identity network.

    Attributes:
        embedding_dim: dimensions of an embedding.
        stem: channels of the first convolution.
        widths: channels of the backbone's four stages.
    """

    embedding_dim: int = 512
    stem: int = 64
    widths: tuple[int, ...] = (64, 128, 256, 512)

    def __post_init__(self) -> None:
        if len(self.widths) != 4:
            raise ValueError(f"the backbone has four stages, and {len(self.widths)} widths were given")


class ArcFace(Backbone):
    """Faces ``[N, 3, 112, 112]`` to unit embeddings; `prepare` gets them out of aligned images."""

    def __init__(self, config: ArcFaceConfig) -> None:
        super().__init__(3, config.stem, config.widths)
        self.config = config
        channels = config.widths[-1]
        self.output_layer = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.Dropout(DROPPED),
            nn.Flatten(),
            nn.Linear(channels * (SIDE // 16) ** 2, config.embedding_dim),
            nn.BatchNorm1d(config.embedding_dim),
        )

    @staticmethod
    def prepare(images: Tensor) -> Tensor:
        """The faces in aligned images, ``[N, 3, 256, 256] -> [N, 3, 112, 112]``: cut out, and made smaller by averaging.

        Raises:
            ImageError: the images have another shape.
        """
        _check(images, IMAGE_SIZE)
        return F.adaptive_avg_pool2d(images[:, :, ROWS, COLUMNS], SIDE)

    def identify(self, images: Tensor) -> Tensor:
        """Unit embeddings ``[N, 512]`` of aligned images ``[N, 3, S, S]`` of any size, RGB in [-1, 1].

        Images larger than 256 pixels are averaged, as pSp's identity loss does; smaller ones are interpolated.
        """
        return self(self.prepare(resize(images, IMAGE_SIZE, "area" if images.shape[-1] > IMAGE_SIZE else "bilinear")))  # type: ignore[no-any-return]

    def forward(self, faces: Tensor) -> Tensor:
        """Unit embeddings ``[N, 512]``, whose product is the likeness of two faces: 1 for the same image.

        Args:
            faces: ``[N, 3, 112, 112]``, RGB in [-1, 1].

        Raises:
            ImageError: they have another shape; see `prepare`.
        """
        _check(faces, SIDE)
        x = self.stages(faces)[-1].contiguous()  # rows are flattened channel by channel
        return F.normalize(self.output_layer(x).float(), dim=1)


def _check(images: Tensor, side: int) -> None:
    if images.ndim != 4 or list(images.shape[1:]) != [3, side, side]:
        raise ImageError(
            f"the identity network takes images [N, 3, {side}, {side}] here, not {list(images.shape)}: "
            "align and resize the picture first"
        )
