"""Workflows that learn a style from pictures (JoJoGAN)."""

from __future__ import annotations

from .graph import Graph, Item, Wire
from .items import (
    FACE,
    GENERATOR,
    INPUT,
    KEEPING,
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
    tuned_face,
)
from .notes import OWN_PICTURES, note


def one_shot_style() -> Graph:
    """The first workflow to open."""
    text = note(
        "A photo in the style of one picture",
        "The face is cut out, found in the generator, and drawn in a style that is learned from one reference "
        f"(half a minute). **Tune to Face** keeps the person recognisable. {OWN_PICTURES} A reference that is no square face "
        "goes through **Align Faces** as well.",
    )
    items = [
        GENERATOR,
        photo(),
        reference("ukiyoe"),
        Item("info", "PasticheModelInfo", 1, INPUT, {"generator": Wire("generator")}),
        learn(),
        align(),
        invert(method="encoder"),
        tune(),
        tuned_face(),
        stylize(strength=1.0, **KEEPING),
        save("stylize", "one_shot_style"),
    ]
    return Graph("one_shot_style", text, items)


def likeness() -> Graph:
    """The same style with and without the person."""
    text = note(
        "A person who stays recognisable",
        "**Tune to Face** moves a copy of the generator until it draws this very face, and **Stylize** mixes it "
        "with the style: above, the style alone; below, `likeness` 0.4, which keeps the person. Changing "
        f"`likeness` learns nothing again. {OWN_PICTURES}",
    )
    items = [
        GENERATOR,
        photo(),
        reference("watercolor"),
        learn(),
        align(),
        invert(method="encoder"),
        tune(),
        tuned_face(),
        stylize(key="alone"),
        stylize(key="kept", **KEEPING),
        save("alone", "likeness_without", "save_alone", 1, "The style alone"),
        save("kept", "likeness", "save_kept", 2, "With the person"),
    ]
    return Graph("likeness", text, items)


def several_references() -> Graph:
    """Two references, and hyper-parameters instead of a preset."""
    text = note(
        "A style from several pictures",
        "**Batch Images** joins references; what they have in common becomes the style. Take pictures by one hand: "
        "they are averaged. **One-Shot Options** replaces the preset by numbers of your own; remove it to use the "
        f"preset. {OWN_PICTURES}",
    )
    both = {"image1": Wire("first"), "image2": Wire("second")}
    options = {
        "steps": 150,
        "learning_rate": 0.004,
        "decay": 0.5,
        "reconstruction": 0.2,
        "reconstruction_scale": 4,
        "texture": 5.0,
    }
    items = [
        GENERATOR,
        photo(),
        reference("watercolor", "first"),
        reference("ukiyoe", "second"),
        Item("both", "ImageBatch", 1, INPUT, both, "Both references"),
        Item("options", "PasticheOneShotOptions", 0, STYLE, options),
        learn("both", column=1, options=Wire("options")),
        align(),
        invert(method="encoder"),
        tune(),
        stylize(**KEEPING),
        save("stylize", "several_references"),
    ]
    return Graph("several_references", text, items)


def keep_colors() -> Graph:
    """The same reference with its colours and without."""
    text = note(
        "Colours taken, colours kept",
        "The same reference learned twice: with its colours, and with the photo's own, where only the drawing is "
        f"learned (**colors**: keep). {OWN_PICTURES}",
    )
    items = [
        GENERATOR,
        photo(),
        reference("watercolor"),
        learn(key="take", title="Takes the reference's colours", colors="take"),
        learn(key="keep", column=1, title="Keeps the photo's colours", colors="keep"),
        align(),
        invert(method="encoder"),
        tune(),
        stylize("take", key="drawn_take", **KEEPING),
        stylize("keep", key="drawn_keep", **KEEPING),
        save("drawn_take", "colors_taken", "save_take", 1, "Colours taken"),
        save("drawn_keep", "colors_kept", "save_keep", 2, "Colours kept"),
    ]
    return Graph("keep_colors", text, items)


def strength_ladder() -> Graph:
    """One face in five strengths."""
    text = note(
        "From the face to the style, in five steps",
        "**Interpolate** with one face and one style changes only the strength: from 0, the face as it is, to 1, the "
        f"style in full. Choose the step that you like and set it in **Stylize**. {OWN_PICTURES}",
    )
    steps = {
        "latent_a": Wire("invert"),
        "style_a": Wire("learn"),
        "frames": 5,
        "easing": "linear",
        "strength_a": 0.0,
        "strength_b": 1.0,
    }
    items = [
        GENERATOR,
        photo(),
        reference("ukiyoe"),
        learn(),
        align(),
        invert(),
        Item("ladder", "PasticheInterpolate", 0, RESULT, steps, "Five strengths"),
        save("ladder", "strength_ladder"),
    ]
    return Graph("strength_ladder", text, items)


def whole_photo() -> Graph:
    """Two faces of one picture, drawn and put back."""
    text = note(
        "A whole photo, several faces put back",
        "Every face of the picture is cut out, drawn in the style and put back where it was; the rest of the photo stays "
        f"untouched. **region** and **feather** of **Paste Faces** decide how the edge looks. {OWN_PICTURES}",
    )
    pasted = {"image": Wire("group"), "crops": Wire("stylize"), "faces": Wire("align", "faces"), "region": "face"}
    items = [
        GENERATOR,
        photo(),
        reference("ukiyoe"),
        stitch("group", 1, INPUT, (Wire("photo"), Wire("photo")), 0, "A photo with two faces"),
        learn(),
        align("group", count=0, order="left to right"),
        invert(method="encoder"),
        tune(),
        preview("align", "crops", FACE, 3, "The faces"),
        stylize(**KEEPING),
        Item("paste", "PastichePasteFaces", 1, RESULT, pasted),
        save("paste", "whole_photo", column=2),
        Item("mask", "MaskToImage", 2, RESULT, {"mask": Wire("paste", "mask")}),
        preview("mask", "mask_seen", RESULT, 3, "The mask"),
    ]
    return Graph("whole_photo", text, items)


def swap_layers() -> Graph:
    """The shapes of one generator in the colours of another."""
    text = note(
        "The shapes of one, the colours of the other",
        "**Finetune One-Shot** gives the tuned generator as well. **Swap Layers** takes the coarse layers (shapes) of one and "
        "the fine layers (colours, brushwork) of the other: above, the photo's shapes in the style's colours; below, the "
        f"style's shapes in natural colours. {OWN_PICTURES}",
    )
    swapped = {"base": Wire("generator"), "tuned": Wire("learn", "tuned"), "switch_at": "32"}
    items = [
        GENERATOR,
        photo(),
        reference("ukiyoe"),
        learn(),
        align(),
        invert(),
        Item("texture", "PasticheSwapLayers", 0, RESULT, {**swapped, "shapes_from": "base"}, "Colours of the style"),
        Item("shapes", "PasticheSwapLayers", 0, RESULT, {**swapped, "shapes_from": "tuned"}, "Shapes of the style"),
        stylize("texture", key="drawn_texture", column=1, output="style"),
        stylize("shapes", key="drawn_shapes", column=1, output="style"),
        save("drawn_texture", "swap_texture", "save_texture", 2, "Colours of the style"),
        save("drawn_shapes", "swap_shapes", "save_shapes", 3, "Shapes of the style"),
    ]
    return Graph("swap_layers", text, items)


STYLES = (one_shot_style, likeness, several_references, keep_colors, strength_ladder, whole_photo, swap_layers)
