"""Workflows about the face itself: drawn at random, found, edited, kept in a file."""

from __future__ import annotations

from .graph import Graph, Item, Wire
from .items import (
    ENCODER,
    FACE,
    GENERATOR,
    RESULT,
    STYLE,
    align,
    invert,
    learn,
    photo,
    preview,
    reference,
    save,
    stitch,
    stylize,
    tune,
)
from .notes import OWN_PICTURES, note


def random_faces() -> Graph:
    """People who do not exist, in a style."""
    text = note(
        "Random faces in a style",
        "No photo at all: **Generate Faces** draws people by chance, and **Stylize** the same people in the style. "
        "Change **seed** for others; lower **psi** for more usual faces.",
    )
    drawn = {"generator": Wire("generator"), "seed": 7, "count": 4, "psi": 0.7}
    items = [
        GENERATOR,
        reference("ukiyoe"),
        learn(),
        Item("random", "PasticheGenerateFaces", 0, FACE, drawn),
        preview("random", "plain", FACE, 1, "Without style", "images"),
        stylize(latent="random"),
        save("stylize", "random_faces"),
    ]
    return Graph("random_faces", text, items)


def compare_inversions() -> Graph:
    """A face as three methods find it, side by side."""
    text = note(
        "Three ways to find a face in the generator",
        "encoder looks once, hybrid searches on from there, optimize searches from the mean face. The nearer a latent is, "
        f"the more it is like the person; the more typical it is, the better styles work on it. {OWN_PICTURES}",
    )
    items = [
        GENERATOR,
        ENCODER,
        photo(),
        align(),
        preview("align", "crop", FACE, 0, "The photo's face"),
        invert("by_encoder", method="encoder", encoder=Wire("encoder")),
        invert("by_hybrid", 2, encoder=Wire("encoder"), steps=40),
        invert("by_search", 3, method="optimize", steps=100),
        preview("by_encoder", "seen_encoder", FACE, 1, "encoder", 1),
        preview("by_hybrid", "seen_hybrid", FACE, 2, "hybrid", 1),
        preview("by_search", "seen_search", FACE, 3, "optimize", 1),
        stitch("two", 1, RESULT, (Wire("align"), Wire("by_encoder", 1)), 4),
        stitch("three", 2, RESULT, (Wire("two"), Wire("by_hybrid", 1)), 4),
        stitch("four", 3, RESULT, (Wire("three"), Wire("by_search", 1)), 4),
        save("four", "compare_inversions", column=4, title="Photo, encoder, hybrid, optimize"),
    ]
    return Graph("compare_inversions", text, items)


def edit_face() -> Graph:
    """Sliders, and the range of one of them."""
    text = note(
        "A face that smiles",
        "The face is found in the generator and changed: **Edit Face** has sliders, **Edit Direction** "
        "draws the range of one. **Tune to Face** makes the generator draw this very person first; **person** takes it "
        "to the edits, and to **Stylize**, which draws the edited latent in a style. Changing a slider tunes nothing "
        f"again. {OWN_PICTURES}",
    )
    group = "style: The edit"
    edited = {
        "generator": Wire("generator"),
        "latent": Wire("invert"),
        "directions": Wire("find"),
        "person": Wire("tune"),
    }
    items = [
        GENERATOR,
        photo(),
        align(),
        invert(method="encoder"),
        tune(),
        Item("find", "PasticheFindDirections", 0, group, {"generator": Wire("generator")}),
        Item("edit", "PasticheEditFace", 1, group, {**edited, "smile": 0.8, "age": -0.7}),
        Item("range", "PasticheEditDirection", 2, group, {**edited, "name": "yaw", "amount": 1.2}),
        preview("range", "strip", RESULT, 0, "The range of one direction", "strip"),
        save("edit", "edit_face", output=1),
    ]
    return Graph("edit_face", text, items)


def transfer_region() -> Graph:
    """The hair of a second face."""
    text = note(
        "The hair of another face",
        "Both faces are found in the generator, and **Transfer Region** takes one region of the second: eyes, mouth, hair and "
        "more. For several regions or donors, put several of these nodes one after another. **Stylize** draws the latent in a "
        f"style. {OWN_PICTURES}",
    )
    group = "style: The region"
    generator = {"generator": Wire("generator")}
    given = {"latent": Wire("invert"), "donor": Wire("donor_invert"), "region": "hair"}
    items = [
        GENERATOR,
        photo(),
        reference("castiglione", "donor"),
        align(),
        invert(method="encoder"),
        preview("invert", "found", FACE, 2, "The face, as it was found", 1),
        Item("donor_align", "PasticheAlignFaces", 0, group, {**generator, "image": Wire("donor")}),
        Item("donor_invert", "PasticheInvertFace", 1, group, {**generator, "crops": Wire("donor_align"), "method": "encoder"}),
        Item("transfer", "PasticheTransferRegion", 2, group, {**generator, **given}),
        save("transfer", "transfer_region", output=1),
    ]
    return Graph("transfer_region", text, items)


def keep_for_later() -> Graph:
    """A style and a face, saved and loaded."""
    text = note(
        "Styles and faces in files",
        "What was learned once is kept: styles in `output/pastiche/styles`, latents in `output/pastiche/latents`. To use a "
        "saved file on its own, disconnect **path** from the loader and choose the file.",
    )
    style_file = {"generator": Wire("generator"), "path": Wire("save_style"), "file": "nothing saved yet"}
    latent_file = {"path": Wire("save_latent"), "file": "nothing saved yet"}
    items = [
        GENERATOR,
        photo(),
        reference("watercolor"),
        learn(),
        Item("save_style", "PasticheSaveStyle", 1, STYLE, {"style": Wire("learn"), "name": "watercolor"}),
        Item("load_style", "PasticheLoadStyle", 2, STYLE, style_file),
        align(),
        invert(),
        Item("save_latent", "PasticheSaveLatent", 2, FACE, {"latent": Wire("invert"), "name": "eileen"}),
        Item("load_latent", "PasticheLoadLatent", 3, FACE, latent_file),
        stylize("load_style", "load_latent"),
        save("stylize", "keep_for_later"),
    ]
    return Graph("keep_for_later", text, items)


FACES = (random_faces, compare_inversions, edit_face, transfer_region, keep_for_later)
