"""The node that tunes a generator to one face, so that Stylize keeps the person's likeness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import comfy
from .inputs import Table, integer, socket
from .invert import draw_plain
from .node import Node
from .paths import model_folders
from .pictures import from_comfy, to_comfy
from .sockets import GENERATOR, LATENT, PERSON, Networks, PersonNetworks, learning

if TYPE_CHECKING:
    from torch import Tensor

    from ..engine import Latent, PivotalTuning

__all__ = ["TuneToFace"]


class TuneToFace(Node):
    """Tune to Face."""

    CATEGORY = "Pastiche/latents"
    DESCRIPTION = (
        "Fine-tunes a copy of the generator to reproduce this face (pivotal tuning): beard, hair, glasses, mouth. "
        "In Stylize and Edit Face, the person then stays recognisable, in any style of this generator."
    )
    RETURN_TYPES = (PERSON, "IMAGE")
    RETURN_NAMES = ("person", "likeness")
    OUTPUT_TOOLTIPS = (
        "The person, for Stylize and Edit Face.",
        "The face as the tuned generator draws it, to check the likeness.",
    )

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        return {
            "required": {
                "generator": socket(
                    GENERATOR,
                    "The generator that the face was inverted with. Its discriminator compares images. For an AgileGAN, the "
                    "face generator that it was fine-tuned from is tuned.",
                ),
                "crops": socket("IMAGE", "The aligned face, from Align Faces. Several faces share one tuned generator."),
                "latent": socket(LATENT, "The latent of these crops, from Invert Face. Connect the same latent to Stylize."),
            },
            "optional": {
                "steps": integer(
                    0,
                    0,
                    5000,
                    "0 to 5000: more steps come closer to the photo. 0: automatic, 140 for the demo models and 350 for others.",
                ),
            },
        }

    def run(self, generator: Networks, crops: Tensor, latent: Latent, steps: int = 0) -> tuple[PersonNetworks, Tensor]:
        """Tune one generator to all crops."""
        from .. import engine as pastiche
        from ..engine.losses.perceptual import find_lpips

        lpips, generator = find_lpips(model_folders()), generator.tunable
        if lpips is None and generator.checkpoint.discriminator is None:
            raise pastiche.CheckpointError(
                f"{generator.checkpoint.source} has no discriminator, and the tuning needs one to compare images: load a "
                f"checkpoint "
                "that has one, or put the two files of LPIPS into models/pastiche"
            )
        faces = from_comfy(crops)
        device = generator.ready("generator", "discriminator", memory=learning(generator.generator.resolution))
        try:
            tuned = pastiche.tune(
                faces.to(device),
                generator.generator,
                latent.to(device),
                discriminator=None if lpips is not None else generator.checkpoint.discriminator,
                lpips=None if lpips is None else lpips.to(device),
                settings=tuning(generator, steps),
                progress=comfy.ProgressReporter(),
            )
        finally:  # also when the user cancels
            comfy.release()
        return PersonNetworks.of(tuned, generator), to_comfy(draw_plain(tuned.generator, tuned.latent, device))


def tuning(generator: Networks, steps: int) -> PivotalTuning:
    """The settings for a generator: the small bundled ones need larger changes than published ones."""
    from dataclasses import replace

    from ..engine.inversion import COARSE_TO_FINE, PivotalTuning

    settings = COARSE_TO_FINE if generator.ships else PivotalTuning()
    return replace(settings, steps=steps) if steps else settings
