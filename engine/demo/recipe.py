"""Sizes and schedules of the demo bundle: the numbers that `pastiche train demo` follows."""

from dataclasses import dataclass, field, replace

from ..stylegan2 import DiscriminatorConfig, GeneratorConfig
from ..synthetic.coordinates import COORDINATES

__all__ = [
    "APPEARANCE_ROW",
    "DISCRIMINATOR",
    "GENERATOR",
    "SMALL_GENERATOR",
    "Adversarial",
    "Classifying",
    "Detecting",
    "Encoding",
    "Joint",
    "Landmarking",
    "Parsing",
    "Perceiving",
    "Portraits",
    "Regression",
    "Separation",
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
        varied: side and number of portraits of the same people with another expression, other glasses and the like.
        seed: of the codes.
        held_out: number of codes, from the first on, that are never used for training.
    """

    levels: tuple[tuple[int, int], ...] = ((256, 20_000),)
    painted: tuple[int, int] = (256, 5_000)
    varied: tuple[int, int] = (128, 10_000)
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
class Separation:
    """Giving every coordinate a direction of its own in w, see `separation`.

    Attributes:
        codes: random z seen.
        lr: of Muon, for weights that StyleGAN2 stores a hundredfold.
        amount: how far one unit of a coordinate moves w at least, in units of w's spread.
        weak: coordinates that moved it less, on average over faces, keep nothing of their old response, which is mostly noise.
        loud: principal directions of w that are left to the coordinates that have them.
    """

    codes: int = 3_000_000
    batch: int = 1024
    lr: float = 30.0
    warm_up: int = 100_000
    amount: float = 3.5
    weak: float = 1.25
    loud: int = 110
    seed: int = 1


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
        fine, texture: see `losses.texture.textured_loss`.
        pairs: pairs of portraits that differ in one group of coordinates, as a share of the batch; see `PairedTask`.
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
    fine: float = 1.0
    texture: float = 0.0
    pairs: float = 0.5
    weight_differences: float = 0.3
    weight_pairs: float = 0.5


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
    """Training the classifier that evaluates the other networks.

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

    images: int = 300_000
    batch: int = 24
    side: int = 96
    lr: float = 2e-3
    painted: float = 0.4
    faces: float = 0.6
    hats: float = 0.25
    hands: float = 0.3
    fitting: float = 0.5
    smallest: float = 14.0
    largest: float = 90.0
    turn: float = 18.0
    average_images: float = 2_000
    weight_boxes: float = 1.0
