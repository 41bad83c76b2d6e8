"""Files that come with Pastiche."""

from pathlib import Path

from .errors import PasticheError

__all__ = ["demo_file"]


def demo_file(name: str) -> Path:
    """The path of a file of the demo bundle.

    Raises:
        PasticheError: this installation lacks it.
    """
    here = Path(__file__).resolve().parent
    places = [here / "weights" / "demo" / name, here.parent / "weights" / "demo" / name]  # installed, or a clone
    for place in places:
        if place.exists():
            return place
    raise PasticheError(
        f"the demo bundle's {name} is missing ({places[-1]}): install Pastiche again, or run `pastiche train demo`"
    )
