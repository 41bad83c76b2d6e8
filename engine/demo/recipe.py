"""Sizes and schedules of the demo bundle: the numbers that `pastiche train demo` follows."""

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
from ..stylegan2 import DiscriminatorConfig, GeneratorConfig
from ..synthetic.coordinates import COORDINATES

__all__ = [
    "ADVERSARIAL",
    "APPEARANCE_ROW",
    "DISCRIMINATOR",
    "FINE",
    "GENERATOR",
    "PAIRED",
    "SMALL_BLENDING",
    "SMALL_DUAL_STYLING",
    "SMALL_GENERATOR",
    "Adversarial",
    "AgileStyles",
    "BlendStage",
    "Blending",
    "Classifying",
    "Detecting",
    "DualStyling",
    "Encoding",
    "Joint",
    "Landmarking",
    "Manners",
    "Parsing",
    "Perceiving",
    "Portraits",
    "Regression",
    "Styling",
]

CHANNELS = {4: 256, 8: 256, 16: 256, 32: 256, 64: 64, 128: 32, 256: 16}
SMALL_CHANNELS = {4: 192, 8: 192, 16: 192, 32: 128, 64: 64, 128: 32, 256: 16}
CRITIC_CHANNELS = {4: 128, 8: 128, 16: 128, 32: 128, 64: 64, 128: 32, 256: 16}

GENERATOR = GeneratorConfig(resolution=256, channels=CHANNELS, z_dim=len(COORDINATES), w_dim=256, mapping_layers=4)
SMALL_GENERATOR = replace(GENERATOR, channels=SMALL_CHANNELS)
"""Three million parameters: half the time an image, and as good at the budget of a CPU."""

DISCRIMINATOR = DiscriminatorConfig(resolution=256, channels=CRITIC_CHANNELS)

APPEARANCE_ROW = 7
"""From this row of w+ on, the generator is taught to take colours and light, before it shape and pose.

It is where one-shot stylization begins to swap rows (JoJoGAN's ``id_swap = range(7, L)``).
"""


@dataclass(frozen=True, kw_only=True)
class Portraits:
    """The painted training images.

    Attributes:
        levels: side in pixels, and how many portraits are painted at it; the first ones are the same people.
        painted: side and number of portraits of the same people in painted styles.
        seed: of the codes.
        held_out: number of codes, from the first on, that are never used for training.
    """

    levels: tuple[tuple[int, int], ...] = ((256, 20_000),)
    painted: tuple[int, int] = (256, 5_000)
    seed: int = 0
    held_out: int = 256


@dataclass(frozen=True, kw_only=True)
class Regression:
    """Training the generator z -> portrait directly, coarse images first: they cost a tenth.

    Attributes:
        generator: its sizes.
        stages: side in pixels, and how many images are seen at it.
        mix_from: the side at which mixing begins. The rows for appearance drive nothing below 64 pixels.
        mixing: share of codes whose appearance comes from another z.
        lr_mapping: factor for the mapping network, whose weights StyleGAN2 stores a hundredfold.
        average_images: half-life of the moving average.
    """

    generator: GeneratorConfig = GENERATOR
    stages: tuple[tuple[int, int], ...] = ((16, 40_000), (32, 40_000), (64, 120_000))
    mix_from: int = 64
    mixing: float = 0.5
    batch: int = 32
    lr: float = 1e-2
    lr_mapping: float = 100.0
    beta1: float = 0.5
    beta2: float = 0.99
    average_images: float = 2_000
    weight_edges: float = 1.0

    @property
    def images(self) -> int:
        """Images in all."""
        return sum(count for _, count in self.stages)

    def side(self, seen: int) -> int:
        """The side of the next image."""
        for side, count in self.stages:
            seen -= count
            if seen < 0:
                return side
        return self.stages[-1][0]


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """Training the encoder."""

    coordinates: int = 200_000  # images to read the painter's coordinates of, before there is a generator
    images: int = 100_000  # images to find codes for
    batch: int = 32
    lr: float = 8e-4
    clutter: float = 0.6  # share of portraits that get another background
    hats: float = 0.04  # share that get a hat over what the painter gave them
    hands: float = 0.08  # share with a hand before the chin
    painted: float = 0.25  # share of images in a painted style
    side: int = 64  # of the generator's images that are compared
    average_images: float = 2_000
    weight_pixels: float = 4.0
    weight_offsets: float = 0.3


@dataclass(frozen=True, kw_only=True)
class Joint:
    """Training generator and encoder together: some portraits are drawn from coordinates, the others from images.

    Attributes:
        images: images seen.
        side: of the images that are compared.
        read: share of the portraits that are drawn from what the encoder reads in an image.
        clean: share of those images that are neither degraded nor painted in a style.
        lr_mapping: factor for the mapping network, whose weights StyleGAN2 stores a hundredfold.
        muon: root mean square of Muon's updates of matrices, as a share of the learning rate; 0 trains with Adam alone.
            On two thousand images of a trained pair, Muon gained 0.4 dB where Adam gained 0.1.
    """

    images: int = 240_000
    batch: int = 32
    side: int = 128
    read: float = 0.75
    clean: float = 0.5
    mixing: float = 0.5
    lr: float = 6e-3
    lr_mapping: float = 30.0
    lr_encoder: float = 1e-3
    beta1: float = 0.5
    muon: float = 0.1
    average_images: float = 2_000
    weight_codes: float = 0.1
    weight_offsets: float = 0.05


@dataclass(frozen=True, kw_only=True)
class Adversarial:
    """Sharpening both against a discriminator, at one size.

    Attributes:
        fresh: share of the coordinates that no portrait was painted from; only the discriminator judges those.
        pixels_side: side that images are reduced to before their pixels are compared. Finer details, such as strands of
            hair, can't be foreseen pixel by pixel: a comparison would blur them, and only the discriminator judges them.
    """

    joint: Joint = field(
        default_factory=lambda: Joint(
            images=120_000, batch=16, side=256, read=0.5, lr=1.5e-3, lr_encoder=2e-4, beta1=0.0, muon=0.0
        )
    )
    fresh: float = 0.25
    lr_discriminator: float = 1e-3
    r1: float = 1.0
    r1_every: int = 16
    path_weight: float = 2.0
    path_every: int = 16
    pixels_side: int = 128
    weight_pixels: float = 4.0
    weight_features: float = 2.0
    weight_adversarial: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Landmarking:
    """Training the landmark network."""

    images: int = 100_000
    batch: int = 32
    lr: float = 2e-3
    painted: float = 0.3  # share of portraits in a painted style,
    recoloured: float = 0.4  # and of skin, hair and cloth in other tones,
    clutter: float = 0.6  # before another background,
    hats: float = 0.2  # with a hat,
    hands: float = 0.15  # behind a hand
    turn: float = 14.0  # degrees: what the detector's box is off by, as standard deviations
    scale: float = 0.12  # of the logarithm of the size
    shift: float = 0.06  # in sizes of the face
    average_images: float = 1_500
    weight_distance: float = 20.0


@dataclass(frozen=True, kw_only=True)
class Parsing:
    """Training the parsing network.

    Attributes:
        painted: share of portraits in a painted style.
        clutter: share of portraits that get another background.
        hair: share of portraits whose hair grows.
        hats, hands: share of portraits that get one.
        turn, scale, shift: standard deviations of how far from aligned a face is; see `degradation.jitter_geometry`.
        weight_overlap: of 1 less the Dice coefficient.
    """

    images: int = 60_000
    batch: int = 16
    lr: float = 2e-3
    painted: float = 0.25
    clutter: float = 0.8
    hair: float = 0.5
    hats: float = 0.2
    hands: float = 0.12
    turn: float = 0.12
    scale: float = 0.12
    shift: float = 0.04
    average_images: float = 2_000
    weight_overlap: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Perceiving:
    """Training the perceptual network.

    Attributes:
        side: of the images.
        painted: share of portraits in a painted style.
        weight_nearer: of the choice between two distortions; the other questions weigh 1.
    """

    images: int = 60_000
    batch: int = 16
    side: int = 96
    lr: float = 1e-3
    painted: float = 0.6
    average_images: float = 2_000
    weight_nearer: float = 2.0


@dataclass(frozen=True, kw_only=True)
class Classifying:
    """Training the classifier that judges the other networks.

    Attributes:
        side: of the images.
        painted: share of portraits in a painted style.
        clutter: share of portraits that get another background.
        degraded: share of images that are degraded like photographs.
        turn, scale, shift: standard deviations of how far from aligned a face is; see `degradation.jitter_geometry`.
        weight_styles: of the cross entropy of the style; the labels' and the readings weigh 1.
    """

    images: int = 200_000
    batch: int = 32
    side: int = 96
    lr: float = 2e-3
    painted: float = 0.5
    clutter: float = 0.3
    degraded: float = 0.4
    turn: float = 0.05
    scale: float = 0.06
    shift: float = 0.03
    average_images: float = 2_000
    weight_styles: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Detecting:
    """Training the face detector.

    Attributes:
        side: of the scenes.
        faces: share of the scenes that show any.
        smallest, largest: sides of the boxes of those faces, in pixels.
        fitting: share of faces of a size that the network answers to.
        turn: standard deviation of their roll in degrees.
    """

    images: int = 80_000
    batch: int = 24
    side: int = 96
    lr: float = 2e-3
    painted: float = 0.3
    faces: float = 0.6
    hats: float = 0.25
    hands: float = 0.2
    fitting: float = 0.5
    smallest: float = 14.0
    largest: float = 90.0
    turn: float = 18.0
    average_images: float = 2_000
    weight_boxes: float = 1.0


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
        copying: the transfer by pairs alone.
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
    copying: AgileTransfer = field(
        default_factory=lambda: AgileTransfer(
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
    )
    sharpening: AgileTransfer = field(
        default_factory=lambda: AgileTransfer(
            iterations=1_200,
            batch=8,
            split=32,
            frozen=(4, 8, 16),
            frozen_colors=False,
            weight_adversarial=0.1,
            weight_structure=0.2,
            weight_paired=2.0,
            weight_paired_features=0.5,
            path_every=16,
            own_rows=0.25,
            noise=False,
            flip=0.0,
            average_images=1_000.0,
            snapshots=200,
        )
    )


def _small_agile() -> AgileStyles:
    full = AgileStyles()
    return AgileStyles(
        pairs=(128, 320),
        exemplars=(256, 96),
        encoder=replace(full.encoder, side=64, perceptual=0.0),
        encoder_images=8_000,
        encoder_batch=16,
        copying=replace(full.copying, iterations=400, batch=8, weight_paired_features=0.0, snapshots=100),
        sharpening=replace(full.sharpening, iterations=60, batch=4, snapshots=20),
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
    lr=0.005,
    lr_codes=50.0,
    mixing=0.5,
    noise=False,
    flip=0.0,
    path=0.0,
    r1=1.0,
    code_layers=4,
    face_share=0.5,
    share_trunk=True,
    indicator_most=7,
    frozen_side=16,
    weight_pairs=1.0,
    weight_texture=0.5,
    weight_natural=1.0,
    recolour=0.5,
    partners=0.6,
    pairs_only=True,
)
"""What all stages of the bundle's BlendGAN have in common; codes of faces are known, so none is mirrored."""

FINE = replace(PAIRED, frozen_side=64, lr_codes=1.0)
"""Only the last layers learn: there are few paintings of full size."""

ADVERSARIAL = replace(PAIRED, pairs_only=False, weight_pairs=5.0, lr=0.001, lr_codes=1.0, critics_side=128)
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
        side, manners: of the paintings of full size, each manner with two people.
        styling: of the style encoder.
        stages: of the generator; each begins where the one before ended.
    """

    side: int = 256
    manners: int = 2_000
    styling: Styling = field(default_factory=Styling)
    stages: tuple[BlendStage, ...] = (
        BlendStage(name="pairs", settings=replace(PAIRED, side=128, lr_images=400_000), images=400_000, batch=32),
        BlendStage(name="fine", settings=replace(FINE, lr_images=60_000), images=60_000, fine=True),
        BlendStage(name="adversarial", settings=replace(ADVERSARIAL, lr_images=100_000), images=100_000, fine=True),
    )


SMALL_BLENDING = Blending(
    manners=120,
    styling=Styling(images=16_000, average_images=1_500),
    stages=(
        BlendStage(
            name="pairs", settings=replace(PAIRED, side=128, lr_images=16_000), images=16_000, batch=8, average_images=600
        ),
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
"""For half an hour of one core, which pairs use best; the discriminators get a few minutes."""


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
            pairing=Pairing(iterations=10_000, batch=32, truncation=0.7),
            transfer=StyleTransfer(iterations=1_500, batch=16, paired=10.0, contextual_side=32),
        )
    )


SMALL_DUAL_STYLING = DualStyling(
    manners=Manners(exemplars=64, paintings=2_400),
    training=DualRecipe(
        structure_channels=96,
        adversary=Adversary(lr=5e-4, path=0, augment=False, average=30.0),
        destylizing=Destylizing(reading_steps=40, batch=16),
        structure=StructureTransfer(iterations=(8, 8, 24), batch=8),
        pairing=Pairing(iterations=900, batch=16, truncation=0.7),
        transfer=StyleTransfer(iterations=100, batch=8, adversarial=0.3, paired=10.0, contextual_side=32),
        refining=Refining(steps=8, batch=8),
        sampling=Sampling(pictures=200_000),
    ),
)
"""For a CPU."""
