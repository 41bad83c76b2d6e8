"""Faces as latents: read from a picture, or drawn by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import comfy
from .inputs import SEED, Table, choice, integer, number, seed, socket
from .node import Node
from .pictures import from_comfy, to_comfy
from .places import model_folders
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
        "Finds the latent whose picture is the given face, so that it can be drawn in a style. "
        "encoder takes one look; hybrid goes on searching from there; optimize searches from the mean face."
    )
    RETURN_TYPES = (LATENT, "IMAGE")
    RETURN_NAMES = ("latent", "reconstruction")
    OUTPUT_TOOLTIPS = ("The faces as the generator knows them.", "What the generator makes of them: how near they came.")

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """What ComfyUI shows."""
        return {
            "required": {
                "generator": socket(GENERATOR, "That shall draw the faces."),
                "crops": socket("IMAGE", "Aligned faces, from Align Faces."),
                "method": choice(
                    METHODS,
                    "encoder: at once, likeness as good as the encoder. hybrid: nearer to the photo, some seconds more. "
                    "optimize: needs no encoder, takes longest; in w most typical, in w+ nearest.",
                ),
            },
            "optional": {
                "encoder": socket(ENCODER, "That belongs to the generator; without one, that of the generator's own file."),
                "steps": integer(
                    0, 0, 5000, "0 to 5000: steps of hybrid and optimize; more come nearer. 0 takes the method's own (60, 500)."
                ),
                "space": choice(
                    SPACES, "Of optimize: w+ is nearest, w most typical of faces, z+ for AgileGAN and DualStyleGAN."
                ),
                "seed": seed("0 to 9223372036854775807. Source of chance while searching; the encoder alone uses none."),
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
    ) -> tuple[Latent, Tensor]:
        """Invert all crops together."""
        import torch

        from .. import engine as pastiche
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
                settings=search(method, steps, space),
                rng=torch.Generator("cpu").manual_seed(seed),
                progress=comfy.Watch(),
            )
        finally:  # also when the user cancels
            comfy.release()
        return latent.to("cpu"), to_comfy(draw_plain(generator.generator, latent, device))


def search(method: str, steps: int, space: Any) -> Any:
    """The settings of a search; None for the engine's own."""
    from ..engine.inversion import Optimization
    from ..engine.inversion.invert import REFINEMENT

    if method == "optimize":
        return Optimization(noise=False, space=space, steps=steps or Optimization.steps)
    if method == "hybrid" and steps:
        from dataclasses import replace

        return replace(REFINEMENT, steps=steps)
    return None


def draw_plain(generator: LatentGenerator, latent: Latent, device: torch.device) -> Tensor:
    """Pictures of a latent without any style; on the processor."""
    import torch

    from ..engine.editing import render_film

    frames = render_film(latent.to(device), generator, batch=BATCH, progress=comfy.Watch())
    return torch.cat([images.clamp(-1, 1).cpu() for images in frames])


class GenerateFaces(Node):
    """Generate Faces."""

    CATEGORY = "Pastiche/latents"
    DESCRIPTION = "Random faces: their latents, to be drawn in a style, and how they look without one."
    RETURN_TYPES = (LATENT, "IMAGE")
    RETURN_NAMES = ("latent", "images")
    OUTPUT_TOOLTIPS = ("The faces, in w+.", "The same faces, drawn without a style.")

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """What ComfyUI shows."""
        return {
            "required": {
                "generator": socket(GENERATOR, "That draws the faces."),
                "seed": SEED,
                "count": integer(4, 1, 256, "1 to 256: how many faces."),
                "psi": number(
                    0.7,
                    -1,
                    1.5,
                    "-1 to 1.5: truncation. 0 is the mean face, 0.5 to 0.7 likely ones, 1 all that the generator knows.",
                ),
            },
        }

    def run(self, generator: Networks, seed: int, count: int, psi: float) -> tuple[Latent, Tensor]:
        """Draw by chance; on every device the same faces."""
        import torch

        from ..engine import Latent

        device = generator.ready("generator", memory=drawing(generator.generator.resolution))
        model = generator.generator
        z = torch.randn(count, model.config.z_dim, generator=torch.Generator().manual_seed(seed)).to(device)
        latent = model.to_w_plus(Latent(model.truncate(model.mapping(z), psi), "w"))
        return latent.to("cpu"), to_comfy(draw_plain(model, latent, device))
