"""Paths of the bundled files."""

from pathlib import Path

from .errors import PasticheError

__all__ = ["catalog_file", "demo_file", "demo_file_or_none"]


def demo_file(name: str) -> Path:
    """The path of a file of the demo bundle.

    Raises:
        PasticheError: it is missing from this installation.
    """
    place = _shipped("demo", name)
    if not place.exists():
        raise PasticheError(f"the demo bundle's {name} is missing ({place}): reinstall Pastiche, or run `pastiche train demo`")
    return place


def demo_file_or_none(name: str) -> Path | None:
    """The path of a file of the demo bundle; None if it is missing."""
    place = _shipped("demo", name)
    return place if place.exists() else None


def catalog_file() -> Path:
    """The path of the catalog of published weights.

    Raises:
        PasticheError: it is missing from this installation.
    """
    place = _shipped("catalog.toml")
    if not place.exists():
        raise PasticheError(f"the catalog of weights is missing ({place}): reinstall Pastiche")
    return place


def _shipped(*name: str) -> Path:
    """The path of a file of `weights/`: inside the package if installed, one folder up in a clone."""
    here = Path(__file__).resolve().parent
    installed = here.joinpath("weights", *name)
    return installed if installed.exists() else here.parent.joinpath("weights", *name)
