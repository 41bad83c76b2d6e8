"""One person's likeness: a generator tuned to a face, for Stylize."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import comfy
from .inputs import Table, integer, socket
from .invert import draw_plain
from .node import Node
from .pictures import from_comfy, to_comfy
from .places import model_folders
from .sockets import GENERATOR, LATENT, PERSON, Networks, PersonNetworks, learning

if TYPE_CHECKING:
    from torch import Tensor

    from ..engine import Latent, PivotalTuning

__all__ = ["TuneToFace"]


class TuneToFace(Node):
    """Tune to Face."""

    CATEGORY = "Pastiche/latents"
    DESCRIPTION = (
        "Moves a copy of the generator until it draws this very face (pivotal tuning): beard, hair, glasses, mouth. "
        "In Stylize the person then stays recognisable in any style of the generator."
    )
    RETURN_TYPES = (PERSON, "IMAGE")
    RETURN_NAMES = ("person", "likeness")
    OUTPUT_TOOLTIPS = ("The person, for Stylize.", "What the tuned generator draws: how near it came.")

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """What ComfyUI shows."""
        return {
            "required": {
                "generator": socket(GENERATOR, "That the face was inverted with; its discriminator measures pictures."),
                "crops": socket("IMAGE", "The aligned face, from Align Faces; several share one tuned generator."),
                "latent": socket(LATENT, "Of these crops, from Invert Face; the same goes to Stylize."),
            },
            "optional": {
                "steps": integer(
                    0, 0, 5000, "0 to 5000: more come nearer to the photo. 0: 140 on the demo models, 350 on others."
                ),
            },
        }

    def run(self, generator: Networks, crops: Tensor, latent: Latent, steps: int = 0) -> tuple[PersonNetworks, Tensor]:
        """Tune to all crops together."""
        from .. import engine as pastiche
        from ..engine.losses.perceptual import find_lpips

        lpips = find_lpips(model_folders())
        if lpips is None and generator.checkpoint.discriminator is None:
            raise pastiche.CheckpointError(
                f"{generator.checkpoint.source} has no discriminator, which measures the tuning: load a checkpoint that has "
                "one, or put the two files of LPIPS into models/pastiche"
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
                progress=comfy.Watch(),
            )
        finally:  # also when the user cancels
            comfy.release()
        return PersonNetworks.of(tuned, generator), to_comfy(draw_plain(tuned.generator, tuned.latent, device))


def tuning(generator: Networks, steps: int) -> PivotalTuning:
    """The settings for a generator: the small ones that ship have to move further than published ones."""
    from dataclasses import replace

    from ..engine.inversion import COARSE_TO_FINE, PivotalTuning

    settings = COARSE_TO_FINE if generator.ships else PivotalTuning()
    return replace(settings, steps=steps) if steps else settings
