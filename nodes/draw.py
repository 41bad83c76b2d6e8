"""The nodes that draw latents in styles, and that interpolate between latents, styles and generators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import comfy
from .inputs import Table, choice, integer, number, socket, switch
from .node import Node
from .pictures import to_comfy
from .sockets import BATCH, GENERATOR, LATENT, PERSON, STYLE, Networks, PersonNetworks, StyledNetworks, drawing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor

    from ..engine import Latent

__all__ = ["Interpolate", "Stylize", "SwapLayers"]

EASINGS = ("linear", "ease", "ease-in", "ease-out")
BORDERS = ("8", "16", "32", "64", "128", "256", "512", "1024")


class Stylize(Node):
    """Stylize."""

    CATEGORY = "Pastiche"
    DESCRIPTION = "Draws faces in a style: one image for each latent."
    RETURN_TYPES = ("IMAGE",)
    RETURN_NAMES = ("images",)
    OUTPUT_TOOLTIPS = ("The stylized faces, as a batch.",)

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        return {
            "required": {
                "style": socket(STYLE, "A style of any method: from Finetune One-Shot, Blend Style, Load Style and so on."),
                "latent": socket(LATENT, "Faces, from Invert Face or Generate Faces with the style's generator."),
                "strength": number(1.0, 0, 1, "0 to 1: 0 is the face without the style, 1 the full style."),
            },
            "optional": {
                "person": socket(PERSON, "Optional, from Tune to Face: keeps the person recognisable."),
                "likeness": number(
                    0.4,
                    0,
                    1,
                    "0 to 1: how much of the person's likeness to keep. 0 is the style alone. Needs person to be connected.",
                ),
            },
        }

    def run(
        self,
        style: StyledNetworks,
        latent: Latent,
        strength: float,
        person: PersonNetworks | None = None,
        likeness: float = 0.4,
    ) -> tuple[Tensor]:
        """Draw in small batches."""
        from ..engine.editing import render_film
        from ..engine.people import on

        device = style.ready(person)
        drawing_with = style.style if person is None else on(style.style, person.tuned, likeness)
        frames = render_film(latent.to(device), drawing_with, strength=strength, batch=BATCH, progress=comfy.ProgressReporter())
        return (collected(frames),)


def collected(frames: Iterable[Tensor]) -> Tensor:
    """Concatenate batches of images into one IMAGE."""
    import torch

    return torch.cat([to_comfy(images) for images in frames])


class Interpolate(Node):
    """Interpolate."""

    CATEGORY = "Pastiche"
    DESCRIPTION = (
        "Makes a film from one face to another, from one style to another, or both at once: a batch for Create Video and "
        "Save Video. Without a second face or style, that part stays the same."
    )
    RETURN_TYPES = ("IMAGE",)
    RETURN_NAMES = ("frames",)
    OUTPUT_TOOLTIPS = ("The frames of the film. With several faces, the films follow one another.",)

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        return {
            "required": {
                "latent_a": socket(LATENT, "The faces at the start."),
                "frames": integer(24, 2, 2000, "2 to 2000: the number of frames, including both ends."),
                "easing": choice(
                    EASINGS, "linear: constant speed. ease: slow at both ends. ease-in: slow start. ease-out: slow end."
                ),
            },
            "optional": {
                "latent_b": socket(LATENT, "The faces at the end: as many as at the start, or one."),
                "style_a": socket(STYLE, "The style at the start, or for the whole film."),
                "style_b": socket(STYLE, "The style at the end. It must have the same method and generator as style_a."),
                "generator": socket(GENERATOR, "Draws the film if no style is connected."),
                "loop": switch(False, "On: the film returns to the start, and repeats without a pause."),
                "strength_a": number(1.0, 0, 1, "0 to 1: strength of the style at the start."),
                "strength_b": number(1.0, 0, 1, "0 to 1: strength of the style at the end."),
            },
        }

    def run(
        self,
        latent_a: Latent,
        frames: int,
        easing: Any,
        latent_b: Latent | None = None,
        style_a: StyledNetworks | None = None,
        style_b: StyledNetworks | None = None,
        generator: Networks | None = None,
        loop: bool = False,
        strength_a: float = 1.0,
        strength_b: float = 1.0,
    ) -> tuple[Tensor]:
        """Draw the film in small batches."""
        from ..engine import StyleError
        from ..engine.editing import StyleBlend, along, mixed, positions, render_film

        times = positions(2, frames, easing=easing, loop=loop)
        style = style_a or style_b
        if style is not None:
            device = style.ready(style_b)
        elif generator is not None:
            device = generator.ready("generator", memory=drawing(generator.generator.resolution, BATCH))
        else:
            raise StyleError(
                "Interpolate has neither a style nor a generator: connect a style, or a generator for faces without a style"
            )
        ends = [latent_a] if latent_b is None else [latent_a, latent_b]
        codes = along([end.to(device) for end in ends], times if len(ends) > 1 else [0.0] * len(times))
        options: dict[str, Any] = {"batch": BATCH, "progress": comfy.ProgressReporter()}
        if style is None:
            assert generator is not None
            drawn = collected(render_film(codes, generator.generator, **options))
        else:
            options["strength"] = mixed([strength_a, strength_b], times)
            if style_a is not None and style_b is not None:
                blend = StyleBlend([style_a.style, style_b.style])
                drawn = collected(render_film(codes, blend, t=times, **options))
            else:
                drawn = collected(render_film(codes, style.style, **options))
        faces = len(drawn) // len(times)
        return (drawn.unflatten(0, (len(times), faces)).transpose(0, 1).flatten(0, 1),)


class SwapLayers(Node):
    """Swap Layers."""

    CATEGORY = "Pastiche"
    DESCRIPTION = (
        "Combines two generators: the shapes of one, the colours and brushwork of the other. "
        "One must be fine-tuned from the other, for example by Finetune One-Shot."
    )
    RETURN_TYPES = (GENERATOR, STYLE)
    RETURN_NAMES = ("generator", "style")
    OUTPUT_TOOLTIPS = ("The mixed generator.", "The mixed generator as a style of the base, for Stylize and Save Style.")

    @classmethod
    def INPUT_TYPES(cls) -> Table:  # noqa: N802
        """The inputs, in ComfyUI's format."""
        return {
            "required": {
                "base": socket(GENERATOR, "The plain generator."),
                "tuned": socket(
                    GENERATOR,
                    "A generator that was fine-tuned from the base: the second output of Finetune One-Shot, or a file.",
                ),
                "switch_at": choice(
                    BORDERS,
                    "8 to the generator's resolution: from this resolution on, layers come from the other generator. "
                    "Layers up to 32 pixels draw the shape of the face; later ones draw features, colours and brushwork.",
                    "32",
                ),
                "softness": number(
                    1.0, 0, 6, "0 to 6: width of the transition, in doublings of the resolution. 0 is a hard switch."
                ),
            },
            "optional": {
                "shapes_from": choice(
                    ("base", "tuned"), "base: shapes from base, texture from tuned. tuned: the other way round."
                ),
            },
        }

    def run(
        self, base: Networks, tuned: Networks, switch_at: str, softness: float, shapes_from: Any = "base"
    ) -> tuple[Networks, StyledNetworks]:
        """Mix the parameters of both."""
        from ..engine import JoJoStyle, OneShot
        from ..engine.editing import swap_layers

        base.ready("generator", beside=(tuned,))
        mixed = swap_layers(
            base.checkpoint.stylegan2, tuned.checkpoint.stylegan2, int(switch_at), softness=softness, low_from=shapes_from
        )
        networks = base.with_generator(mixed, "layers swapped")
        style = JoJoStyle(base.checkpoint.stylegan2, mixed, OneShot())
        return networks, StyledNetworks.of(style, base, networks)
