"""Checks of output paths before the work starts, which can take minutes."""

from pathlib import Path
from tempfile import TemporaryFile

from ..bundle import CATALOG, DEMO, DEMO_MODEL
from ..errors import PasticheError
from ..images import FORMATS

__all__ = ["PICTURES", "TENSORS", "check_target", "lasting_name"]

PICTURES = tuple(FORMATS)
TENSORS = (".safetensors",)


def check_target(path: Path, suffixes: tuple[str, ...]) -> None:
    """Reject a path that can't be written, and create its folder.

    Args:
        suffixes: the allowed suffixes.

    Raises:
        PasticheError: the suffix is not allowed, the path is a folder, or its folder can't be created or written to.
    """
    if path.suffix.lower() not in suffixes:
        raise PasticheError(
            f"{path} ends in {path.suffix!r}, but the output is written as {', '.join(suffixes)}: choose another name"
        )
    if path.is_dir():
        raise PasticheError(f"{path} is a folder, but the output is a file: choose another name")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path.parent):
            pass
    except OSError as problem:
        raise PasticheError(
            f"{path} can't be written, because the folder {path.parent} does not accept new files ({problem.strerror}): "
            "choose another folder"
        ) from problem


def lasting_name(origin: str, target: Path) -> str:
    """The name under which a file that is stored as its difference from `origin` finds it again.

    Args:
        origin: "demo", "demo:NAME", "catalog:NAME" or a path.
        target: the file that will need it.

    Raises:
        PasticheError: the origin is a file in another folder, where nobody would look for it.
    """
    if origin == DEMO or origin.startswith((DEMO_MODEL, CATALOG)):
        return origin
    if Path(origin).resolve().parent != target.resolve().parent:
        raise PasticheError(
            f"{target} would need {origin}, which is looked for in the folder of {target.name}: choose a file in that folder "
            "with --out"
        )
    return Path(origin).name
