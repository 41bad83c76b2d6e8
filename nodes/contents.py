"""Finds out what model files can be used for, from their headers. The results are cached until a file changes."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Literal

__all__ = ["Role", "roles"]

Role = Literal["generator", "encoder", "identity", "style_encoder", "sampler", "exemplars"]

log = logging.getLogger(__name__)

CACHE: dict[Path, tuple[tuple[int, int], frozenset[Role]]] = {}


def roles(path: Path) -> frozenset[Role]:
    """The roles of a file. They are read again when its size or modification time changes."""
    facts = path.stat()
    version = facts.st_size, facts.st_mtime_ns
    cached = CACHE.get(path)
    if cached is None or cached[0] != version:
        cached = CACHE[path] = version, _read(path)
    return cached[1]


def _read(path: Path) -> frozenset[Role]:
    from ..engine import PasticheError

    try:
        found = _exemplars(path) if path.suffix.lower() == ".npy" else _of_checkpoint(path)
    except (PasticheError, OSError) as error:
        log.warning("%s is not listed in any node: %s", path, error)
        return frozenset()
    if not found:
        log.info("%s is not listed in any node: it holds nothing that a node could use", path)
    return found


def _exemplars(path: Path) -> frozenset[Role]:
    from ..engine import load_exemplars

    load_exemplars(path)
    return frozenset({"exemplars"})


def _of_checkpoint(path: Path) -> frozenset[Role]:
    from ..engine.checkpoints import inspect  # which does not hash, as the engine's own does to recognize published files

    facts = inspect(path)
    found: set[Role] = {part for part in ("generator", "style_encoder", "sampler") if part in facts.parts}
    if "encoder" in facts.parts:
        found.add("identity" if facts.architecture == "arcface" else "encoder")
    if facts.format == "exemplars":
        found.add("exemplars")
    return frozenset(found)
