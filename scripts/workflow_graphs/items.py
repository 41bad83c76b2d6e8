"""The nodes that many workflows share."""

from __future__ import annotations

from typing import Any

from .graph import Item, Wire

INPUT, STYLE, FACE, RESULT = "input: Models and pictures", "style: The style", "face: The face", "result: Result"
GENERATOR = Item("generator", "PasticheLoadStyleGAN", 0, INPUT)
ENCODER = Item("encoder", "PasticheLoadFaceEncoder", 0, INPUT)
KEEPING: dict[str, Any] = {"person": Wire("tune"), "likeness": 0.4}  # the person, in Stylize


def bundled(method: str) -> Item:
    """The bundled model of a method."""
    return Item("generator", "PasticheLoadStyleGAN", 0, INPUT, {"checkpoint": f"demo: {method}"})


def photo() -> Item:
    """The photograph that is bundled."""
    return Item("photo", "PasticheExamplePicture", 0, INPUT, {"picture": "photo"}, "Photo")


def reference(name: str, key: str = "reference") -> Item:
    """A painted picture that is bundled."""
    return Item(key, "PasticheExamplePicture", 0, INPUT, {"picture": name}, f"Reference: {name}")


def align(image: str = "photo", **inputs: Any) -> Item:
    """Cut the faces out."""
    given = {"image": Wire(image), "generator": Wire("generator"), **inputs}
    return Item("align", "PasticheAlignFaces", 0, FACE, given)


def invert(key: str = "invert", column: int = 1, method: str = "hybrid", **inputs: Any) -> Item:
    """Find the latents."""
    given = {"generator": Wire("generator"), "crops": Wire("align"), "method": method, **inputs}
    return Item(key, "PasticheInvertFace", column, FACE, given)


def learn(references: str = "reference", key: str = "learn", column: int = 0, title: str = "", **inputs: Any) -> Item:
    """Learn a style."""
    given = {"generator": Wire("generator"), "references": Wire(references), **inputs}
    return Item(key, "PasticheFinetuneOneShot", column, STYLE, given, title)


def tune() -> Item:
    """Tune the generator to the face."""
    given = {"generator": Wire("generator"), "crops": Wire("align"), "latent": Wire("invert")}
    return Item("tune", "PasticheTuneToFace", 2, FACE, given)


def tuned_face() -> Item:
    """Show what the tuned generator draws."""
    return preview("tune", "seen", FACE, 3, "The face, as the tuned generator draws it", "likeness")


def stylize(
    style: str = "learn", latent: str = "invert", key: str = "stylize", column: int = 0, output: int | str = 0, **inputs: Any
) -> Item:
    """Draw."""
    return Item(key, "PasticheStylize", column, RESULT, {"style": Wire(style, output), "latent": Wire(latent), **inputs})


def stitch(key: str, column: int, group: str, images: tuple[Wire, Wire], spacing: int, title: str = "") -> Item:
    """Put two pictures side by side."""
    given = {
        "image1": images[0],
        "image2": images[1],
        "direction": "right",
        "match_image_size": True,
        "spacing_width": spacing,
        "spacing_color": "white",
    }
    return Item(key, "ImageStitch", column, group, given, title)


def save(images: str, name: str, key: str = "save", column: int = 1, title: str = "", output: int = 0) -> Item:
    """Write the result."""
    given = {"images": Wire(images, output), "filename_prefix": f"pastiche/{name}"}
    return Item(key, "SaveImage", column, RESULT, given, title)


def preview(images: str, key: str, group: str, column: int, title: str, output: int | str = 0) -> Item:
    """Show pictures on the way."""
    return Item(key, "PreviewImage", column, group, {"images": Wire(images, output)}, title)
