"""The classes of the face parsing network and of the painter's class maps, and the attributes of a face that can be read."""

__all__ = ["ATTRIBUTES", "CLASSES", "IDENTITY", "index_of"]

CLASSES = (
    "background",
    "skin",
    "hair",
    "brows",
    "eyes",
    "lips",
    "mouth",
    "glasses",
    "ears",
    "neck",
    "cloth",
    "hat",
)
"""In the order of their numbers. A beard is hair; the mouth is what open lips show; a hand is background."""

ATTRIBUTES = ("smile", "age", "glasses", "beard", "yaw", "pitch", "hair_length", "light")
"""What edits change. Yaw turns the head, pitch raises it; the light comes from one side or the other."""

IDENTITY = (
    *("masculine", "skin", "face_width", "jaw_width", "chin_length", "nose_length", "nose_width"),
    *("eye_size", "eye_spacing", "mouth_width", "brow_width", "hair_tone"),
)
"""By which people are told apart."""


def index_of(*names: str) -> tuple[int, ...]:
    """The indices of the named classes.

    Raises:
        ValueError: there is no class of that name.
    """
    unknown = [name for name in names if name not in CLASSES]
    if unknown:
        raise ValueError(f"there is no class {unknown[0]!r}: choose from {', '.join(CLASSES)}")
    return tuple(CLASSES.index(name) for name in names)
