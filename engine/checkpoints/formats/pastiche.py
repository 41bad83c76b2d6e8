"""Our own format: a .safetensors file whose header describes its parts.

The header has one key, `HEADER`, with JSON:

    version         of this format
    architecture    as in `Checkpoint`
    parts           for each: its kind (a key of `modules.KINDS`) and its config
    options, source, license

The name of a tensor begins with its part: ``generator.conv1.conv.weight``. Nothing is guessed, estimated or filled in: every
part is complete, or, from version 2, says under ``base`` which other file completes it (see `difference`): its name, the
sha256 of its weights, the tensors that are left out, and whether the others are differences. From version 3, a tensor may be
stored in 8 bits, with its scales beside it (see `eight_bits`).
"""

import json
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...errors import CheckpointError
from ..checkpoint import SLOTS
from ..eight_bits import SCALE, channel_shape
from ..files import Content, StateDict, stripped
from ..modules import KINDS, config_from_json
from ..plan import BaseFacts, Part, Plan, Request
from ..registry import Format

__all__ = ["HEADER", "PASTICHE", "SUFFIX", "VERSION"]

HEADER = "pastiche"
SUFFIX = ".safetensors"
VERSION = 3


def detect(content: Content) -> bool:
    """Whether the file has our header."""
    return HEADER in content.metadata


def read(content: Content, _request: Request) -> Plan:
    """Read the header into a plan."""
    facts = _header(content)
    found = facts["parts"]
    parts = {slot: _part(content, slot, found[slot]) for slot in SLOTS if slot in found}
    alone = [key for key in content.root if key.partition(".")[0] not in parts]
    if alone or len(parts) != len(found):
        raise CheckpointError(
            f"{content.path}: holds {[*alone, *found][:4]}, which its header does not describe; save it again"
        )
    lacking = sorted({part.base.name for part in parts.values() if part.base})
    return Plan(
        notes=tuple(f"It is stored as its difference from {name}, which it needs." for name in lacking),
        format="pastiche",
        architecture=facts["architecture"],
        parts=parts,
        options=facts["options"],
        source=str(facts.get("source", "")),
        license=str(facts.get("license", "")),
    )


def _header(content: Content) -> dict[str, Any]:
    try:
        facts = json.loads(content.metadata[HEADER])
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{content.path}: its header is damaged; download the file again") from error
    match facts:
        case {"version": int() as version} if version > VERSION:
            raise CheckpointError(
                f"{content.path}: has format version {version}, newer than {VERSION}; install a newer Pastiche"
            )
        case {"version": int(), "architecture": str(), "parts": dict(), "options": dict()}:
            return facts  # type: ignore[no-any-return]
    raise CheckpointError(f"{content.path}: its header lacks version, architecture, parts or options; save it again")


def _part(content: Content, slot: str, facts: object) -> Part:
    where = f"{content.path}: its {slot}"
    kind, values = _kind_and_config(facts, where)
    state = stripped(dict(content.root), f"{slot}.")
    scales = {key: _scales(state, key, where) for key, tensor in state.items() if tensor.dtype == torch.int8}
    state = {key: tensor for key, tensor in state.items() if key.removesuffix(SCALE) not in scales or key in scales}
    config = config_from_json(KINDS[kind], values, where)
    return Part(kind=kind, config=config, state=state, scales=scales, base=_base(facts, where))


def _scales(state: StateDict, key: str, where: str) -> Tensor:
    """A copy of the scales of a tensor that is stored in 8 bits."""
    found = state.get(key + SCALE)
    if found is None:
        raise CheckpointError(f"{where} has no scales for {key[:160]}, which is stored in 8 bits; download the file again")
    channels = prod(channel_shape(state[key].shape))
    if found.dtype != torch.float32 or list(found.shape) != [channels]:
        raise CheckpointError(
            f"{where} has scales of the shape {list(found.shape)} and type {found.dtype} for {key[:160]}; expected "
            f"[{channels}] in float32: download the file again"
        )
    return found.clone()


def _base(facts: object, where: str) -> BaseFacts | None:
    found = facts.get("base") if isinstance(facts, dict) else None
    match found:
        case None:
            return None
        case {"name": str() as name, "sha256": str() as sha256, "shared": list() as shared, "subtracted": bool() as half}:
            return BaseFacts(name=name, sha256=sha256, shared=tuple(map(str, shared)), subtracted=half)
    raise CheckpointError(f"{where} has a damaged base in the header; download the file again")


def _kind_and_config(facts: object, where: Path | str) -> tuple[str, Mapping[str, Any]]:
    match facts:
        case {"kind": str() as kind, "config": dict() as config} if kind in KINDS:
            return kind, config
        case {"kind": str() as kind}:
            raise CheckpointError(f"{where} is a {kind[:40]!r}; expected one of {', '.join(KINDS)}: install a newer Pastiche")
    raise CheckpointError(f"{where} has no kind in the header; save it again")


# Our encoders use the same first names as pSp files.
PASTICHE = Format(name="pastiche", detect=detect, read=read, before=("psp", "blendgan"))
