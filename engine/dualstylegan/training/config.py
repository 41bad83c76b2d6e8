"""Every number of DualStyleGAN's training (Yang et al. 2022; supplement), for the papers' size and for a small machine.

Layers are counted from the coarse end, and a row of a code drives the same part of the face at every size of the picture:
row r belongs to features of ``2 ** (2 + (r + 1) // 2)`` pixels a face. So the paper's row numbers for 1024 pixels hold as
they are: rows 0 to 6 (up to 32 x 32 features) are structure, and all later ones colour: 11 at 1024 pixels, 7 at 256.
Where a generator is smaller than that, the border moves down to the last odd row that leaves one for colour, and
everything that is counted from the border moves with it; see `structure_rows_of`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...errors import TrainingError
from ...numerics import Precision
from ...training.ranges import check_settings

__all__ = [
    "FEW",
    "PRESETS",
    "STYLES",
    "Adversary",
    "Destylizing",
    "DualRecipe",
    "FineTuning",
    "Pairing",
    "Refining",
    "Sampling",
    "StructureTransfer",
    "StyleTransfer",
    "structure_rows_of",
]

STRUCTURE_ROWS = 7  # of the paper: up to 32 x 32 features
FEW = 32  # pictures up to which the weights for small sets are used, unless others were chosen


def structure_rows_of(num_layers: int) -> int:
    """How many of a code's rows drive structure: 7, or for a generator of fewer than 8 rows the largest odd number below."""
    return min(STRUCTURE_ROWS, (num_layers - 2) // 2 * 2 + 1)


@dataclass(frozen=True, kw_only=True)
class Adversary:
    """What the stages against a discriminator share. The defaults are the release's.

    Attributes:
        lr: learning rate before the correction for lazy regularisation: ``lr * n / (n + 1)``.
        r1: gamma of R1, whose penalty is ``gamma / 2`` times the squared gradient.
        r1_every: iterations between two R1 steps.
        path: weight of the path length penalty; 0 for none.
        path_every: iterations between two path length steps.
        mixing: probability that a random face mixes two codes.
        average: half-life of the moving average in iterations: ``0.5 ** (32 / 10000)`` an iteration in the release.
        augment: adaptive discriminator augmentation (Karras et al. 2020); target 0.6, 500,000 images.
    """

    lr: float = 0.002
    r1: float = 10.0
    r1_every: int = 16
    path: float = 2.0
    path_every: int = 4
    mixing: float = 0.9
    average: float = 312.5
    augment: bool = True

    def __post_init__(self) -> None:
        check_settings(
            self,
            counts=("r1_every", "path_every"),
            positive=("lr", "average"),
            weights=("r1", "path"),
            shares=("mixing",),
        )


@dataclass(frozen=True, kw_only=True)
class FineTuning:
    """The generator that is fine-tuned to the style, for destylization alone (section 5 of the release's notes).

    Attributes:
        iterations: of StyleGAN2's training on the portraits.
        batch: pictures an iteration.
    """

    iterations: int = 600
    batch: int = 32

    def __post_init__(self) -> None:
        check_settings(
            self,
            counts=("iterations", "batch"),
        )


@dataclass(frozen=True, kw_only=True)
class Destylizing:
    """Facial destylization: latent optimisation (equation 1) and image embedding.

    Attributes:
        steps: of Adam for each portrait.
        lr: highest learning rate of the projector's schedule.
        identity: weight of the identity loss.
        spread: weight of the deviation of a code's rows, which pulls z+ to z.
        noise: weight of the noise regularisation.
        truncation: of the realistic face, towards 0: 0.5 for styles far from faces, which leaves more structure to learn.
        keep_colors: the rows after the first colour row keep the portrait's own code.
        batch: portraits at a time. They don't influence each other.
        embedding_steps: of Adam for codes in z+, where no encoder gives them; not the paper's.
        reading_steps, reading_side: of Adam that bring extrinsic codes nearer to the portraits, and the side at which they
            are compared, for an encoder that reads people and overlooks styles; 0, as in the paper, for one that does not.
    """

    steps: int = 300
    lr: float = 0.1
    identity: float = 0.1
    spread: float = 1.0
    noise: float = 1e5
    truncation: float = 0.7
    keep_colors: bool = True
    batch: int = 16
    embedding_steps: int = 200
    reading_steps: int = 0
    reading_side: int = 64

    def __post_init__(self) -> None:
        check_settings(
            self,
            counts=("steps", "batch", "embedding_steps", "reading_side"),
            positive=("lr",),
            weights=("identity", "spread", "noise", "reading_steps"),
            shares=("truncation",),
        )


@dataclass(frozen=True, kw_only=True)
class StructureTransfer:
    """Progressive fine-tuning on the source domain: structure transfer. Once for all styles of a generator.

    Attributes:
        iterations: with style mixing from the first colour row on, from one row earlier, and from two rows earlier:
            l = 7, 6, 5.
        batch: pictures an iteration.
        adversarial: weight of the logistic losses, of generator and discriminator.
        perceptual: weight of the perceptual loss, whose three layers count alike.
        encoded_every: in one of so many iterations the style's code is what the encoder reads in a face; 0 for never.
    """

    iterations: tuple[int, ...] = (300, 300, 3000)
    batch: int = 4
    adversarial: float = 0.1
    perceptual: float = 0.5
    encoded_every: int = 4

    def __post_init__(self) -> None:
        check_settings(
            self,
            counts=("batch",),
            weights=("adversarial", "perceptual", "encoded_every"),
        )


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """A stage of learning from paired portraits alone, before style transfer; not the paper's.

    Attributes:
        iterations, batch: its length.
        side: of the images that are compared.
        fine, texture: of `losses.texture.textured_loss`. Images are drawn without noise, so that where they are compared at
            their full size, a large weight of the texture leaves a dither.
        lr: the highest learning rate.
        muon: Muon's share for matrices, see `training.muon`; 0 for Adam alone.
        lr_mapping: factor for T_s, whose weights StyleGAN2 stores a hundredfold.
        jitter: deviation of the noise on the style's w+.
        truncation: people's codes are scaled by a random number from this to 1, as `DualSettings.truncation` will do.
    """

    iterations: int = 1_000
    batch: int = 16
    side: int = 128
    fine: float = 0.3
    texture: float = 9.0
    lr: float = 2e-3
    muon: float = 0.0
    lr_mapping: float = 30.0
    jitter: float = 0.1
    truncation: float = 1.0

    def __post_init__(self) -> None:
        check_settings(
            self,
            counts=("iterations", "batch", "side"),
            positive=("lr", "lr_mapping"),
            weights=("texture", "muon", "jitter"),
            shares=("fine", "truncation"),
        )


@dataclass(frozen=True, kw_only=True)
class StyleTransfer:
    """Progressive fine-tuning on the target domain: style transfer (equation 4). `STYLES` has the paper's numbers.

    Attributes:
        iterations, batch: its length.
        adversarial, perceptual, contextual, matching, identity, regularization: weights of the losses.
        paired: weight of the loss of paired portraits, in every iteration; not the paper's. 0 for none.
        jitter: deviation of the noise on the style's w+.
        bandwidth: of the contextual loss.
        contextual_side: side of the largest feature maps that the contextual loss compares; its cost is the fourth power.
        mirror: every portrait counts twice, the second time mirrored.
        keep_every: iterations between two models that are kept to choose from by eye, as the authors did every 100
            iterations; 0 for none.
    """

    iterations: int = 1400
    batch: int = 32
    adversarial: float = 1.0
    perceptual: float = 1.0
    contextual: float = 0.25
    matching: float = 0.25
    identity: float = 1.0
    regularization: float = 0.015
    paired: float = 0.0
    jitter: float = 0.1
    bandwidth: float = 0.2
    contextual_side: int = 64
    mirror: bool = False
    keep_every: int = 0

    def __post_init__(self) -> None:
        check_settings(
            self,
            counts=("iterations", "batch", "contextual_side"),
            positive=("bandwidth",),
            weights=(
                "adversarial",
                "perceptual",
                "contextual",
                "matching",
                "identity",
                "regularization",
                "paired",
                "jitter",
                "keep_every",
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Refining:
    """Latent optimisation of the exemplars' codes with the trained generator.

    Attributes:
        steps: of Adam; 0 leaves the codes as they are.
        lr_structure, lr_color, lr_noise: learning rates of the code's rows and of the noise maps.
        noise: weight of the noise regularisation.
        batch: portraits at a time. They don't influence each other.
    """

    steps: int = 100
    lr_structure: float = 0.005
    lr_color: float = 0.01
    lr_noise: float = 0.1
    noise: float = 1e5
    batch: int = 4

    def __post_init__(self) -> None:
        check_settings(
            self,
            counts=("batch",),
            weights=("steps", "lr_structure", "lr_color", "lr_noise", "noise"),
        )


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """The sampling network (GLANN, Hoshen et al. 2019; IMLE, Li and Malik 2018).

    Attributes:
        samples: codes to learn from: each exemplar is repeated up to this number together.
        jitter: deviation of the noise on them.
        pictures: codes to be seen by each network; the epochs follow from it.
        batch: codes a step.
        lr: learning rate, halved every 50 epochs.
        weight_decay: of Adam.
        noise_dim, hidden: sizes of the network.
    """

    samples: int = 1000
    jitter: float = 0.05
    pictures: int = 500_000
    batch: int = 128
    lr: float = 1e-3
    weight_decay: float = 1e-5
    noise_dim: int = 128
    hidden: int = 128

    def __post_init__(self) -> None:
        check_settings(
            self,
            counts=("samples", "pictures", "batch", "noise_dim", "hidden"),
            positive=("lr",),
            weights=("jitter", "weight_decay"),
        )


@dataclass(frozen=True, kw_only=True)
class DualRecipe:
    """The whole training, stage by stage.

    Attributes:
        precision: of the convolutions; "auto" is what the device is fast in.
        accumulate: parts that a batch is computed in; more parts need less memory.
        seed: of everything random.
        structure_channels: of the extrinsic path's blocks; see `DualStyleConfig`.
        pairing: stages on paired portraits, for data that have them, in turn; none in the paper's presets. Style transfer
            compares them (`StyleTransfer.paired`) as the last stage does.
    """

    precision: Precision = "auto"
    accumulate: int = 1
    seed: int = 0
    structure_channels: int | None = None

    adversary: Adversary = field(default_factory=Adversary)
    tuning: FineTuning = field(default_factory=FineTuning)
    destylizing: Destylizing = field(default_factory=Destylizing)
    structure: StructureTransfer = field(default_factory=StructureTransfer)
    pairing: tuple[Pairing, ...] = ()
    transfer: StyleTransfer = field(default_factory=StyleTransfer)
    refining: Refining = field(default_factory=Refining)
    sampling: Sampling = field(default_factory=Sampling)

    def __post_init__(self) -> None:
        check_settings(
            self,
            counts=("accumulate",),
        )

    def with_style(self, name: str) -> "DualRecipe":
        """The paper's weights and numbers for a kind of picture, one of `STYLES`.

        Raises:
            TrainingError: there is no such style.
        """
        if name not in STYLES:
            raise TrainingError(f"there are no weights for the style {name!r}: expected one of {', '.join(STYLES)}")
        style = STYLES[name]
        refining = replace(self.refining, **REFINEMENTS.get(name.removesuffix(ONE_GPU), {}))
        return replace(self, transfer=replace(self.transfer, **style), refining=refining)


def _weights(
    iterations: int, perceptual: float, matching: float, identity: float, regularization: float, **others: Any
) -> dict[str, Any]:
    shares = {"perceptual": perceptual, "matching": matching, "identity": identity, "regularization": regularization}
    return {"iterations": iterations, **shares, **others}


ONE_GPU = "-batch4"

STYLES: Mapping[str, Mapping[str, Any]] = {
    "cartoon": _weights(1400, 1, 0.25, 1, 0.015),
    "caricature": _weights(1000, 1, 0.25, 4, 0.005),
    "anime": _weights(2100, 1, 0.25, 1, 0.02),
    "pixar": _weights(1000, 1, 0.25, 1, 0.015),
    "comic": _weights(1000, 1, 0.25, 1, 0.015),
    "slamdunk": _weights(1500, 1, 0.25, 4, 0.02),
    f"cartoon{ONE_GPU}": _weights(3500, 2.25, 0.25, 1, 0.02, batch=4),
    f"caricature{ONE_GPU}": _weights(3000, 1, 0.25, 2, 0.01, batch=4),
    f"anime{ONE_GPU}": _weights(4500, 0.25, 2.5, 1, 0.04, batch=4),
    # 16 pictures: strong regularisation keeps the face; weaker one memorises the pictures. The paper gives no iterations.
    "few": _weights(1000, 0.1, 0.05, 4, 0.08, contextual=0.05, mirror=True),
}
"""Weights that the authors chose. Identity and regularization are the ones to tune for a new kind of picture."""

REFINEMENTS: Mapping[str, Mapping[str, Any]] = {
    "cartoon": {"lr_structure": 0.005, "lr_color": 0.1},
    "caricature": {"lr_structure": 0.005, "lr_color": 0.01},
    "anime": {"lr_structure": 0.0005, "lr_color": 0.005},
    **{name: {"steps": 0} for name in ("pixar", "comic", "slamdunk")},
}

PRESETS: Mapping[str, DualRecipe] = {
    "paper": DualRecipe(transfer=StyleTransfer(keep_every=100)),
    # For a generator of the demo's size and a small machine: a tenth of the pictures, and coarser textures. Its encoder
    # overlooks palettes, so the exemplars' codes are read more closely: colour rows that don't know the colours leave them to
    # the structure path.
    "fast": DualRecipe(
        tuning=FineTuning(iterations=300, batch=8),
        destylizing=Destylizing(steps=100, reading_steps=40),
        structure=StructureTransfer(iterations=(60, 60, 300)),
        transfer=StyleTransfer(iterations=800, batch=4, contextual_side=32),
        refining=Refining(steps=50),
        sampling=Sampling(pictures=200_000),
    ),
}
