"""The node that learns a style from images (JoJoGAN)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from . import comfy
from .inputs import Table, choice, seed, socket
from .node import Node
from .options import Options
from .pictures import from_comfy
from .sockets import ENCODER, GENERATOR, LATENT, OPTIONS, STYLE, Networks, StyledNetworks, learning

if TYPE_CHECKING:
    from torch import Tensor

    from ..engine import JoJoStyle, Latent, OneShot

__all__ = ["FinetuneOneShot"]

AUTOMATIC = "automatic"
PRESETS = (
    AUTOMATIC,
    "default",
    "release",
    "strong",
    "gentle",
    "extreme",
    "paper",
    "quick",
    "demo",
)
TAKE, KEEP = COLORS = ("take", "keep")


class FinetuneOneShot(Node):
    """Finetune One-Shot."""

    CATEGORY = "Pastiche/styles"
    DESCRIPTION = (
        "Learns a style from one aligned image, or from several of the same style (JoJoGAN). It takes half a minute on the "
        "demo models. The preview shows the reference as the generator draws it."
    )
    RETURN_TYPES = (STYLE, GENERATOR)
    RETURN_NAMES = ("style", "tuned")
    OUTPUT_TOOLTIPS = (
        "The style, for Stylize.",
        "The fine-tuned generator, for Swap Layers and Generate Faces.",
    )

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        return {
            "required": {
                "generator": socket(GENERATOR, "A generator whose file also holds the discriminator that it was trained with."),
                "references": socket("IMAGE", "Aligned images of one style, as a batch. One image is enough."),
                "preset": choice(
                    PRESETS,
                    "automatic: demo for the demo models, otherwise default. strong and gentle change the amount of style. "
                    "extreme: "
                    "for animals and masks. paper: mixes styles as in the paper. quick: for a test. Connected options replace "
                    "the preset.",
                ),
                "seed": seed("0 to 9223372036854775807. Seed of the training: the same seed gives the same style."),
            },
            "optional": {
                "encoder": socket(
                    ENCODER, "Inverts the references. If not connected, the encoder in the generator's file is used."
                ),
                "latents": socket(LATENT, "The latents of the references, if you have them. They replace the encoder."),
                "options": socket(OPTIONS, "From One-Shot Options: sets every parameter, and replaces the preset."),
                "colors": choice(
                    COLORS,
                    "take: the style includes the reference's colours. keep: the photo keeps its colours; only shapes and "
                    "texture are learned.",
                ),
            },
        }

    def run(
        self,
        generator: Networks,
        references: Tensor,
        preset: str,
        seed: int,
        encoder: Networks | None = None,
        latents: Latent | None = None,
        options: Options | None = None,
        colors: str = TAKE,
    ) -> tuple[StyledNetworks, Networks]:
        """Learn the style. ComfyUI caches the result until an input changes."""
        given = options or Options(named(preset, generator))
        learned = learn(generator, from_comfy(references), encoder or generator, latents, given, colors, seed)
        tuned = generator.with_generator(learned.tuned, "tuned")
        return StyledNetworks.of(learned, generator, tuned), tuned


def learn(
    generator: Networks,
    pictures: Tensor,
    owner: Networks,
    latents: Latent | None,
    options: Options,
    colors: str,
    seed: int,
) -> JoJoStyle:
    """Learn a style from images ``[N, 3, H, W]``.

    Args:
        owner: the networks that include the encoder.
    """
    from .. import engine as pastiche

    model = generator.checkpoint.stylegan2
    if generator.checkpoint.discriminator is None:
        raise pastiche.CheckpointError(
            f"{generator.checkpoint.source} has no discriminator, and learning a style needs one: load a checkpoint that has "
            f"one "
            "(stylegan2-ffhq-config-f.pt, an NVIDIA .pkl)"
        )
    device = generator.ready(
        "generator", "discriminator", "encoder", beside=(owner, options.identity), memory=learning(model.resolution)
    )
    try:
        return pastiche.one_shot(
            model,
            generator.checkpoint.discriminator,
            pictures.to(device),
            encoder=owner.checkpoint.encoder,
            latents=None if latents is None else latents.to(device),
            settings=replace(options.settings, keep_color=colors == KEEP, greyscale=colors == KEEP),
            seed=seed,
            identity=None if options.identity is None else options.identity.identity,
            progress=comfy.ProgressReporter(),
        )
    finally:  # also when the user cancels
        comfy.release()


def named(preset: str, generator: Networks) -> OneShot:
    """The settings of a preset. `automatic` depends on the generator."""
    from ..engine.jojogan import preset as of_engine

    return of_engine(("demo" if generator.ships else "default") if preset == AUTOMATIC else preset)
