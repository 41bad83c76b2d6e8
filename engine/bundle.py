"""Loading of checkpoints by name: the bundled demo models, and downloaded files of the catalog.

The small models of the bundle were trained by this project on portraits that it paints itself. `pastiche train demo`
trains them again. "demo" is the base: a StyleGAN2, its discriminator and its encoder. "demo:blendgan", "demo:dualstylegan" and
"demo:agilegan-STYLE" are models of the methods, which were fine-tuned from it; "demo:agilegan" is the first of AgileGAN's.
"""

import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from . import catalog, checkpoints
from .catalog import Entry
from .checkpoints import Checkpoint, Facts
from .checkpoints.exemplars import load_exemplars as read_exemplars
from .checkpoints.formats.psp import SPACE
from .checkpoints.plan import Resize
from .directions import Directions
from .dualstylegan import Exemplars
from .errors import CheckpointError, StyleError
from .latents import Space
from .resources import DEMO_ENCODER, demo_file, demo_model, demo_models

__all__ = [
    "CATALOG",
    "DEMO",
    "DEMO_MODEL",
    "demo_photo",
    "demo_references",
    "expect_entry",
    "file_of",
    "inspect",
    "load",
    "load_directions",
    "load_exemplars",
]

log = logging.getLogger(__name__)

DEMO = "demo"  # in the place of a path: the bundle's
DEMO_MODEL = "demo:"  # before a name of the bundle's models of the methods
FACES = "faces.safetensors"
CATALOG = "catalog:"  # before a name of the catalog


def load(
    source: str | os.PathLike[str],
    *,
    space: Space | None = None,
    architecture: str | None = None,
    resize: Resize | None = None,
    device: torch.device | str = "cpu",
    base: Checkpoint | str | os.PathLike[str] | None = None,
) -> Checkpoint:
    """Load a checkpoint of any published format. No code in the file is run.

    Args:
        source: a file, or "demo" for the bundle that ships: generator, discriminator and encoder; or "demo:blendgan",
            "demo:dualstylegan", "demo:agilegan", for its models of the methods, with the base's discriminator and, if they
            have no own, its encoder; or "catalog:NAME" for one that `pastiche weights get NAME` has fetched.
        space, architecture, resize: for files that can't tell; see `checkpoints.load`. The catalog knows them, also for a
            published file that was put anywhere by hand: it is recognized by its hash.
        device: to put the modules on: "cpu", "cuda", "cuda:1", "mps", or "auto" for a GPU where there is one.
        base: what a file that is stored as a difference was fine-tuned from. The file names it, and if it is not given, it
            is looked for under that name: "demo", "catalog:NAME", or a file in the same folder. The base's discriminator and
            encoder are also the checkpoint's, if its file has none.

    Raises:
        PasticheError: the bundle or the catalog has no such entry, or this machine has no such device.
        CheckpointError: the file is missing, damaged, unknown, or would run code; or its base is missing or another one.
    """
    path, told = _told(source, space=space, architecture=architecture, resize=resize)
    given = base if base is None or isinstance(base, Checkpoint) else load(base)
    bases: dict[str, Checkpoint] = {}

    def find(name: str) -> Checkpoint:
        bases[name] = given or _find_base(Path(path), name)
        return bases[name]

    found = checkpoints.load(path, **told, base=find)
    if found.base is not None:
        name, origin = bases.popitem()
        found = _completed(found, origin, bundled=name == DEMO or _in_bundle(Path(path)))
    return found.to(device)


def _completed(found: Checkpoint, base: Checkpoint, *, bundled: bool) -> Checkpoint:
    """A generator that is stored as a difference, with the networks of its base that its file leaves out.

    Args:
        bundled: whether the base is the bundle's, whose models of one method share an encoder.
    """
    shared = demo_models().get(found.architecture + DEMO_ENCODER) if bundled else None
    encoder = found.encoder or (base if shared is None else checkpoints.load(shared, base=base)).encoder
    return replace(found, encoder=encoder, discriminator=found.discriminator or base.discriminator, base_encoder=base.encoder)


def _in_bundle(path: Path) -> bool:
    return any(path.resolve() == model.resolve() for model in demo_models().values())


def _find_base(path: Path, name: str) -> Checkpoint:
    """The base that a file names: in the bundle, in the catalog, or beside the file."""
    if name == DEMO or name.startswith((DEMO_MODEL, CATALOG)):
        return load(name)
    beside = path.parent / Path(name).name
    if not beside.is_file():
        raise CheckpointError(
            f"{path}: is stored as its difference from {name}, which is not in its folder", checkpoints.NO_BASE
        )
    return checkpoints.load(beside)


def inspect(
    source: str | os.PathLike[str],
    *,
    space: Space | None = None,
    architecture: str | None = None,
    resize: Resize | None = None,
    sha256: bool = False,
) -> Facts:
    """What a file holds, without building anything; see `checkpoints.inspect`. What the catalog knows counts as in `load`.

    Args:
        source, space, architecture, resize: as for `load`.
        sha256: read all of it, and compute its hash.

    Raises:
        PasticheError: the bundle or the catalog has no such entry.
        CheckpointError: the file is missing, damaged, unknown, or would run code.
    """
    path, told = _told(source, space=space, architecture=architecture, resize=resize)
    return checkpoints.inspect(path, **told, sha256=sha256)


def expect_entry(path: Path, item: Entry) -> None:
    """Check that a file matches its entry in the catalog; for `catalog.fetch` and `catalog.verify`.

    Raises:
        CheckpointError, StyleError: it can't be read, or holds something else.
    """
    if item.architecture == "codes":
        read_exemplars(path)
    elif item.is_checkpoint:
        found = checkpoints.inspect(path, **({} if catalog.is_converted(path, item) else item.options)).architecture
        if found != item.architecture:
            raise CheckpointError(f"{path}: has {found or 'an unknown architecture'}, but {item.name} is {item.architecture}")


def load_exemplars(source: str | os.PathLike[str]) -> Exemplars:
    """The style codes of a DualStyleGAN: exstyle_code.npy, refined_exstyle_code.npy, or a file from `Exemplars.save`.

    Args:
        source: a file, or "catalog:NAME", or "demo:dualstylegan" for those in the bundle's model.

    Raises:
        UnsafeCheckpointError: the file would run code. None of it was run.
        CheckpointError, StyleError: it is missing, damaged, or holds something else.
        PasticheError: the bundle or the catalog has no such entry.
    """
    name = os.fspath(source)
    if name.startswith(DEMO_MODEL):
        table = load(name).exemplars
        if table is None:
            raise StyleError(f"{name} holds no exemplars: expected a DualStyleGAN, such as {DEMO_MODEL}dualstylegan")
        return table.exemplars
    return read_exemplars(catalog.locate(name.removeprefix(CATALOG))[0] if name.startswith(CATALOG) else source)


def load_directions(source: str | os.PathLike[str]) -> Directions:
    """Directions to edit faces along.

    Args:
        source: a file from `Directions.save`, or "demo" for those of the bundled generator. `import_directions` reads
            published files.

    Raises:
        LatentError: the file can't be read, or does not hold directions.
        PasticheError: the bundle has none.
    """
    return Directions.load(demo_file("directions.safetensors") if os.fspath(source) == DEMO else Path(source))


def file_of(source: str | os.PathLike[str]) -> Path:
    """The file for a path or a name.

    Raises:
        PasticheError: the bundle or the catalog has no such entry.
        CheckpointError: the file is not downloaded yet, or is not a checkpoint.
    """
    return Path(_found(source)[0])


def _found(source: str | os.PathLike[str]) -> tuple[str | os.PathLike[str], dict[str, Any]]:
    """The path, and the options from the catalog that the file does not record."""
    name = os.fspath(source)
    if name == DEMO:
        return demo_file(FACES), {}
    if name.startswith(DEMO_MODEL):
        return demo_model(name.removeprefix(DEMO_MODEL)), {}
    if not name.startswith(CATALOG):
        return source, _known_options(Path(name))
    path, item = catalog.locate(name.removeprefix(CATALOG))
    if not item.is_checkpoint:
        raise CheckpointError(
            f"{path} holds {item.architecture}, and is not a checkpoint: the code that needs it finds it there"
        )
    return path, {} if catalog.is_converted(path, item) else item.options


def _known_options(path: Path) -> dict[str, Any]:
    """What the catalog knows of a file that does not tell what it is: a published one that was put there by hand."""
    try:
        facts = checkpoints.inspect(path)
        if facts.architecture is not None and SPACE not in facts.notes:
            return {}
        item = catalog.recognize(path)
    except (OSError, CheckpointError):
        return {}  # reading it will say what is wrong
    if item is None:
        return {}
    log.info("%s is the catalog's %s", path, item.name)
    return item.options


def _told(source: str | os.PathLike[str], **asked: Any) -> tuple[str | os.PathLike[str], dict[str, Any]]:
    """The path that is meant, and what is known beyond the file: what was asked for, before what the catalog says."""
    path, told = _found(source)
    return path, {**told, **{name: value for name, value in asked.items() if value is not None}}


def demo_photo() -> Path:
    """The bundled photo: Eileen Collins, by NASA, in the public domain."""
    return demo_file("astronaut.png")


def demo_references() -> dict[str, Path]:
    """The bundled reference images by name: painted by this project, and faces from classical paintings.

    `CREDITS.md` in their folder lists their painters.
    """
    return {path.stem: path for path in sorted(demo_file("references").glob("*.png"))}
