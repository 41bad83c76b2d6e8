"""A pickle reader that runs no code from the file.

A pickle is a program for a small stack machine. This one supports the instructions that create plain containers, numbers and
text. It calls only the functions in a table of allowed globals, which are our own and check their arguments. It refuses every
other global by name, and every instruction that checkpoints do not need.

Time and memory are bounded as well. No length is trusted before the bytes are there, every step and every object is charged to
a `Budget`, and dict keys must be numbers or text: hashing a tuple that contains itself twice, nested forty times, would never
finish.
"""

import pickletools
import struct
import sys
from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from ...errors import CheckpointError, UnsafeCheckpointError
from .budget import ENTRY, OBJECT, SLOT, Budget

__all__ = ["Allowed", "Globals", "Misfit", "PlainDict", "Unpickler"]

LONGEST_TEXT = 2**18  # bytes; the source text of a module in an NVlabs pickle has about 100,000
SHORT = 256  # bytes; shorter byte strings are copied, longer ones are views
LONGEST_NAME = 200
LONGEST_NUMBER = 16
NEWEST_PROTOCOL = 5

UNSET = object()  # marks an unused memo entry
Scalar = (str, int, float, bool, type(None))
Plain = (*Scalar, dict, set, tuple)  # Python reports their size
ADVICE = "expected only tensors and plain containers; get the file from its authors, or as .safetensors"


class Misfit(CheckpointError):
    """Raised by an allowed global whose arguments are wrong; the unpickler adds the file's name."""


@runtime_checkable
class Buildable(Protocol):
    """An object whose attributes a pickle may set."""

    def build(self, state: object, /) -> None: ...


class PlainDict(dict[Any, Any]):
    """A dict that ignores extra attributes, which some writers set (state dicts, EasyDict)."""

    def build(self, _state: object, /) -> None:
        """Ignore the attributes."""


class Allowed:
    """A global that a pickle may name.

    Args:
        name: its name in the pickle.
        call: replacement function, called with the tuple of arguments; None if the global may only be named.
    """

    def __init__(self, name: str, call: Callable[[tuple[Any, ...]], Any] | None = None) -> None:
        self.name = name
        self.call = call


Globals = Mapping[tuple[str, str], Allowed]  # by module and name


class Unpickler:
    """Reads one pickle.

    Args:
        data: begins with the pickle, and may continue after it.
        allowed: the globals that it may name.
        where: the file, for messages.
        budget: of the file, which may hold several pickles.
        persistent: resolves objects outside of the pickle.
        foreign: advice for pickles of other programs, by the name of the module that they refer to.

    Attributes:
        position: after `load`, of the first byte after the pickle.
        protocol: after `load`, of the pickle.
    """

    def __init__(
        self,
        data: memoryview,
        allowed: Globals,
        where: str,
        budget: Budget,
        *,
        persistent: Callable[[object], Any] | None = None,
        foreign: Mapping[str, str] | None = None,
    ) -> None:
        self.data = data
        self.allowed = allowed
        self.where = where
        self.budget = budget
        self.persistent = persistent
        self.foreign = foreign or {}
        self.position = 0
        self.protocol = 0
        self.stack: list[Any] = []
        self.outer: list[list[Any]] = []  # the stacks below each mark
        self.memo: list[Any] = []

    def load(self) -> Any:
        """Run the pickle: returns dicts, lists, tuples, sets, numbers, text, views of bytes, and results of `allowed`
        globals.

        Raises:
            UnsafeCheckpointError: it calls something that is not allowed.
            CheckpointError: it is damaged, or larger than any checkpoint.
        """
        while True:
            self.budget.step()
            code = self.take(1)[0]
            if code == STOP:
                return self.pop()
            step = STEPS.get(code)
            if step is None:
                raise self.unknown(code)
            step(self)

    def damaged(self, found: str) -> CheckpointError:
        return CheckpointError(f"{self.where}: {found}; the file is damaged or not a checkpoint: download it again")

    def unsafe(self, what: str) -> UnsafeCheckpointError:
        return UnsafeCheckpointError(
            f"{self.where}: asks for {what}, which is more than data, and none of it was run: {ADVICE}"
        )

    def unknown(self, code: int) -> CheckpointError:
        name = INSTRUCTIONS.get(code)
        if name is None:
            return self.damaged(f"byte {self.position - 1} is not a pickle instruction")
        if name not in REFUSED:
            return self.damaged(f"it holds the pickle instruction {name}, which no checkpoint needs")
        subject = f"{self.line()}.{self.line()}, by " if name == "INST" else ""
        return self.unsafe(f"{ascii(subject)[1:-1]}the pickle instruction {name}")

    def take(self, count: int) -> memoryview:
        """The next `count` bytes."""
        start, self.position = self.position, self.position + count
        if self.position > len(self.data):
            raise self.damaged(f"its pickle ends at byte {len(self.data)}, in the middle of something")
        return self.data[start : self.position]

    def number(self, layout: struct.Struct) -> Any:
        return layout.unpack(self.take(layout.size))[0]

    def line(self) -> str:
        """Text up to the end of the line, part of a global's name."""
        head = bytes(self.data[self.position : self.position + LONGEST_NAME])
        text, newline, _ = head.partition(b"\n")
        if not newline:
            raise self.damaged("it holds an unterminated name")
        self.position += len(text) + 1
        return text.decode("utf-8", "backslashreplace")

    def string(self, size: int, encoding: str = "utf-8") -> None:
        if size > LONGEST_TEXT:
            raise self.damaged(f"it holds a text of {size} bytes, longer than any checkpoint's")
        try:
            self.push(str(self.take(size), encoding, "surrogatepass" if encoding == "utf-8" else "strict"))
        except UnicodeDecodeError as error:
            raise self.damaged("it holds text that can't be decoded") from error

    def bytestring(self, size: int) -> None:
        view = self.take(size)
        self.push(bytes(view) if size <= SHORT else view)

    def integer(self, size: int) -> None:
        if size > LONGEST_NUMBER:
            raise self.damaged(f"it holds a number of {size} bytes")
        self.push(int.from_bytes(self.take(size), "little", signed=True))

    def push(self, value: object) -> None:
        """Push a new value onto the stack."""
        self.budget.take(sys.getsizeof(value))
        self.push_again(value)

    def push_again(self, value: object) -> None:
        """Push a value that is also stored elsewhere."""
        self.budget.take(SLOT)
        self.stack.append(value)

    def pop(self) -> Any:
        if not self.stack:
            raise self.damaged("it pops a value from an empty stack")
        return self.stack.pop()

    def mark(self) -> None:
        self.budget.take(2 * SLOT + sys.getsizeof([]))
        self.outer.append(self.stack)
        self.stack = []

    def since_mark(self) -> list[Any]:
        if not self.outer:
            raise self.damaged("it pops a mark that was never set")
        items, self.stack = self.stack, self.outer.pop()
        return items

    def top(self, kind: type) -> Any:
        """The value on top of the stack, which must be a `kind`."""
        if not self.stack or not isinstance(self.stack[-1], kind):
            raise self.damaged(f"it fills a {kind.__name__} that is not there")
        return self.stack[-1]

    def last(self, count: int) -> None:
        """Replace the last values by a tuple of them."""
        if len(self.stack) < count:
            raise self.damaged("it makes a tuple of missing values")
        values = tuple(self.stack[-count:])
        del self.stack[-count:]
        self.push(values)

    def put(self, index: int) -> None:
        if not self.stack:
            raise self.damaged("it memoizes a missing value")
        missing = max(index + 1 - len(self.memo), 0)
        self.budget.take(SLOT * missing)
        self.memo += [UNSET] * missing
        self.memo[index] = self.stack[-1]

    def get(self, index: int) -> None:
        if index >= len(self.memo) or self.memo[index] is UNSET:
            raise self.damaged(f"it refers to memo {index}, which was never set")
        self.push_again(self.memo[index])

    def append(self, items: list[Any]) -> None:
        self.top(list).extend(items)

    def add(self, items: list[Any]) -> None:
        self.top(set).update(self.keys(items))

    def set_items(self, items: list[Any]) -> None:
        if len(items) % 2:
            raise self.damaged("it holds a key without a value")
        self.top(dict).update(zip(self.keys(items[::2]), items[1::2], strict=True))

    def keys(self, keys: list[Any]) -> list[Any]:
        if not all(isinstance(key, Scalar) for key in keys):
            raise self.damaged("it holds dict keys that are neither numbers nor text")
        self.budget.take(ENTRY * len(keys))
        return keys

    def pair(self) -> list[Any]:
        value, key = self.pop(), self.pop()
        return [key, value]

    def find(self, module: object, name: object) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise self.damaged("it names a global with something other than text")
        found = self.allowed.get((module, name))
        if found is None:
            full = f"{module}.{name}"[:LONGEST_NAME]
            for root, advice in self.foreign.items():
                if module == root or module.startswith(root + "."):
                    raise CheckpointError(f"{self.where}: {advice} (it asks for {full})")
            raise self.unsafe(ascii(full)[1:-1])
        self.push_again(found)

    def call(self) -> None:
        arguments, target = self.pop(), self.pop()
        if not isinstance(target, Allowed) or target.call is None or not isinstance(arguments, tuple):
            what = target.name if isinstance(target, Allowed) else f"a {type(target).__name__}"
            raise self.unsafe(f"{what} to be called")
        self.make(target.call, arguments)

    def build(self) -> None:
        state, target = self.pop(), self.top(object)
        if not isinstance(target, Buildable):
            raise self.unsafe(f"the attributes of a {type(target).__name__} to be set")
        try:
            target.build(state)
        except Misfit as error:
            raise CheckpointError(f"{self.where}: {error}") from error

    def load_persistent(self) -> None:
        key = self.pop()
        if self.persistent is None:
            raise self.unsafe("an object outside of the pickle")
        self.make(self.persistent, key)

    def make(self, function: Callable[[Any], Any], argument: object) -> None:
        try:
            value = function(argument)
        except Misfit as error:
            raise CheckpointError(f"{self.where}: {error}") from error
        self.budget.take(0 if isinstance(value, Plain) else OBJECT)
        self.push(value)

    def set_protocol(self, protocol: int) -> None:
        if protocol > NEWEST_PROTOCOL:
            raise self.damaged(f"its pickle protocol {protocol} does not exist")
        self.protocol = protocol

    def frame(self, size: int) -> None:
        if size > len(self.data) - self.position:
            raise self.damaged(f"its pickle has a frame of {size} bytes and ends before")


U1, U2, U4, U8, I4, F8 = (struct.Struct(layout) for layout in ("<B", "<H", "<I", "<Q", "<i", ">d"))
STOP = ord(".")
INSTRUCTIONS = {ord(known.code): known.name for known in pickletools.opcodes}  # all pickle instructions
REFUSED = {
    "INST",
    "OBJ",
    "NEWOBJ_EX",
    "EXT1",
    "EXT2",
    "EXT4",
    "PERSID",
}  # these call functions or look objects up, and are refused

# The supported instructions: those that pickle writes for plain data, in protocols 2 to 5.
STEPS: dict[int, Callable[[Unpickler], object]] = {
    ord(code): step
    for code, step in {
        "\x80": lambda m: m.set_protocol(m.number(U1)),
        "\x95": lambda m: m.frame(m.number(U8)),
        "(": Unpickler.mark,
        "0": Unpickler.pop,
        "1": Unpickler.since_mark,
        "2": lambda m: m.push_again(m.top(object)),
        "N": lambda m: m.push_again(None),
        "\x88": lambda m: m.push_again(True),
        "\x89": lambda m: m.push_again(False),
        "J": lambda m: m.push(m.number(I4)),
        "K": lambda m: m.push(m.number(U1)),
        "M": lambda m: m.push(m.number(U2)),
        "G": lambda m: m.push(m.number(F8)),
        "\x8a": lambda m: m.integer(m.number(U1)),
        "\x8b": lambda m: m.integer(m.number(U4)),
        "X": lambda m: m.string(m.number(U4)),
        "\x8c": lambda m: m.string(m.number(U1)),
        "\x8d": lambda m: m.string(m.number(U8)),
        "T": lambda m: m.string(m.number(U4), "latin-1"),
        "U": lambda m: m.string(m.number(U1), "latin-1"),
        "B": lambda m: m.bytestring(m.number(U4)),
        "C": lambda m: m.bytestring(m.number(U1)),
        "\x8e": lambda m: m.bytestring(m.number(U8)),
        ")": lambda m: m.push_again(()),
        "\x85": lambda m: m.last(1),
        "\x86": lambda m: m.last(2),
        "\x87": lambda m: m.last(3),
        "t": lambda m: m.push(tuple(m.since_mark())),
        "]": lambda m: m.push([]),
        "a": lambda m: m.append([m.pop()]),
        "e": lambda m: m.append(m.since_mark()),
        "}": lambda m: m.push({}),
        "s": lambda m: m.set_items(m.pair()),
        "u": lambda m: m.set_items(m.since_mark()),
        "\x8f": lambda m: m.push(set()),
        "\x90": lambda m: m.add(m.since_mark()),
        "h": lambda m: m.get(m.number(U1)),
        "j": lambda m: m.get(m.number(U4)),
        "q": lambda m: m.put(m.number(U1)),
        "r": lambda m: m.put(m.number(U4)),
        "\x94": lambda m: m.put(len(m.memo)),
        "c": lambda m: m.find(m.line(), m.line()),
        "\x93": lambda m: m.find(*m.pair()),
        "R": Unpickler.call,
        "\x81": Unpickler.call,
        "b": Unpickler.build,
        "Q": Unpickler.load_persistent,
    }.items()
}
