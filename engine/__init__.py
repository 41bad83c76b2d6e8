"""Pastiche: portrait stylization with StyleGAN2.

    import pastiche

    models = pastiche.load("demo")
    face = pastiche.align("me.jpg", models.generator.resolution)[0]
    latent = pastiche.invert(face.crop, models.generator, models.encoder)
    style = pastiche.one_shot(models.generator, models.discriminator, reference, encoder=models.encoder)
    picture = style(latent, strength=0.8)

    person = pastiche.tune(face.crop, models.generator, latent, discriminator=models.discriminator)
    picture = style.on(person, likeness=0.4)(latent)

Images are float32 ``[N, 3, H, W]``, RGB, in [-1, 1]. `read` and `write` load and save them.
"""

# ruff: noqa: E402 (PyTorch is checked before anything uses it)
from .interrupt import hide_trace_of_interrupts
from .torch_version import require_torch

hide_trace_of_interrupts()
require_torch()

from .agilegan import AttributeStyle
from .batch import Stylizer, find_items, stylize_folder
from .blendgan import BlendStyle
from .bundle import inspect, load, load_directions, load_exemplars
from .checkpoints import Checkpoint, save
from .directions import Direction, Directions
from .dualstylegan import DualSettings, DualStyle, Exemplars
from .editing import StyleBlend, edit, find_sefa, import_directions, interpolate, render_film, retarget, swap_layers, write_film
from .errors import (
    Cancelled,
    CheckpointError,
    DownloadError,
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
from .inversion import PivotalTuning, invert, tune
from .jojogan import JoJoStyle, OneShot, one_shot
from .latents import Latent
from .numerics import precision
from .people import PersonalStyle, Tuned
from .progress import Progress, Step
from .sheets import sheet
from .style_factories import attribute_style, blend_style, dual_style
from .style_protocol import Style, load_style
from .stylegan2 import Discriminator, Generator
from .video import VideoNetworks, VideoSettings, drive_face, stylize_video

__version__ = "0.1.0"

__all__ = [
    "AttributeStyle",
    "BlendStyle",
    "Cancelled",
    "Checkpoint",
    "CheckpointError",
    "Direction",
    "Directions",
    "Discriminator",
    "DownloadError",
    "DualSettings",
    "DualStyle",
    "Exemplars",
    "Face",
    "Generator",
    "ImageError",
    "JoJoStyle",
    "Latent",
    "LatentError",
    "NoFaceError",
    "OneShot",
    "PasticheError",
    "PersonalStyle",
    "PivotalTuning",
    "Progress",
    "Step",
    "Style",
    "StyleBlend",
    "StyleError",
    "Stylizer",
    "TrainingError",
    "Tuned",
    "UnsafeCheckpointError",
    "VideoNetworks",
    "VideoSettings",
    "__version__",
    "align",
    "attribute_style",
    "blend_style",
    "crop_by_hand",
    "drive_face",
    "dual_style",
    "edit",
    "find_items",
    "find_sefa",
    "import_directions",
    "inspect",
    "interpolate",
    "invert",
    "load",
    "load_directions",
    "load_exemplars",
    "load_style",
    "one_shot",
    "precision",
    "read",
    "render_film",
    "retarget",
    "save",
    "sheet",
    "stylize_folder",
    "stylize_video",
    "swap_layers",
    "tune",
    "write",
    "write_film",
]
