"""Pastiche: portraits in the style of a picture, with StyleGAN2.

    import pastiche

    models = pastiche.load("demo")
    face = pastiche.align("me.jpg", models.generator.resolution)[0]
    latent = pastiche.invert(face.crop, models.generator, models.encoder)
    style = pastiche.one_shot(models.generator, models.discriminator, reference, encoder=models.encoder)
    picture = style(latent, strength=0.8)

Pictures are float32 ``[N, 3, H, W]``, RGB, in [-1, 1]; `read` and `write` go between them and files.
"""

from .bundle import inspect, load
from .checkpoints import Checkpoint, save
from .errors import (
    Cancelled,
    CheckpointError,
    ImageError,
    LatentError,
    NoFaceError,
    PasticheError,
    StyleError,
    TrainingError,
    UnsafeCheckpointError,
)
from .faces import Face, align, crop_by_hand
from .images import read, write
from .inversion import invert
from .jojogan import JoJoStyle, OneShot, one_shot
from .latents import Latent
from .progress import Progress, Step
from .sheets import sheet
from .stylegan2 import Discriminator, Generator
from .styles import Style, load_style

__version__ = "0.1.0"

__all__ = [
    "Cancelled",
    "Checkpoint",
    "CheckpointError",
    "Discriminator",
    "Face",
    "Generator",
    "ImageError",
    "JoJoStyle",
    "Latent",
    "LatentError",
    "NoFaceError",
    "OneShot",
    "PasticheError",
    "Progress",
    "Step",
    "Style",
    "StyleError",
    "TrainingError",
    "UnsafeCheckpointError",
    "__version__",
    "align",
    "crop_by_hand",
    "inspect",
    "invert",
    "load",
    "load_style",
    "one_shot",
    "read",
    "save",
    "sheet",
    "write",
]
