"""Pickles of NVlabs' stylegan2-ada-pytorch and stylegan3.

Their modules are pickled with ``torch_utils.persistence`` as source text and attributes. The original reader executes the
text. Here a module becomes a `Record` of its attributes, which contain the tensors, and the text is discarded.
"""

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import CheckpointError
from .budget import Budget
from .legacy import read_legacy
from .storages import Storage, rebuild_parameter, rebuild_tensor
from .unpickler import Allowed, Globals, Misfit, PlainDict, Unpickler

__all__ = ["Record", "read_nvlabs"]

TENSORFLOW = (
    "is a TensorFlow pickle of the original StyleGAN; convert it with legacy.py of NVlabs/stylegan3, which needs no TensorFlow"
)
FOREIGN = {"dnnlib.tflib": TENSORFLOW}
VERSION = 6  # of torch_utils.persistence; there is no other


@dataclass(frozen=True)
class Record:
    """A pickled module: the name of its class and its attributes, including ``_parameters``, ``_buffers`` and ``_modules``."""

    class_name: str
    state: dict[str, Any] = field(repr=False)


def _record(arguments: tuple[Any, ...]) -> Record:
    match arguments:
        case ({"type": "class", "version": int() as version, "class_name": str() as name, "state": dict() as state},):
            if version == VERSION:
                return Record(name, state)
            raise Misfit(f"holds a module in version {version} of the persistence format; expected {VERSION}: save it again")
    raise Misfit("holds a module that NVlabs' code did not pickle; expected a file of stylegan2-ada-pytorch or stylegan3")


def _dictionary(arguments: tuple[Any, ...]) -> PlainDict:
    """An empty OrderedDict or EasyDict, which later instructions fill."""
    if arguments:
        raise Misfit("fills a dict in an unknown way; download the file again")
    return PlainDict()


def _members(arguments: tuple[Any, ...]) -> set[Any]:
    match arguments:
        case () | ([],):
            return set()
        case (list() as members,) if all(isinstance(member, str) for member in members):
            return set(members)
    raise Misfit("fills a set in an unknown way; download the file again")


class NumberType:
    """A ``numpy.dtype``, for scalars only."""

    LAYOUTS = {"f8": "d", "f4": "f", "i8": "q", "i4": "i", "u8": "Q", "u4": "I", "u1": "B", "i1": "b", "b1": "?"}  # noqa: RUF012

    def __init__(self, code: str) -> None:
        self.layout = self.LAYOUTS.get(code)
        self.order = "<"

    def build(self, state: object) -> None:
        """Set the byte order."""
        match state:
            case (int(), str() as order, *_) if order in (*"<>|=",):
                self.order = "<" if order in "|=" else order

    def read(self, data: bytes) -> float | int | bool | None:
        """The number, or None if the type is unknown."""
        if self.layout is None or struct.calcsize(self.order + self.layout) != len(data):
            return None
        return struct.unpack(self.order + self.layout, data)[0]  # type: ignore[no-any-return]


def _number_type(arguments: tuple[Any, ...]) -> NumberType:
    match arguments:
        case (str() as code, *_):
            return NumberType(code)
    raise Misfit("describes a number in an unknown way; download the file again")


def _number(arguments: tuple[Any, ...]) -> float | int | bool | None:
    """A NumPy scalar, such as a gain."""
    match arguments:
        case (NumberType() as kind, bytes() as data):
            return kind.read(data)
    raise Misfit("holds a number in an unknown way; download the file again")


class Opaque:
    """A NumPy array, such as the sizes of StyleGAN3, which is never used."""

    def build(self, _state: object) -> None:
        """Discard the contents."""


def _opaque(_arguments: tuple[Any, ...]) -> Opaque:
    return Opaque()


def _storage(where: str, budget: Budget) -> Allowed:
    """``torch.storage._load_from_bytes``: a storage within a byte string."""

    def call(arguments: tuple[Any, ...]) -> Storage:
        match arguments:
            case (bytes() | memoryview() as data,):
                writable = bytearray(data) if isinstance(data, bytes) else data  # tensors need writable memory
                root = read_legacy(memoryview(writable), {}, where, budget)
                if isinstance(root, Storage):
                    return root
        raise Misfit("holds a storage that PyTorch did not write; download the file again")

    return Allowed("torch.storage._load_from_bytes", call)


ALLOWED: Globals = {
    ("torch_utils.persistence", "_reconstruct_persistent_obj"): Allowed("_reconstruct_persistent_obj", _record),
    ("torch._utils", "_rebuild_tensor_v2"): Allowed("torch._utils._rebuild_tensor_v2", rebuild_tensor),
    ("torch._utils", "_rebuild_parameter"): Allowed("torch._utils._rebuild_parameter", rebuild_parameter),
    ("collections", "OrderedDict"): Allowed("collections.OrderedDict", _dictionary),
    ("dnnlib.util", "EasyDict"): Allowed("dnnlib.util.EasyDict", _dictionary),
    ("builtins", "set"): Allowed("set", _members),
    ("__builtin__", "set"): Allowed("set", _members),
    ("numpy", "dtype"): Allowed("numpy.dtype", _number_type),
    ("numpy", "ndarray"): Allowed("numpy.ndarray"),
} | {
    (f"numpy.{core}.multiarray", name): Allowed(f"numpy.{core}.multiarray.{name}", call)
    for core in ("core", "_core")
    for name, call in (("scalar", _number), ("_reconstruct", _opaque))
}


def read_nvlabs(path: Path, data: memoryview, budget: Budget) -> Any:
    """Read an NVlabs pickle: modules as `Record`, and tensors that are views of `data`.

    Args:
        path: path of the file.
        data: the bytes of the file, in writable memory.
        budget: of the file.

    Raises:
        UnsafeCheckpointError: it names a global that no such file needs.
        CheckpointError: it is damaged, or a TensorFlow pickle.
    """
    allowed = {**ALLOWED, ("torch.storage", "_load_from_bytes"): _storage(str(path), budget)}
    reader = Unpickler(data, allowed, str(path), budget, foreign=FOREIGN)
    root = reader.load()
    if reader.position != len(data):
        raise CheckpointError(f"{path}: {len(data) - reader.position} bytes follow its pickle; download the file again")
    return root
