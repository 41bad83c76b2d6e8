"""Paths of the bundled files."""

from pathlib import Path

from .errors import Advice, PasticheError

__all__ = ["DEMO_ENCODER", "DEMO_METHODS", "catalog_file", "demo_file", "demo_file_or_none", "demo_model", "demo_models"]

DEMO_METHODS = ("agilegan", "blendgan", "dualstylegan")  # of whose models the bundle can hold some
DEMO_ENCODER = "-encoder"  # after a method: an encoder that its models share
SUFFIX = ".safetensors"

NO_MODEL = Advice(
    python="load one of these, or a published file: `pastiche weights list`",
    command="choose one of these, published weights (pastiche weights list), or make it (pastiche train demo)",
    node="choose another checkpoint: a bundled one, or one of the catalog",
)


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


def demo_models() -> dict[str, Path]:
    """The files of the bundle's models of the methods that are there, by name: "blendgan", "agilegan-toon"."""
    paths = sorted(_shipped("demo").glob(f"*{SUFFIX}"))
    return {path.stem: path for path in paths if path.stem.partition("-")[0] in DEMO_METHODS}


def demo_model(name: str) -> Path:
    """The file of a model of the bundle.

    Args:
        name: as `demo_models` gives it; or a method, which means its first model.

    Raises:
        PasticheError: the bundle has none of this name.
    """
    found = demo_models()
    if name in found:
        return found[name]
    models = {other: path for other, path in found.items() if not other.endswith(DEMO_ENCODER)}
    first = [path for other, path in models.items() if name in DEMO_METHODS and other.startswith(f"{name}-")]
    if first:
        return first[0]
    there = ", ".join(("demo", *(f"demo:{other}" for other in found)))
    raise PasticheError(f"the bundle has no {name[:80]!r}, but {there}", NO_MODEL)


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
