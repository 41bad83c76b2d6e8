"""Learning a style from pictures (JoJoGAN)."""

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
        "Learns a style from one aligned picture, or from several of the same style (JoJoGAN): half a minute on the demo "
        "models. The preview draws the reference itself."
    )
    RETURN_TYPES = (STYLE, GENERATOR)
    RETURN_NAMES = ("style", "tuned")
    OUTPUT_TOOLTIPS = (
        "The style, for Stylize.",
        "The generator as it is after learning, for Swap Layers and Generate Faces.",
    )

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """What ComfyUI shows."""
        return {
            "required": {
                "generator": socket(GENERATOR, "With the discriminator that it was trained with, as the file holds it."),
                "references": socket("IMAGE", "Aligned pictures of one style, as a batch. One is enough."),
                "preset": choice(
                    PRESETS,
                    "automatic: demo for the demo models, else default. strong and gentle change how much; extreme is for "
                    "animals and masks; paper mixes styles as the paper does; quick for a try. Connected options replace it.",
                ),
                "seed": seed("0 to 9223372036854775807. Source of chance while learning: the same seed learns the same style."),
            },
            "optional": {
                "encoder": socket(ENCODER, "Finds the references' latents; without one, that of the generator's own file."),
                "latents": socket(LATENT, "The references' latents, if they are known: in place of an encoder."),
                "options": socket(OPTIONS, "From One-Shot Options: every number of its own, in place of the preset."),
                "colors": choice(COLORS, "take: the reference's colours. keep: the photo's, only the drawing is learned."),
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
        """Learn the style. ComfyUI keeps what was learned until an input changes."""
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
    """Learn a style from pictures ``[N, 3, H, W]``.

    Args:
        owner: of the encoder.
    """
    from .. import engine as pastiche

    model = generator.checkpoint.stylegan2
    if generator.checkpoint.discriminator is None:
        raise pastiche.CheckpointError(
            f"{generator.checkpoint.source} has no discriminator, which learning a style needs: load a checkpoint that has one "
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
            progress=comfy.Watch(),
        )
    finally:  # also when the user cancels
        comfy.release()


def named(preset: str, generator: Networks) -> OneShot:
    """A preset's settings; automatic looks at the generator."""
    from ..engine.jojogan import preset as of_engine

    return of_engine(("demo" if generator.ships else "default") if preset == AUTOMATIC else preset)
