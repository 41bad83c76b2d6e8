"""Settings of AgileGAN's transfer: what the paper and its re-implementations say as `PAPER`, and ours for small machines.

The paper names the losses, R1's weight of 10, about 100 exemplars and about 1,200 iterations; the other values are those of
the published configurations of open-mmlab/MMGEN-FaceStylor.
"""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

from ...errors import TrainingError
from ...training.augment import PIPELINES
from ...training.ranges import check_settings
from ..paths import SPLIT

__all__ = ["AgileTransfer"]

WEIGHTS = ("weight_adversarial", "weight_structure", "weight_paired", "weight_paired_features")
LENGTHS = ("iterations", "average_images", "snapshots")  # may change when a training is resumed


@dataclass(frozen=True, kw_only=True)
class AgileTransfer:
    """How a generator is fine-tuned to a style (Song et al. 2021, section 4.2).

    Attributes:
        iterations: where training stops. Longer training follows the exemplars more closely and the face less.
        batch: images of each path in one iteration.
        split: the last resolution of which every path has blocks of its own, in pixels.
        adversarial: "hinge", as both re-implementations read the paper, or "logistic", StyleGAN2's own loss.
        weight_adversarial: its weight for the generator.
        weight_structure: weight of the structural distance to the source generator's image.
        weight_paired, weight_paired_features: weights of the paired losses (see `pairs`), of pixels and edges, and of
            features. Ours, and 0 in the paper's settings, which have no pairs.
        paired_fine, paired_texture: `fine` and `texture` of the paired loss, see `losses.texture.textured_loss`. Much texture
            without noise turns flat colours into a dither.
        r1, r1_every: weight of R1 on real pictures, and the iterations between two of it.
        path, path_every, path_shrink, path_decay: weight of the path length penalty, the iterations between two of it, the
            divisor of its batch, and how fast the mean length follows.
        lr: of both Adams; corrected for lazy regularization, as their betas 0 and 0.99 are.
        muon: Muon's share for the generator's matrices, see `training.muon`; 0, as in the paper, for Adam alone. Ours: for
            learning from pairs alone, without an adversary that moves.
        discriminator_blocks: how many of the last residual blocks of a discriminator learn, with its final layers (FreezeD);
            0 for all of it.
        frozen: resolutions of the generator, in pixels, whose layers stay those of the source. None in the paper. Freezing
            the lowest keeps shapes, freezing the highest keeps textures.
        frozen_colors: the to-RGB layers of these resolutions stay too. Letting them learn costs few weights, and changes flat
            colours, such as a background's, while shapes stay.
        own_rows: share of the random faces whose rows of z+ are drawn each for itself, as in the paper; the others have one z
            in all rows, for generators that were trained without mixing.
        noise: random noise in every layer; without it, for generators that were trained without it.
        flip: how often an exemplar is mirrored.
        augment: transforms of adaptive augmentation, one of `training.augment.PIPELINES`, or "none".
        augment_target, augment_images: what it holds the sign of the logits at, and images seen while its p moves by 1.
        average_images: half-life of the generator's moving average, in images.
        snapshots: iterations between two of the generators that the user can choose from.
    """

    iterations: int = 1200
    batch: int = 8
    split: int = SPLIT
    adversarial: Literal["hinge", "logistic"] = "hinge"
    weight_adversarial: float = 1.0
    weight_structure: float = 0.5
    weight_paired: float = 0.0
    weight_paired_features: float = 0.0
    paired_fine: float = 0.3
    paired_texture: float = 9.0
    r1: float = 10.0
    r1_every: int = 16
    path: float = 2.0
    path_every: int = 4
    path_shrink: int = 2
    path_decay: float = 0.01
    lr: float = 0.002
    muon: float = 0.0
    discriminator_blocks: int = 5
    frozen: tuple[int, ...] = ()
    frozen_colors: bool = True
    own_rows: float = 1.0
    noise: bool = True
    flip: float = 0.5
    augment: str = "bgc"
    augment_target: float = 0.6
    augment_images: float = 500_000.0
    average_images: float = 5_500.0
    snapshots: int = 100

    PAPER: ClassVar["AgileTransfer"]
    FAST: ClassVar["AgileTransfer"]

    def __post_init__(self) -> None:
        check_settings(
            self,
            counts=("iterations", "batch", "r1_every", "path_every", "path_shrink", "snapshots"),
            positive=("lr", "augment_images", "average_images"),
            weights=(*WEIGHTS, "r1", "path", "muon", "discriminator_blocks", "paired_texture"),
            shares=("own_rows", "flip", "path_decay", "paired_fine"),
        )
        if not any(getattr(self, name) for name in WEIGHTS):
            raise TrainingError("the weights are all 0, and nothing would be learned: set weight_adversarial, for one")
        if self.augment not in ("none", *PIPELINES):
            raise TrainingError(f"augment is {self.augment!r}: choose none, {', '.join(PIPELINES)}")

    @property
    def images(self) -> int:
        """Images of each path in the whole training."""
        return self.iterations * self.batch

    @property
    def facts(self) -> dict[str, Any]:
        """The settings as plain data, without those that may change when a training is resumed."""
        return {name: value for name, value in asdict(self).items() if name not in LENGTHS}


AgileTransfer.PAPER = AgileTransfer()
AgileTransfer.FAST = AgileTransfer(iterations=400, batch=4, average_images=400.0, snapshots=50)
