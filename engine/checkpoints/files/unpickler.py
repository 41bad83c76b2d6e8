"""A reader of pickles that runs nothing.

A pickle is a program for a small stack machine. This one knows the instructions that make plain
containers, numbers and text, and it calls only what a table of globals names: our own functions, which
check what they are given. Every other global is refused by its name, and so is every instruction that
checkpoints have no use for.

What a pickle may take is bounded as well: no length is believed before the bytes are there, every step
and every object is paid for from a `Budget`, and keys are numbers and text, since the hash of a tuple that
holds itself twice, forty times over, would never be done.
"""

import pickletools
import struct
import sys
from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from ...errors import CheckpointError, UnsafeCheckpointError
from .budget import ENTRY, OBJECT, SLOT, Budget

__all__ = ["Allowed", "Globals", "Misfit", "PlainDict", "Unpickler"]

LONGEST_TEXT = 2**18  # bytes; the source text of a module in an NVlabs pickle has a hundred thousand
SHORT = 256  # byte strings up to this size are copied, longer ones stay views
LONGEST_NAME = 200
LONGEST_NUMBER = 16
NEWEST_PROTOCOL = 5

NOTHING = object()  # in a place that no value was kept in
Scalar = (str, int, float, bool, type(None))
Plain = (*Scalar, dict, set, tuple)  # whose size Python knows
ADVICE = "expected tensors and plain containers alone; get the file from its authors, or as .safetensors"


class Misfit(CheckpointError):
    """Raised by what a pickle calls, when the arguments don't fit; the unpickler adds the file's name."""


@runtime_checkable
class Buildable(Protocol):
    """What an instruction may give attributes to."""

    def build(self, state: object, /) -> None: ...


class PlainDict(dict[Any, Any]):
    """A dict to which some writers give attributes besides (state dicts, EasyDict): those are dropped."""

    def build(self, _state: object, /) -> None:
        """Drop the attributes."""


class Allowed:
    """A global that a pickle may name.

    Args:
        name: as the pickle spells it.
        call: what takes its place when it is called, with the tuple of arguments; None if it may only be named.
    """

    def __init__(self, name: str, call: Callable[[tuple[Any, ...]], Any] | None = None) -> None:
        self.name = name
        self.call = call


Globals = Mapping[tuple[str, str], Allowed]  # by module and name


class Unpickler:
    """Reads one pickle.

    Args:
        data: where the pickle is; may go on after it.
        allowed: the globals that it may name.
        where: the file, for messages.
        budget: of the file, which may hold other pickles.
        persistent: what takes the place of objects that are kept outside of the pickle.
        foreign: modules of other programs, whose files are refused with a word on what they are.

    Attributes:
        position: after `load`, of the first byte behind the pickle.
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
        """What the pickle holds: dicts, lists, tuples, sets, numbers, text, views of bytes, and what `allowed` makes.

        Raises:
            UnsafeCheckpointError: it asks for something to be called that is not allowed.
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

    # --- reading ---------------------------------------------------------------------------------

    def damaged(self, found: str) -> CheckpointError:
        return CheckpointError(f"{self.where}: {found}; the file is damaged or no checkpoint: download it again")

    def unsafe(self, what: str) -> UnsafeCheckpointError:
        return UnsafeCheckpointError(
            f"{self.where}: asks for {what}, which is more than data, and none of it was run: {ADVICE}"
        )

    def unknown(self, code: int) -> CheckpointError:
        name = INSTRUCTIONS.get(code)
        if name is None:
            return self.damaged(f"byte {self.position - 1} is no instruction of a pickle")
        if name not in CALLING:
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
        """Text up to the end of the line, which belongs to a global's name."""
        head = bytes(self.data[self.position : self.position + LONGEST_NAME])
        text, newline, _ = head.partition(b"\n")
        if not newline:
            raise self.damaged("it holds a name without an end")
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

    # --- the stack -------------------------------------------------------------------------------

    def push(self, value: object) -> None:
        """Put a value on the stack that was made just now."""
        self.budget.take(sys.getsizeof(value))
        self.push_again(value)

    def push_again(self, value: object) -> None:
        """Put a value on the stack that is kept elsewhere."""
        self.budget.take(SLOT)
        self.stack.append(value)

    def pop(self) -> Any:
        if not self.stack:
            raise self.damaged("it takes a value from an empty stack")
        return self.stack.pop()

    def mark(self) -> None:
        self.budget.take(2 * SLOT + sys.getsizeof([]))
        self.outer.append(self.stack)
        self.stack = []

    def since_mark(self) -> list[Any]:
        if not self.outer:
            raise self.damaged("it goes back to a mark that was never set")
        items, self.stack = self.stack, self.outer.pop()
        return items

    def top(self, kind: type) -> Any:
        """The value on the stack, which has to be a `kind`."""
        if not self.stack or not isinstance(self.stack[-1], kind):
            raise self.damaged(f"it fills a {kind.__name__} where there is none")
        return self.stack[-1]

    def last(self, count: int) -> None:
        """The last values as a tuple."""
        if len(self.stack) < count:
            raise self.damaged("it makes a tuple of values that are missing")
        values = tuple(self.stack[-count:])
        del self.stack[-count:]
        self.push(values)

    def put(self, index: int) -> None:
        if not self.stack:
            raise self.damaged("it keeps a value that is missing")
        missing = max(index + 1 - len(self.memo), 0)
        self.budget.take(SLOT * missing)
        self.memo += [NOTHING] * missing
        self.memo[index] = self.stack[-1]

    def get(self, index: int) -> None:
        if index >= len(self.memo) or self.memo[index] is NOTHING:
            raise self.damaged(f"it refers to value {index}, which was never kept")
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
            raise self.damaged("it holds keys that are neither numbers nor text")
        self.budget.take(ENTRY * len(keys))
        return keys

    def pair(self) -> list[Any]:
        value, key = self.pop(), self.pop()
        return [key, value]

    # --- what a pickle may call ------------------------------------------------------------------

    def find(self, module: object, name: object) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise self.damaged("it names a global by something other than text")
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

    def outside(self) -> None:
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

    def announce(self, protocol: int) -> None:
        if protocol > NEWEST_PROTOCOL:
            raise self.damaged(f"its pickle protocol {protocol} does not exist")
        self.protocol = protocol

    def frame(self, size: int) -> None:
        if size > len(self.data) - self.position:
            raise self.damaged(f"its pickle announces {size} bytes and ends before")


U1, U2, U4, U8, I4, F8 = (struct.Struct(layout) for layout in ("<B", "<H", "<I", "<Q", "<i", ">d"))
STOP = ord(".")
INSTRUCTIONS = {ord(known.code): known.name for known in pickletools.opcodes}  # all that there are
CALLING = {"INST", "OBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4", "PERSID"}  # those that call or look up, and are not obeyed

# Every instruction that is obeyed: those that pickle writes for plain data, in protocols 2 to 5.
STEPS: dict[int, Callable[[Unpickler], object]] = {
    ord(code): step
    for code, step in {
        "\x80": lambda m: m.announce(m.number(U1)),
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
        "Q": Unpickler.outside,
    }.items()
}
