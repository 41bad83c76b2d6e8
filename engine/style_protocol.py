"""The protocol that the styles of all methods implement, and the loading and saving of style files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from torch import Tensor

from .errors import Advice, StyleError
from .latents import Latent
from .stylegan2 import Generator, LatentGenerator
from .stylegan2.fingerprint import fingerprint
from .tensor_files import TensorFile

__all__ = ["Style", "check_strength", "expect_base", "load_style", "read_style", "register", "write_style"]


@runtime_checkable
class Style(Protocol):
    """The interface of every style. Controls of single methods are additional keyword arguments."""

    def __call__(self, latent: Latent, *, strength: float = 1.0) -> Tensor:
        """Images ``[N, 3, H, W]``, nominally in [-1, 1]. Strength 0 gives the plain face, 1 the full style."""
        ...

    def save(self, path: str | Path) -> None:
        """Save the style to a ``.safetensors`` file."""
        ...


HEADER = "pastiche.style"
FILE = TensorFile(
    header=HEADER,
    what="a style",
    writer=Advice(python="`Style.save`", command="`pastiche one-shot`", node="Save Style"),
    refusal=StyleError,
)


def check_strength(strength: object) -> None:
    """Check a strength, or a sequence of strengths.

    Raises:
        StyleError: it is not a number from 0 to 1.
    """
    amounts = strength if isinstance(strength, list | tuple) else [strength]
    if not all(isinstance(amount, int | float) and 0 <= amount <= 1 for amount in amounts):
        raise StyleError(f"strength is {strength!r}: expected a number from 0 (the plain face) to 1 (the full style)")


Loader = Callable[[dict[str, Tensor], dict[str, Any], Generator], Style]
Base = TypeVar("Base", bound=Generator)
_LOADERS: dict[str, Loader] = {}


def register(method: str) -> Callable[[Loader], Loader]:
    """Register a loader for a method's styles. `method` is the name in the file's header."""

    def add(loader: Loader) -> Loader:
        _LOADERS[method] = loader
        return loader

    return add


def load_style(path: str | Path, generator: Generator) -> Style:
    """Load a saved style.

    Args:
        generator: the base generator that the style was learned on.

    Raises:
        StyleError: the file is not a style, was learned on another generator, or `generator` is not a generator.
    """
    if not isinstance(generator, LatentGenerator):
        raise StyleError(f"{path} needs the generator that it was learned on, not a {type(generator).__name__}")
    tensors, facts = read_style(Path(path), str(generator.w_avg.device))
    method = facts.get("method")
    if not isinstance(method, str) or method not in _LOADERS:
        raise StyleError(f"{path} holds a style of the method {method!r}, which this version does not support")
    return _LOADERS[method](tensors, {**facts, "path": str(path)}, generator)


def read_style(path: Path, device: str = "cpu") -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read the tensors and metadata of a style file.

    Raises:
        StyleError: the file can't be read, or is not a style.
    """
    return FILE.read_facts(path, device)


def write_style(path: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Save a style's tensors and metadata, atomically.

    Raises:
        StyleError: it can't be written.
    """
    FILE.write(path, tensors, json.dumps(facts, sort_keys=True))


def expect_base(facts: dict[str, Any], generator: Generator, kind: type[Base]) -> Base:
    """Return the generator if it is the one that a style was learned on.

    Args:
        facts: the metadata of the style's file.
        kind: the class of the method's generators.

    Raises:
        StyleError: it is another generator.
    """
    found, wanted = fingerprint(generator), str(facts.get("base"))
    if wanted == found and isinstance(generator, kind):
        return generator
    name = facts.get("base_name", "unknown")
    raise StyleError(
        f"{facts['path']} was learned on another generator ({name}, fingerprint {wanted[:12]}) than the one given "
        f"(fingerprint {found[:12]}): load that generator, or learn the style again on this one"
    )
