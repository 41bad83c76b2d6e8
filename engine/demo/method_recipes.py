"""Sizes and schedules of the methods' models: the numbers that `pastiche train demo --only METHOD` follows."""

from dataclasses import dataclass, field, replace
from typing import ClassVar

from ..agilegan.training.config import AgileTransfer
from ..blendgan.training import BlendTraining, StyleEncoderTraining
from ..dualstylegan.training.config import (
    Adversary,
    Destylizing,
    DualRecipe,
    Pairing,
    Refining,
    Sampling,
    StructureTransfer,
    StyleTransfer,
)
from ..encoders.training.config import EncoderTraining

__all__ = [
    "ADVERSARIAL",
    "COARSE",
    "FINE",
    "OUTLINED",
    "PAIRED",
    "SMALL_BLENDING",
    "SMALL_DUAL_STYLING",
    "AgileStyles",
    "BlendStage",
    "Blending",
    "DualStyling",
    "Manners",
    "Styling",
]


COPYING = AgileTransfer(
    iterations=4_000,
    batch=16,
    split=32,
    frozen=(4, 8, 16),
    frozen_colors=False,
    weight_adversarial=0.0,
    weight_structure=0.0,
    weight_paired=1.0,
    weight_paired_features=0.2,
    r1=0.0,
    path=0.0,
    lr=5e-3,
    noise=False,
    flip=0.0,
    average_images=1_000.0,
    snapshots=1_000,
)
SHARPENING = replace(
    COPYING,
    iterations=1_200,
    batch=8,
    weight_adversarial=0.1,
    weight_structure=0.2,
    weight_paired=2.0,
    weight_paired_features=0.5,
    paired_fine=0.7,
    paired_texture=0.5,
    r1=10.0,
    path=2.0,
    path_every=16,
    own_rows=0.25,
    lr=2e-3,
    snapshots=200,
)


@dataclass(frozen=True, kw_only=True)
class AgileStyles:
    """Training AgileGAN's encoder and its stylized generators.

    The paper has neither pairs nor codes of its pictures. The painter has both, and most of this training is by them.

    Attributes:
        styles: painted styles, each with the seed of its manner.
        pairs: side in pixels and number of people painted in each style for the paired losses.
        exemplars: the same for the pictures that the discriminators see; the first of the same people.
        encoder: of the hierarchical VAE; images, batch and the moving average's half-life are beside it.
        frozen: layers of the base's encoder that the VAE keeps as they are, so that its file is small.
        log_variance: of z+, before training.
        copying: the transfer by pairs alone: sides in pixels, each with its settings, in turn. Shapes and expressions are
            learned at 64 pixels, two to three times faster than at 128; there the texture loss makes outlines sharp. Later it
            would leave a dither, since no noise is drawn.
        sharpening: the transfer with the paper's losses, and pairs at the size of the exemplars.
    """

    SMALL: ClassVar["AgileStyles"]

    styles: tuple[tuple[str, int], ...] = (("comic", 0), ("toon", 1))
    pairs: tuple[int, int] = (128, 4_000)
    exemplars: tuple[int, int] = (256, 400)
    encoder: EncoderTraining = field(
        default_factory=lambda: EncoderTraining(
            method="vae",
            backbone="compact",
            space="z+",
            add_average=False,
            optimizer="adam",
            lr=1e-3,
            decay=0.5,
            random_noise=False,
            side=128,
            l2=1.0,
            perceptual=0.8,
            identity=0.1,
            kl=1e-4,
            kl_images=2_000,
            codes=0.05,
            average=True,
        )
    )
    encoder_images: int = 60_000
    encoder_batch: int = 32
    average_images: float = 1_000.0
    frozen: tuple[str, ...] = ("stem", "blocks")
    log_variance: float = -4.0
    copying: tuple[tuple[int, AgileTransfer], ...] = (
        (64, replace(COPYING, iterations=12_000, weight_paired_features=0.0)),
        (128, replace(COPYING, paired_fine=0.7, paired_texture=0.5)),
    )
    sharpening: AgileTransfer = SHARPENING


def _small_agile() -> AgileStyles:
    full = AgileStyles()
    copying = replace(COPYING, batch=8, weight_paired_features=0.0)
    return AgileStyles(
        pairs=(128, 1_200),
        exemplars=(256, 64),
        encoder=replace(full.encoder, side=64, perceptual=0.0, kl=5e-5, kl_images=1_000),
        encoder_images=9_600,
        encoder_batch=16,
        average_images=600.0,
        copying=(
            (64, replace(copying, iterations=6_000, lr=3e-3)),
            (128, replace(copying, iterations=1_500, lr=1.5e-3, paired_fine=0.7, paired_texture=0.5)),
        ),
        sharpening=replace(
            full.sharpening, iterations=40, batch=4, weight_structure=0.1, lr=1.5e-3, average_images=40.0, snapshots=10
        ),
    )


AgileStyles.SMALL = _small_agile()


@dataclass(frozen=True, kw_only=True)
class Styling:
    """Training BlendGAN's style encoder.

    Attributes:
        settings: of the method's own training.
        images: of which each is seen in two views.
    """

    settings: StyleEncoderTraining = field(
        default_factory=lambda: StyleEncoderTraining(
            backbone="compact", code_dim=96, width=0.75, lr_backbone=1e-3, recolour=0.7, partners=0.6, whiten=True
        )
    )
    images: int = 400_000
    batch: int = 64
    average_images: float = 5_000


PAIRED = BlendTraining(
    lr=0.006,
    lr_codes=50.0,
    mixing=0.5,
    flip=0.0,
    path=0.0,
    r1=1.0,
    code_layers=4,
    face_share=0.5,
    share_trunk=True,
    frozen_side=16,
    weight_pairs=1.0,
    weight_natural=1.0,
    recolour=0.5,
    partners=1.0,
    pairs_only=True,
)
"""What all stages of the bundle's BlendGAN have in common; codes of faces are known, so none is mirrored."""

COARSE = replace(PAIRED, side=64)
"""Palettes, light and outlines, which most of the training is about, at a size where it is cheap."""

OUTLINED = replace(PAIRED, side=128, pairs_fine=0.7, pairs_texture=0.3)
"""From 128 pixels on with little texture, which would leave a hatching."""

FINE = replace(OUTLINED, side=0, frozen_side=64, lr_codes=5.0)
"""Only the last layers learn: there are few paintings of full size."""

ADVERSARIAL = replace(OUTLINED, side=0, pairs_only=False, weight_pairs=5.0, lr=0.001, lr_codes=1.0, critics_side=128)
"""The paper's three discriminators, at half the size, beside the pairs."""


@dataclass(frozen=True, kw_only=True)
class BlendStage:
    """One training of BlendGAN's generator.

    Attributes:
        name: of its folder.
        settings: of the method's own training.
        images: that are seen.
        fine: on the paintings of full size, which are few.
    """

    name: str
    settings: BlendTraining
    images: int
    fine: bool = False
    batch: int = 16
    average_images: float = 2_000


@dataclass(frozen=True, kw_only=True)
class Blending:
    """Training BlendGAN: the style encoder, and the generator on pairs and against the three discriminators.

    Attributes:
        coarse: manners of the paintings at the side of the bundle's own, which they add to; each with two people. A thousand
            manners are learned by heart, and others are not drawn as well.
        side, manners: of the paintings of full size, which are of two people, too.
        styling: of the style encoder.
        stages: of the generator; each begins where the one before ended.
    """

    coarse: int = 10_000
    side: int = 256
    manners: int = 2_000
    styling: Styling = field(default_factory=Styling)
    stages: tuple[BlendStage, ...] = (
        BlendStage(name="coarse", settings=replace(COARSE, lr_images=400_000), images=400_000, batch=16),
        BlendStage(name="pairs", settings=replace(OUTLINED, lr_images=200_000), images=200_000, batch=32),
        BlendStage(name="fine", settings=replace(FINE, lr_images=60_000), images=60_000, fine=True),
        BlendStage(name="adversarial", settings=replace(ADVERSARIAL, lr_images=100_000), images=100_000, fine=True),
    )


SMALL_BLENDING = Blending(
    coarse=3_000,
    manners=120,
    styling=Styling(images=60_000, average_images=1_500),
    stages=(
        BlendStage(name="coarse", settings=replace(COARSE, lr_images=160_000), images=160_000, batch=8),
        BlendStage(name="pairs", settings=replace(OUTLINED, lr_images=10_000), images=10_000, batch=8),
        BlendStage(name="fine", settings=replace(FINE, lr_images=1_600), images=1_600, fine=True, batch=8, average_images=300),
        BlendStage(
            name="adversarial",
            settings=replace(ADVERSARIAL, lr_images=1_200),
            images=1_200,
            fine=True,
            batch=8,
            average_images=300,
        ),
    ),
)
"""For some hours of one core, which pairs use best; the discriminators get a few minutes."""


@dataclass(frozen=True, kw_only=True)
class Manners:
    """Paintings in the manners of one family of painted styles, each of which is an exemplar.

    Attributes:
        family: of the styles.
        exemplars: how many manners, each with a person of its own.
        paintings: of other people, with structure and colours of the exemplars.
        side: of those, in pixels.
        alike: share of them whose structure and colours come from one exemplar.
        share: how much of an exemplar's proportions its structure carries; the rest of a face stays the person's.
    """

    family: str = "toon"
    exemplars: int = 96
    paintings: int = 8_000
    side: int = 128
    alike: float = 0.3
    share: float = 0.4


COPIED = Pairing(truncation=0.7)
"""As for AgileGAN's styles, shapes and expressions are learned at 64 pixels, and later with little texture."""


@dataclass(frozen=True, kw_only=True)
class DualStyling:
    """Training DualStyleGAN on one family of painted styles.

    Attributes:
        manners: what is painted.
        training: the method's own numbers.
    """

    manners: Manners = field(default_factory=Manners)
    training: DualRecipe = field(
        default_factory=lambda: DualRecipe(
            structure_channels=96,
            adversary=Adversary(lr=1e-3, average=100.0),
            destylizing=Destylizing(reading_steps=60, batch=16),
            pairing=(
                replace(COPIED, iterations=20_000, batch=32, side=64),
                replace(COPIED, iterations=10_000, batch=32, fine=0.7, texture=0.5),
            ),
            transfer=StyleTransfer(iterations=1_500, batch=16, paired=10.0, contextual_side=32),
        )
    )


SMALL_DUAL_STYLING = DualStyling(
    manners=Manners(exemplars=64, paintings=3_200),
    training=DualRecipe(
        structure_channels=96,
        adversary=Adversary(lr=5e-4, path=0, augment=False, average=30.0),
        destylizing=Destylizing(reading_steps=40, batch=16),
        structure=StructureTransfer(iterations=(8, 8, 24), batch=8),
        pairing=(
            replace(COPIED, iterations=3_600, side=64),
            replace(COPIED, iterations=800, lr=1e-3, fine=0.7, texture=0.5),
        ),
        transfer=StyleTransfer(iterations=100, batch=8, adversarial=0.3, paired=10.0, contextual_side=32),
        refining=Refining(steps=8, batch=8),
        sampling=Sampling(pictures=200_000),
    ),
)
"""For a CPU."""
