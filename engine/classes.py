"""The classes of the face parsing network and of the painter's class maps."""

__all__ = ["CLASSES", "index_of"]

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


def index_of(*names: str) -> tuple[int, ...]:
    """The indices of the named classes.

    Raises:
        ValueError: there is no class of that name.
    """
    unknown = [name for name in names if name not in CLASSES]
    if unknown:
        raise ValueError(f"there is no class {unknown[0]!r}: choose from {', '.join(CLASSES)}")
    return tuple(CLASSES.index(name) for name in names)
