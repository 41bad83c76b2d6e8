"""What model files hold, read from their headers and remembered until a file changes."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Literal

__all__ = ["Role", "roles"]

Role = Literal["generator", "encoder", "identity", "style_encoder", "sampler", "exemplars"]

log = logging.getLogger(__name__)

REMEMBERED: dict[Path, tuple[tuple[int, int], frozenset[Role]]] = {}


def roles(path: Path) -> frozenset[Role]:
    """What a file can be used for; read again when its size or its date changes."""
    facts = path.stat()
    version = facts.st_size, facts.st_mtime_ns
    known = REMEMBERED.get(path)
    if known is None or known[0] != version:
        known = REMEMBERED[path] = version, _read(path)
    return known[1]


def _read(path: Path) -> frozenset[Role]:
    from ..engine import PasticheError

    try:
        found = _exemplars(path) if path.suffix.lower() == ".npy" else _of_checkpoint(path)
    except (PasticheError, OSError) as error:
        log.warning("%s is not offered to any node: %s", path, error)
        return frozenset()
    if not found:
        log.info("%s is not offered to any node: it holds nothing that one could use", path)
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
