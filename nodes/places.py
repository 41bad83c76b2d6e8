"""Which files there are to choose from, and where new ones go."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from . import comfy
from .contents import Role, roles

if TYPE_CHECKING:
    from ..engine.catalog import Entry

__all__ = [
    "DEMO",
    "NOTHING",
    "beside",
    "catalog_entry",
    "checkpoints",
    "find_checkpoint",
    "find_file",
    "fitting",
    "listed",
    "missing",
    "model_folders",
    "new_file",
    "state",
]

DEMO = "demo (comes with Pastiche)"
CATALOG = "catalog: "
CHECKPOINTS = ("pastiche", "stylegan")
DEMO_ROLES: tuple[Role, ...] = ("generator", "encoder")
NOTHING = "nothing saved yet"  # what a list shows that would be empty
# What the catalog's files are for, by their architecture; files that are here are looked into instead.
ROLES: dict[str, Role] = {
    "stylegan2": "generator",
    "stylegan3": "generator",
    "agilegan": "generator",
    "blendgan": "generator",
    "dualstylegan": "generator",
    "psp": "encoder",
    "e4e": "encoder",
    "restyle-psp": "encoder",
    "restyle-e4e": "encoder",
    "hvae": "encoder",
    "arcface": "identity",
}
STYLE_ENCODER = "blendgan-style-encoder"  # in the catalog, where it has the architecture of its generator
# What belongs to a published STYLE/generator.pt by its name in the same folder, or to NAME.pt by the catalog's names.
BESIDE: dict[Role, tuple[str, ...]] = {
    "exemplars": ("refined_exstyle_code", "exstyle_code"),
    "sampler": ("sampler",),
}
NAMED_BESIDE: dict[Role, tuple[str, ...]] = {
    "exemplars": ("-refined-exstyle", "-exstyle"),
    "sampler": ("-sampler",),
}
SUFFIX = re.compile(r"\.safetensors$", re.IGNORECASE)
FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f]')


# --- checkpoints -----------------------------------------------------------------------------------


def checkpoints(role: Role) -> list[str]:
    """What a loader offers: the demo bundle, the files of the model folders that fit, and the catalog's."""
    files = [f"{name}/{file}" for name in CHECKPOINTS for file in fitting(name, comfy.MODELS - {".npy"}, role)]
    return [*([DEMO] if role in DEMO_ROLES else []), *files, *_catalog(role)]


def _catalog(role: Role) -> list[str]:
    from ..engine.catalog import entries

    fitting = {
        name: "style_encoder" if name == STYLE_ENCODER else ROLES.get(item.architecture) for name, item in entries().items()
    }
    return [f"{CATALOG}{name}" for name, known in fitting.items() if known == role]


def model_folders() -> list[Path]:
    """Where checkpoints are looked for."""
    return [place for name in CHECKPOINTS for place in comfy.folders_of(name)]


def catalog_entry(choice: str) -> Entry | None:
    """The catalog's entry that a choice means; None for files.

    Raises:
        PasticheError: the catalog has no such name.
    """
    from ..engine.catalog import entry

    if not choice.startswith(CATALOG):
        return None
    return entry(choice.removeprefix(CATALOG))


def find_checkpoint(choice: str) -> Path | None:
    """The file that a choice means; None if it is not there."""
    if choice == DEMO:
        from ..engine.resources import demo_file

        return demo_file("faces.safetensors")
    item = catalog_entry(choice)
    if item is not None:
        from ..engine.catalog import find

        return find(item, model_folders())
    name, _, file = choice.partition("/")
    return find_file(name, file) if name in CHECKPOINTS else None


# --- files of any kind -----------------------------------------------------------------------------


def listed(name: str, endings: Iterable[str]) -> list[str]:
    """Files of a kind, by their path in its folders."""
    wanted = tuple(endings)
    found = set()
    for folder in comfy.folders_of(name):
        for place, _, files in os.walk(folder, followlinks=True):
            inside = Path(place).relative_to(folder)
            found |= {(inside / file).as_posix() for file in files if file.lower().endswith(wanted) and file[0] != "."}
    return sorted(found, key=str.lower)


def fitting(name: str, endings: Iterable[str], role: Role) -> list[str]:
    """The listed files that can be used for something."""
    return [file for file in listed(name, endings) if (path := find_file(name, file)) is not None and role in roles(path)]


def beside(checkpoint: Path | None, role: Role) -> Path | None:
    """The file of a role that was published with a checkpoint and lies in its folder; None if there is none."""
    if checkpoint is None:
        return None
    stems = [f"{checkpoint.stem}{ending}" for ending in NAMED_BESIDE[role]]
    if checkpoint.stem == "generator":
        stems += BESIDE[role]
    paths = [checkpoint.with_name(stem + ending) for stem in stems for ending in (".safetensors", ".pt", ".npy")]
    return next((path for path in paths if path.is_file() and role in roles(path)), None)


def find_file(name: str, file: str) -> Path | None:
    """A file of a kind, by its path in its folders; nothing outside of them."""
    for folder in comfy.folders_of(name):
        path = folder / file
        if os.path.normpath(path).startswith(os.path.normpath(folder) + os.sep) and path.is_file():
            return path
    return None


def missing(choice: str, folders: Sequence[Path]) -> str:
    """What to say of a file that is not there."""
    places = " or ".join(str(folder) for folder in folders)
    if choice == NOTHING:
        return f"no file has been saved yet: run the node that saves one, or put one into {places}, and refresh the page (R)"
    return f"{choice} is not in {places}: put it there and refresh the page (R), or choose another file"


def state(path: Path | None) -> str:
    """Changes when a file does."""
    if path is None:
        return "missing"
    facts = path.stat()
    return f"{path} {facts.st_size} {facts.st_mtime_ns}"


def new_file(name: str, title: str) -> Path:
    """A path for a new file of a kind, which replaces none: numbers are counted up.

    Args:
        title: for the file, folders before it allowed.

    Raises:
        PasticheError: it leads out of the folder, or has no letters.
    """
    from ..engine import PasticheError

    folder = comfy.folders_of(name)[0]
    parts = [FORBIDDEN.sub("_", part).strip() for part in SUFFIX.sub("", title.replace("\\", "/")).split("/")]
    if not parts[-1] or any(part in ("", ".", "..") for part in parts):
        raise PasticheError(f"{title!r} is no name for a file in {folder}: write a name such as styles/painting")
    place = folder.joinpath(*parts[:-1])
    place.mkdir(parents=True, exist_ok=True)
    number = 1
    while (path := place / f"{parts[-1]}_{number:05}.safetensors").exists():
        number += 1
    return path
