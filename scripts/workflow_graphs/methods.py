"""A workflow for each method whose model knows its styles."""

from __future__ import annotations

from .graph import Graph, Item, Wire
from .items import ENCODER, KEEPING, STYLE, align, bundled, invert, photo, reference, save, stylize, tune, tuned_face
from .notes import OWN_PICTURES, PUBLISHED, note


def blendgan_style() -> Graph:
    """BlendGAN: the style of a picture, without learning."""
    text = note(
        "The style of any picture, without learning",
        "**Blend Style** reads the style of the reference at once (BlendGAN); the picture need not show a face. "
        "**indicator** says how many of the first layers ignore it: lower is stronger, and changes shapes too. "
        f"Disconnect the reference for a random style. {OWN_PICTURES}",
        PUBLISHED.format(model="blendgan.pt", encoder="psp_encoder.pt"),
    )
    read = {"generator": Wire("generator"), "reference": Wire("reference")}
    items = [
        bundled("blendgan"),
        photo(),
        reference("neon"),
        align(),
        invert(method="encoder"),
        tune(),
        tuned_face(),
        Item("style", "PasticheBlendStyle", 0, STYLE, read),
        stylize("style", **KEEPING),
        save("stylize", "blendgan_style"),
    ]
    return Graph("blendgan_style", text, items)


def dualstylegan_style() -> Graph:
    """DualStyleGAN: an exemplar's structure and colour, and its colour alone."""
    text = note(
        "Structure and colour apart",
        "**Dual Style Transfer** takes an exemplar that the generator was trained with (DualStyleGAN): above, its "
        "shapes and its colours; below, its colours alone, where **structure** is 0. "
        f"Change **exemplar**: it is a number or a name. {OWN_PICTURES}",
        PUBLISHED.format(model="generator.pt", encoder="encoder.pt"),
    )
    exemplar = {"generator": Wire("generator"), "exemplar": "31"}
    items = [
        bundled("dualstylegan"),
        photo(),
        align(),
        invert(method="encoder"),
        tune(),
        tuned_face(),
        Item("whole", "PasticheDualStyleTransfer", 0, STYLE, exemplar, "Structure and colour"),
        Item("color", "PasticheDualStyleTransfer", 0, STYLE, {**exemplar, "structure": 0.0}, "Colour alone"),
        stylize("whole", key="drawn_whole", **KEEPING),
        stylize("color", key="drawn_color", **KEEPING),
        save("drawn_whole", "dualstylegan_style", "save_whole", 1, "Structure and colour"),
        save("drawn_color", "dualstylegan_color", "save_color", 2, "Colour alone"),
    ]
    return Graph("dualstylegan_style", text, items)


def agilegan_style() -> Graph:
    """AgileGAN: two attribute paths of one style."""
    text = note(
        "One style, drawn as a woman or as a man",
        "The generator itself has learned the style, with a path for each attribute (AgileGAN); **Tune to Face** keeps "
        "the person recognisable, best with the encoder of plain faces. **attribute** is its name, its number, or a "
        "number between two. Lower **strength** in **Stylize** to go back to the face. "
        f"Each style is a checkpoint of its own in **Load StyleGAN**. {OWN_PICTURES}",
        PUBLISHED.format(model="cartoon.pt", encoder="encoder.pt"),
    )

    def path(attribute: str, title: str) -> Item:
        given = {"generator": Wire("generator"), "attribute": attribute}
        return Item(attribute, "PasticheAttributeStyle", 0, STYLE, given, title)

    items = [
        bundled("agilegan"),
        ENCODER,
        photo(),
        align(),
        invert(method="encoder", encoder=Wire("encoder")),
        tune(),
        tuned_face(),
        path("female", "The path for women"),
        path("male", "The path for men"),
        stylize("female", key="drawn_female", **KEEPING),
        stylize("male", key="drawn_male", **KEEPING),
        save("drawn_female", "agilegan_female", "save_female", 1, "The path for women"),
        save("drawn_male", "agilegan_male", "save_male", 2, "The path for men"),
    ]
    return Graph("agilegan_style", text, items)


METHODS = (blendgan_style, dualstylegan_style, agilegan_style)
