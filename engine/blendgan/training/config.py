"""Settings of BlendGAN's trainings. The defaults are the paper's; "fast" in `*_PRESETS` is ours, for small machines.

What the paper leaves open is said where it stands.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ...errors import TrainingError
from ...training.ranges import check_settings
from ...training.schedule import Schedule
from .affine import AffineRanges

__all__ = [
    "BLEND_PRESETS",
    "ONE_SHOT_PRESETS",
    "STYLE_ENCODER_PRESETS",
    "BlendTraining",
    "StyleEncoderTraining",
]


@dataclass(frozen=True, kw_only=True)
class StyleEncoderTraining:
    """The style encoder, by SimCLR (Liu et al. 2021, sections 3.1 and 4.1).

    Attributes:
        backbone: see `StyleEncoderConfig`. VGG19's weights are a download; the compact one starts from a
            `PerceptualNet`, or at random.
        code_dim, code_layers: see `StyleEncoderConfig`.
        head_layers: of the projection head.
        temperature: of NT-Xent. The paper's is not known; 0.1 is SimCLR's best.
        lr: of Adam. Its betas are PyTorch's: the paper's are not known.
        lr_backbone: learning rate of the backbone; at 0, as in the paper, it is fixed.
        width: of a compact backbone that starts at random: a factor for the channels of its blocks.
        recolour: share of the pictures that are recoloured, both views alike; see `recolour`. Ours.
        partners: share of the second views that are taken from another picture in the very same manner, where one is known: a
            code then tells the manner, and not whom a picture shows. Ours.
        whiten: give the codes of all pictures the mean 0 and the identity as covariance at the end; see `whiten`. Ours.
        degrees, shift, zoom, shear, flip: see `AffineRanges`. The paper's are not known.
    """

    backbone: Literal["vgg19", "compact"] = "vgg19"
    code_dim: int = 512
    code_layers: int = 4
    head_layers: int = 2
    temperature: float = 0.1
    lr: float = 0.002
    lr_backbone: float = 0.0
    width: float = 1.0
    recolour: float = 0.0
    partners: float = 0.0
    whiten: bool = False
    degrees: float = 20.0
    shift: float = 0.1
    zoom: float = 1.3
    shear: float = 10.0
    flip: float = 0.5

    def __post_init__(self) -> None:
        check_settings(
            self,
            counts=("code_dim", "code_layers", "head_layers"),
            positive=("temperature", "lr", "width", "zoom"),
            weights=("lr_backbone", "degrees", "shift", "shear"),
            shares=("recolour", "partners", "flip"),
        )
        assert self.views  # which refuses ranges that no view can have

    @property
    def views(self) -> AffineRanges:
        """How far the two views of a picture differ."""
        return AffineRanges(degrees=self.degrees, shift=self.shift, zoom=self.zoom, shear=self.shear, flip=self.flip)


STYLE_ENCODER_PRESETS: Mapping[str, tuple[StyleEncoderTraining, Schedule]] = {
    "paper": (StyleEncoderTraining(), Schedule(images=128_000_000, batch=256, average_images=100_000)),
    "fast": (
        StyleEncoderTraining(backbone="compact", code_dim=128, whiten=True),
        Schedule(images=200_000, batch=64, average_images=5_000),
    ),
}

WEIGHTS = tuple(f"weight_{name}" for name in ("face", "style", "latent", "pairs", "features", "texture", "natural"))
SIDES = ("side", "critics_side", "frozen_side")


@dataclass(frozen=True, kw_only=True)
class BlendTraining:
    """The generator, against three discriminators (Liu et al. 2021, sections 3.2, 3.3 and 4.1).

    What the paper does not say is that of rosinality/stylegan2-pytorch, most of whose settings it keeps.

    Attributes:
        lr: of both Adams, with betas 0 and 0.99; both corrected for lazy regularization.
        muon: Muon's share for the generator's matrices, see `training.muon`; 0, as in the paper, for Adam alone. Ours: for
            `pairs_only`, without an adversary that moves.
        r1, r1_every: weight of R1, and the iterations between two of it.
        path, path_every, path_shrink: weight of the path length penalty, the iterations between two of it, and the divisor of
            its batch.
        mixing: share of faces with two codes.
        noise: random noise in every layer; without it, for generators that were trained without it.
        flip: how often a picture is mirrored.
        augment: adaptive augmentation of what the discriminators see, for small sets: a pipeline of `training.augment`, or
            "none" as in the paper. Changes of colour would show other styles than the codes say.
        augment_target, augment_images: see `AdaptiveAugment`.
        queue: how many style codes are remembered as wrong ones. The paper names no number.
        weight_face, weight_style, weight_latent: of the three adversarial losses; equal in the paper.
        indicator_most: each stylized face that the discriminators see has an indicator from 0 to this one, at random. In the
            paper's equations it is 0. Ours: with more, the later rows alone must show the style, so that it is strong
            at the indicators where faces stay themselves. The presets leave it at 0, because indicators up to this one
            would draw nearly the same.
        code_layers: depth of the network that maps style codes.
        face_share: what the face keeps of each row at the start; see `blend_generator`.
        share_trunk: start all discriminators from the face discriminator; see `critics`.
        side: side of the pictures that are compared, or 0 for the generator's; smaller ones are cheaper and leave the later
            layers alone.
        critics_side: side at which the discriminators see pictures, or 0 for `side`.
        frozen_side: layers up to this side, and the mapping of faces, stay as they are, or 0 for none: the natural face keeps
            its shape, and the file that is written as a difference is small. Ours.
        lr_images: the generator's rates fall on a straight line, to nearly nothing after so many images; 0 for constant rates.
            Ours.
        lr_codes: factor of the learning rate of the network that maps style codes, whose weights StyleGAN2 stores a
            hundredfold. Ours: in the paper's many steps it catches up.
        weight_pairs: of the reconstruction of exactly paired pictures, where there are any. Ours; see `pairs`. They have the
            same random indicators as what the discriminators see.
        pairs_fine, pairs_texture: `fine` and `texture` of the distance of pixels in it, see `losses.texture.textured_loss`.
            Much texture teaches outlines at 64 pixels; a generator that draws little noise hatches to imitate it at full size.
        weight_features: in it, of the perceptual distance beside the pixels' one.
        weight_texture: in it, of the difference of the Gram matrices that the style encoder reads: strokes are to be of the
            right kind, wherever each of them is.
        weight_natural: in it, of the distance between natural faces and those that the generator drew before the training.
            Above 0, natural faces are not compared with the pairs' ones.
        recolour: share of the pictures that are recoloured before they are shown and read; see `recolour`. Ours.
        partners: share of the pairs whose style is read from another picture in the very same manner, where one is known. Ours:
            a reference then says how to paint, and not whom.
        pairs_only: train without discriminators, on pairs alone, which is several times as fast: a start for the rest.
    """

    lr: float = 0.002
    muon: float = 0.0
    r1: float = 10.0
    r1_every: int = 16
    path: float = 2.0
    path_every: int = 4
    path_shrink: int = 2
    mixing: float = 0.9
    noise: bool = True
    flip: float = 0.5
    augment: Literal["none", "blit", "geom", "bg"] = "none"
    augment_target: float = 0.6
    augment_images: float = 500_000.0
    queue: int = 4096
    weight_face: float = 1.0
    weight_style: float = 1.0
    weight_latent: float = 1.0
    indicator_most: int = 0
    code_layers: int = 8
    face_share: float = 1.0
    share_trunk: bool = False
    side: int = 0
    critics_side: int = 0
    frozen_side: int = 0
    lr_images: float = 0.0
    lr_codes: float = 1.0
    weight_pairs: float = 0.0
    pairs_fine: float = 0.3
    pairs_texture: float = 9.0
    weight_features: float = 1.0
    weight_texture: float = 0.0
    weight_natural: float = 0.0
    recolour: float = 0.0
    partners: float = 0.0
    pairs_only: bool = False

    def __post_init__(self) -> None:
        check_settings(
            self,
            counts=("r1_every", "path_every", "path_shrink", "queue", "code_layers"),
            positive=("lr", "lr_codes", "augment_images"),
            weights=(*WEIGHTS, *SIDES, "muon", "r1", "path", "indicator_most", "lr_images", "pairs_texture"),
            shares=("mixing", "flip", "face_share", "recolour", "partners", "pairs_fine"),
        )
        if self.pairs_only and not self.weight_pairs:
            raise TrainingError("pairs_only needs a weight_pairs above 0: pairs are all that there is to learn from")


BLEND_PRESETS: Mapping[str, tuple[BlendTraining, Schedule]] = {
    "paper": (BlendTraining(), Schedule(images=1_600_000, batch=8, average_images=2_500, average_ramp=None)),
    "fast": (
        BlendTraining(
            r1=1.0,
            mixing=0.5,
            augment="bg",
            augment_images=100_000.0,
            code_layers=4,
            face_share=0.5,
            share_trunk=True,
            weight_pairs=10.0,
        ),
        Schedule(images=100_000, batch=8, average_images=2_500),
    ),
}

# A style far from those that were learned, from one picture (section 4.5): 1,000 iterations of batch 1.
# The average follows in as many steps as rosinality's, whose half-life is 10,000 images in batches of 32.
ONE_SHOT_PRESETS: Mapping[str, tuple[BlendTraining, Schedule]] = {
    "paper": (BlendTraining(), Schedule(images=1_000, batch=1, average_images=312.5, average_ramp=None)),
    "fast": (BlendTraining(r1=1.0, path=0.0, mixing=0.0), Schedule(images=300, batch=1, average_images=50, average_ramp=None)),
}
