"""Where a command writes: looked at before the work, which can take minutes."""

from pathlib import Path
from tempfile import TemporaryFile

from ..errors import PasticheError
from ..images import FORMATS

__all__ = ["PICTURES", "TENSORS", "check_target"]

PICTURES = tuple(FORMATS)
TENSORS = (".safetensors",)


def check_target(path: Path, suffixes: tuple[str, ...]) -> None:
    """Refuse a place where no file can appear; make its folder.

    Args:
        suffixes: those that the file may end in.

    Raises:
        PasticheError: the name ends otherwise or is a folder's, or its folder can't be made or written to.
    """
    if path.suffix.lower() not in suffixes:
        raise PasticheError(f"{path} ends in {path.suffix!r}, and it is written as {', '.join(suffixes)}: choose another name")
    if path.is_dir():
        raise PasticheError(f"{path} is a folder, and a file is to be written: give it another name")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path.parent):
            pass
    except OSError as problem:
        raise PasticheError(
            f"{path} can't be written, because no file can be made in the folder {path.parent} ({problem.strerror}): "
            "choose another place"
        ) from problem
