"""Lists the files that nodes offer, finds them, and chooses paths for new files."""

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
    "CONNECTED",
    "DEMO",
    "MODEL",
    "NOTHING",
    "beside",
    "catalog_entry",
    "checkpoints",
    "companions",
    "find_checkpoint",
    "find_file",
    "fitting",
    "found_file",
    "listed",
    "missing",
    "model_folders",
    "new_file",
    "state",
]

DEMO = "demo (comes with Pastiche)"
MODEL = "demo: "  # before a name of the bundle's models of the methods
CATALOG = "catalog: "
CHECKPOINTS = ("pastiche", "stylegan")
DEMO_ROLES: tuple[Role, ...] = ("generator", "encoder")
NOTHING = "nothing saved yet"  # the entry of an otherwise empty list
CONNECTED = "connected"  # the state of a file whose name comes through a connection, and is not known before the run
KINDS = (*CHECKPOINTS, "pastiche_styles", "pastiche_directions", "pastiche_latents")
# The role of a catalog entry by its architecture. The role of an existing file is read from its header instead.
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
STYLE_ENCODER = "blendgan-style-encoder"  # the catalog gives it the architecture of its generator
# Files that belong to a published STYLE/generator.pt in the same folder, or to NAME.pt if it has the catalog's name.
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


def checkpoints(role: Role) -> list[str]:
    """The choices of a loader: the bundled models, fitting files in the model folders, and fitting entries of the catalog."""
    files = [f"{name}/{file}" for name in CHECKPOINTS for file in fitting(name, comfy.MODELS - {".npy"}, role)]
    return [*([DEMO] if role in DEMO_ROLES else []), *_bundled(role), *files, *_catalog(role)]


def _bundled(role: Role) -> list[str]:
    """The bundle's models of the methods; a method with several is a choice too, and means its first."""
    from ..engine.resources import DEMO_METHODS, demo_models

    names = [name for name, path in demo_models().items() if role in roles(path)]
    methods = [method for method in DEMO_METHODS if role == "generator" and any(name.startswith(method) for name in names)]
    return [f"{MODEL}{name}" for name in dict.fromkeys([*methods, *names])]


def _catalog(role: Role) -> list[str]:
    from ..engine.catalog import entries

    fitting = {
        name: "style_encoder" if name == STYLE_ENCODER else ROLES.get(item.architecture) for name, item in entries().items()
    }
    return [f"{CATALOG}{name}" for name, known in fitting.items() if known == role]


def model_folders() -> list[Path]:
    """The folders that are searched for checkpoints."""
    return [folder for name in CHECKPOINTS for folder in comfy.folders_of(name)]


def catalog_entry(choice: str) -> Entry | None:
    """The catalog entry for a choice; None if the choice is a file.

    Raises:
        PasticheError: the catalog has no such entry.
    """
    from ..engine.catalog import entry

    if not choice.startswith(CATALOG):
        return None
    return entry(choice.removeprefix(CATALOG))


def find_checkpoint(choice: str) -> Path | None:
    """The path for a choice; None if the file does not exist.

    Raises:
        PasticheError: a bundled file does not exist.
    """
    from ..engine.resources import demo_file, demo_model

    if choice == DEMO:
        return demo_file("faces.safetensors")
    if choice.startswith(MODEL):
        return demo_model(choice.removeprefix(MODEL))
    item = catalog_entry(choice)
    if item is not None:
        from ..engine.catalog import find

        return find(item, model_folders())
    name, _, file = choice.partition("/")
    return find_file(name, file) if name in CHECKPOINTS else None


def listed(name: str, endings: Iterable[str]) -> list[str]:
    """Files of a kind, as paths relative to its folders."""
    wanted = tuple(endings)
    found = set()
    folders = comfy.folders_of(name)
    others = {path for kind in KINDS if kind != name for path in comfy.folders_of(kind)} - set(folders)
    for folder in folders:
        for parent, within, files in os.walk(folder, followlinks=True):
            within[:] = [each for each in within if Path(parent, each) not in others]  # files of other kinds
            inside = Path(parent).relative_to(folder)
            found |= {(inside / file).as_posix() for file in files if file.lower().endswith(wanted) and file[0] != "."}
    return sorted(found, key=str.lower)


def fitting(name: str, endings: Iterable[str], role: Role) -> list[str]:
    """The listed files that have a role."""
    return [file for file in listed(name, endings) if (path := find_file(name, file)) is not None and role in roles(path)]


def beside(checkpoint: Path | None, role: Role) -> Path | None:
    """The file of a role that was published with a checkpoint and is in the same folder; None if there is none."""
    if checkpoint is None:
        return None
    stems = [f"{checkpoint.stem}{ending}" for ending in NAMED_BESIDE[role]]
    if checkpoint.stem == "generator":
        stems += BESIDE[role]
    paths = [checkpoint.with_name(stem + ending) for stem in stems for ending in (".safetensors", ".pt", ".npy")]
    return next((path for path in paths if path.is_file() and role in roles(path)), None)


def companions(role: Role) -> str:
    """A string that changes when a file changes that may belong to a generator in the same folder."""
    found = []
    for kind in CHECKPOINTS:
        for file in listed(kind, comfy.MODELS):
            stem = Path(file).stem
            if stem in BESIDE[role] or stem.endswith(NAMED_BESIDE[role]):
                found.append(state(find_file(kind, file)))
    return " ".join(found)


def found_file(name: str, file: str | None) -> Path | None:
    """`find_file`; None also where the name is not known yet."""
    return None if file is None else find_file(name, file)


def find_file(name: str, file: str) -> Path | None:
    """The path of a file of a kind, given relative to its folders; None if it is not inside them."""
    for folder in comfy.folders_of(name):
        path = folder / file
        if os.path.normpath(path).startswith(os.path.normpath(folder) + os.sep) and path.is_file():
            return path
    return None


def missing(choice: str, folders: Sequence[Path]) -> str:
    """The error message for a file that does not exist."""
    searched = " or ".join(str(folder) for folder in folders)
    if choice == NOTHING:
        return f"there is no saved file yet: run the node that saves one, or put one into {searched}, and refresh the page (R)"
    return f"{choice} is not in {searched}: put it there and refresh the page (R), or choose another file"


def state(path: Path | None) -> str:
    """A string that changes when the file changes."""
    if path is None:
        return "missing"
    facts = path.stat()
    return f"{path} {facts.st_size} {facts.st_mtime_ns}"


def new_file(name: str, title: str) -> Path:
    """A path for a new file of a kind, with the next free number, so that no file is replaced.

    Args:
        title: name of the file; may include folders.

    Raises:
        PasticheError: the title is empty, is too long, or leads out of the folder.
    """
    from ..engine import PasticheError

    folder = comfy.folders_of(name)[0]
    parts = [FORBIDDEN.sub("_", part).strip() for part in SUFFIX.sub("", title.replace("\\", "/")).split("/")]
    if not parts[-1] or any(part in ("", ".", "..") for part in parts):
        raise PasticheError(f"{title!r} is not a valid file name in {folder}: enter a name such as styles/painting")
    parent, number = folder.joinpath(*parts[:-1]), 1
    try:
        parent.mkdir(parents=True, exist_ok=True)
        while (path := parent / f"{parts[-1]}_{number:05}.safetensors").exists():
            number += 1
    except OSError as problem:
        raise PasticheError(
            f"{title!r} can't be saved in {folder} ({problem.strerror}): enter a shorter name, or one in another folder"
        ) from problem
    return path
