"""The nodes that create latents of faces: by inversion of an image, or at random."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import comfy
from .inputs import SEED, Table, choice, integer, number, seed, socket, switch
from .node import Node
from .paths import model_folders
from .pictures import from_comfy, to_comfy
from .sockets import BATCH, ENCODER, GENERATOR, LATENT, Networks, drawing, learning

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from ..engine import Latent
    from ..engine.stylegan2 import LatentGenerator

__all__ = ["GenerateFaces", "InvertFace", "draw_plain"]

METHODS = ("encoder", "hybrid", "optimize")
SPACES = ("w+", "w", "z+")


class InvertFace(Node):
    """Invert Face."""

    CATEGORY = "Pastiche/latents"
    DESCRIPTION = (
        "Finds the latent that reproduces the given face, so that it can be drawn in a style. "
        "encoder: one pass of an encoder. hybrid: optimizes the encoder's result. optimize: optimizes from the mean face."
    )
    RETURN_TYPES = (LATENT, "IMAGE")
    RETURN_NAMES = ("latent", "reconstruction")
    OUTPUT_TOOLTIPS = ("The latents of the faces.", "The faces as the generator draws them, to check the inversion.")

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        return {
            "required": {
                "generator": socket(GENERATOR, "The generator that will draw the faces."),
                "crops": socket("IMAGE", "Aligned faces, from Align Faces."),
                "method": choice(
                    METHODS,
                    "encoder: immediate, as accurate as the encoder. hybrid: closer to the photo, takes some seconds more. "
                    "optimize: needs no encoder and takes longest. Space w gives the most typical face, w+ the closest.",
                ),
            },
            "optional": {
                "encoder": socket(
                    ENCODER, "The encoder for this generator. If not connected, the encoder in the generator's file is used."
                ),
                "steps": integer(
                    0,
                    0,
                    5000,
                    "0 to 5000: steps of hybrid and optimize. More steps come closer. 0: the default (60 for hybrid, 500 for "
                    "optimize).",
                ),
                "space": choice(
                    SPACES,
                    "For optimize. w+ comes closest, w stays closest to typical faces, z+ is for AgileGAN and DualStyleGAN.",
                ),
                "seed": seed("0 to 9223372036854775807. Seed of the optimization. The method encoder does not use it."),
                "noise": switch(
                    False,
                    "For hybrid and optimize. On: also optimize the generator's noise maps, and keep them in the latent. This "
                    "adds fine detail of the photo, such as hairs. Off: the codes alone reproduce the face.",
                ),
            },
        }

    def run(
        self,
        generator: Networks,
        crops: Tensor,
        method: Any,
        encoder: Networks | None = None,
        steps: int = 0,
        space: Any = "w+",
        seed: int = 0,
        noise: bool = False,
    ) -> tuple[Latent, Tensor]:
        """Invert all crops in one batch."""
        import torch

        from .. import engine as pastiche
        from ..engine.inversion import Optimization
        from ..engine.losses.perceptual import find_lpips

        faces = from_comfy(crops)
        owner = generator if encoder is None else encoder
        searching = method != "encoder"
        slots = ("generator", "discriminator", "encoder") if searching else ("generator", "encoder")
        side = generator.generator.resolution
        memory = learning(side, len(faces)) if searching else drawing(side, len(faces))
        device = generator.ready(*slots, beside=(owner,), memory=memory)
        lpips = find_lpips(model_folders()) if searching else None
        try:
            latent = pastiche.invert(
                faces.to(device),
                generator.generator,
                owner.checkpoint.encoder,
                method=method,
                discriminator=None if lpips is not None else generator.checkpoint.discriminator,
                lpips=None if lpips is None else lpips.to(device),
                settings=Optimization(noise=False, space=space) if method == "optimize" else None,
                steps=steps or None,
                noise=noise,
                rng=torch.Generator("cpu").manual_seed(seed),
                progress=comfy.ProgressReporter(),
            )
        finally:  # also when the user cancels
            comfy.release()
        return latent.to("cpu"), to_comfy(draw_plain(generator.generator, latent, device))


def draw_plain(generator: LatentGenerator, latent: Latent, device: torch.device) -> Tensor:
    """Images of a latent without any style, on the CPU."""
    import torch

    from ..engine.editing import render_film

    frames = render_film(latent.to(device), generator, batch=BATCH, progress=comfy.ProgressReporter())
    return torch.cat([images.clamp(-1, 1).cpu() for images in frames])


class GenerateFaces(Node):
    """Generate Faces."""

    CATEGORY = "Pastiche/latents"
    DESCRIPTION = "Creates random faces: their latents, for Stylize, and their images without a style."
    RETURN_TYPES = (LATENT, "IMAGE")
    RETURN_NAMES = ("latent", "images")
    OUTPUT_TOOLTIPS = ("The faces, in w+.", "The same faces, drawn without a style.")

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        return {
            "required": {
                "generator": socket(GENERATOR, "The generator that draws the faces."),
                "seed": SEED,
                "count": integer(4, 1, 256, "1 to 256: the number of faces."),
                "psi": number(
                    0.7,
                    -1,
                    1.5,
                    "-1 to 1.5: truncation. 0 gives the mean face, 0.5 to 0.7 typical faces, 1 the full variety.",
                ),
            },
        }

    def run(self, generator: Networks, seed: int, count: int, psi: float) -> tuple[Latent, Tensor]:
        """Sample the faces. They are the same on every device."""
        import torch

        device = generator.ready("generator", memory=drawing(generator.generator.resolution))
        model = generator.generator
        latent = model.to_w_plus(model.random_faces(count, torch.Generator().manual_seed(seed), psi=psi))
        return latent.to("cpu"), to_comfy(draw_plain(model, latent, device))
