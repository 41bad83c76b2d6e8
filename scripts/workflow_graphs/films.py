"""Workflows that draw or read a video."""

from __future__ import annotations

from .graph import Graph, Item, Wire
from .items import FACE, GENERATOR, RESULT, align, invert, learn, photo, reference
from .notes import OWN_PICTURES, note


def interpolation_film() -> Graph:
    """From one face and style to another."""
    text = note(
        "A film between faces and between styles",
        "The face changes from the photo's to a random one while the style changes from the first reference to the second. "
        f"Leave out **latent_b** or **style_b** to change only one of them. {OWN_PICTURES}",
    )
    frames = {
        "latent_a": Wire("invert"),
        "latent_b": Wire("random"),
        "style_a": Wire("style_a"),
        "style_b": Wire("style_b"),
        "frames": 24,
        "easing": "ease",
        "loop": True,
    }
    items = [
        GENERATOR,
        photo(),
        reference("ukiyoe", "first"),
        reference("watercolor", "second"),
        learn("first", "style_a", 0, "Style at the start", preset="quick"),
        learn("second", "style_b", 1, "Style at the end", preset="quick"),
        align(),
        invert(),
        Item("random", "PasticheGenerateFaces", 2, FACE, {"generator": Wire("generator"), "seed": 3, "count": 1}),
        Item("film", "PasticheInterpolate", 0, RESULT, frames),
        Item("video", "CreateVideo", 1, RESULT, {"images": Wire("film"), "fps": 12.0}),
        _save("video", "film", 2),
    ]
    return Graph("interpolation_film", text, items)


def stylize_video() -> Graph:
    """A video in a style."""
    text = note(
        "A video in a style",
        "**Stylize Video** follows the people of a video and draws them in the style; sound and frame rate stay. The "
        "video here is made of the photo, which turns its head and smiles: replace **Create Video** by **Load Video** "
        "for your own, which may have any length. Raise `likeness` so that the people stay recognisable; the generator "
        f"is then tuned to them once. {OWN_PICTURES}",
    )
    drawn = {"video": Wire("video"), "style": Wire("learn"), "generator": Wire("generator")}
    items = [
        GENERATOR,
        photo(),
        reference("ukiyoe"),
        learn(),
        align(),
        invert(method="encoder"),
        *_moving_face(),
        Item("stylize", "PasticheStylizeVideo", 0, RESULT, drawn),
        _save("stylize", "stylize_video"),
    ]
    return Graph("stylize_video", text, items)


def drive_face() -> Graph:
    """A painting that moves as a video does."""
    text = note(
        "A picture that moves as a video does",
        "**Drive Face** takes the motion of the largest face of a video and gives it to the face of a picture, here a "
        "painting. The video is made of the photo, which turns its head and smiles: replace **Create Video** by **Load "
        "Video** for your own, best one that begins with a calm, frontal face. With `likeness`, the generator is tuned "
        "to the picture once; connect a **style** to draw it in one.",
    )
    driven = {"video": Wire("video"), "image": Wire("painting"), "generator": Wire("generator"), "likeness": 0.6}
    items = [
        GENERATOR,
        photo(),
        reference("mona_lisa", "painting"),
        align(),
        invert(method="encoder"),
        *_moving_face(),
        Item("drive", "PasticheDriveFace", 0, RESULT, driven),
        _save("drive", "drive_face"),
    ]
    return Graph("drive_face", text, items)


def _moving_face() -> list[Item]:
    """A short video of the photo's face, which turns its head and smiles."""
    moved = {"generator": Wire("generator"), "latent": Wire("invert"), "yaw": 1.2, "smile": 1.0}
    frames = {
        "latent_a": Wire("invert"),
        "latent_b": Wire("turned"),
        "generator": Wire("generator"),
        "frames": 12,
        "easing": "ease",
        "loop": True,
    }
    return [
        Item("turned", "PasticheEditFace", 2, FACE, moved, "Turned and smiling"),
        Item("film", "PasticheInterpolate", 3, FACE, frames, "Frames"),
        Item("video", "CreateVideo", 4, FACE, {"images": Wire("film"), "fps": 12.0}),
    ]


def _save(video: str, name: str, column: int = 1) -> Item:
    """Write a video."""
    given = {"video": Wire(video), "filename_prefix": f"pastiche/{name}", "format": "auto", "codec": "auto"}
    return Item("save", "SaveVideo", column, RESULT, given)


FILMS = (interpolation_film, stylize_video, drive_face)
