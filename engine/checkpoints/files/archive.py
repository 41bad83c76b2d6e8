"""The zip archive that ``torch.save`` writes, validated before anything is read from it.

PyTorch stores its records uncompressed, in one folder, one after the other. This reader refuses everything else: compressed
records (zip bombs), records that overlap or extend beyond the file, duplicate names, and local headers that contradict the
directory. No two readers can therefore see different contents in the same bytes.
"""

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ...errors import CheckpointError
from .budget import RECORD, Budget

__all__ = ["Record", "read_directory"]

END = struct.Struct("<4sHHHHIIH")
END64 = struct.Struct("<4sQHHIIQQQQ")
LOCATOR64 = struct.Struct("<4sIQI")
ENTRY = struct.Struct("<4sHHHHHHIIIHHHHHII")
LOCAL = struct.Struct("<4sHHHHHIIIHH")

IN_64_BITS = 0xFFFFFFFF
ENCRYPTED = 0x1
LATER_SIZE = 0x8  # the local header omits the sizes, as PyTorch's does
NAME = re.compile(r"[^/\\\0]+(/(?!\.\.?(/|$))[^/\\\0]+)+")  # folder/record, never outside of the folder


class Record(NamedTuple):
    """The position of a record's bytes in the file."""

    start: int
    size: int


class _Entry(NamedTuple):
    name: str
    flags: int
    size: int
    header: int  # offset of the local header


class _Directory(NamedTuple):
    entries: int
    start: int
    size: int


def read_directory(data: memoryview, path: Path, budget: Budget) -> dict[str, Record]:
    """Read every record by its name, without the archive's folder: ``data.pkl``, ``data/0``, ...

    Raises:
        CheckpointError: ``torch.save`` does not write such an archive.
    """
    return _Reader(data, path, budget).records()


class _Reader:
    def __init__(self, data: memoryview, path: Path, budget: Budget) -> None:
        self.data = data
        self.path = path
        self.budget = budget

    def damaged(self, found: str) -> CheckpointError:
        return CheckpointError(
            f"{self.path}: {found}; expected an archive of torch.save: download the file again, or save it again"
        )

    def records(self) -> dict[str, Record]:
        directory = self._directory()
        found: dict[str, Record] = {}
        free = 0  # everything before this byte belongs to an earlier record
        folder = None
        for entry in sorted(self._entries(directory), key=lambda entry: entry.header):
            top, name = self._name(entry)
            if folder not in (None, top) or name in found:
                raise self.damaged(f"its record {entry.name!r} is a duplicate, or lies in another folder than the others")
            record = self._locate(entry)
            if entry.header < free or record.start + record.size > directory.start:
                raise self.damaged(f"its record {entry.name!r} overlaps another one or extends beyond the file")
            folder, free, found[name] = top, record.start + record.size, record
        return found

    def _directory(self) -> _Directory:
        end = len(self.data) - END.size
        if end < 0 or bytes(self.data[end : end + 4]) != b"PK\x05\x06":
            raise self.damaged("its end is missing, as after an interrupted download")
        _, disk, first_disk, here, count, size, start, comment = END.unpack_from(self.data, end)
        directory = self._directory64(end) or _Directory(count, start, size)
        if disk or first_disk or comment or here != count:
            raise self.damaged("its directory spans several files or has a comment")
        if directory.entries * ENTRY.size > directory.size:
            raise self.damaged(f"its directory claims {directory.entries} records")
        if directory.start + directory.size > end:
            raise self.damaged("its directory lies outside of the file")
        return directory

    def _directory64(self, end: int) -> _Directory | None:
        """The directory of an archive that needs 64-bit offsets."""
        at = end - LOCATOR64.size
        if at < 0 or bytes(self.data[at : at + 4]) != b"PK\x06\x07":
            return None
        start = LOCATOR64.unpack_from(self.data, at)[2]
        if start != at - END64.size or bytes(self.data[start : start + 4]) != b"PK\x06\x06":
            raise self.damaged("its 64-bit directory is not where it should be")
        *_, here, count, size, first = END64.unpack_from(self.data, start)
        if here != count or first + size > start:
            raise self.damaged("its 64-bit directory lies outside of the file")
        return _Directory(count, first, size)

    def _entries(self, directory: _Directory) -> Iterator[_Entry]:
        at, end = directory.start, directory.start + directory.size
        for _ in range(directory.entries):
            if at + ENTRY.size > end or bytes(self.data[at : at + 4]) != b"PK\x01\x02":
                raise self.damaged("its directory is damaged")
            self.budget.take(RECORD)
            fields = ENTRY.unpack_from(self.data, at)
            at += ENTRY.size
            flags, method, packed, size = fields[3], fields[4], fields[8], fields[9]
            name_size, extra_size, comment_size, header = fields[10], fields[11], fields[12], fields[16]
            name = bytes(self.data[at : at + name_size]).decode("utf-8", "replace")
            packed, size, header = self._sizes64(at + name_size, extra_size, (size, packed, header), name)
            at += name_size + extra_size + comment_size
            if at > end:
                raise self.damaged("its directory is damaged")
            if method or flags & ENCRYPTED or packed != size:
                raise self.damaged(f"its record {name!r} is compressed or encrypted, and torch.save does neither")
            yield _Entry(name, flags, size, header)

    def _sizes64(self, at: int, length: int, sizes: tuple[int, int, int], name: str) -> tuple[int, int, int]:
        """Packed size, size and position of a record, from the 64-bit field if 32 bits do not suffice."""
        if IN_64_BITS not in sizes:
            return sizes[1], sizes[0], sizes[2]
        end = at + length
        while at + 4 <= end:
            kind, count = struct.unpack_from("<HH", self.data, at)
            at += 4
            if kind == 1 and at + count <= end:
                wide = iter(struct.unpack_from(f"<{count // 8}Q", self.data, at))
                size, packed, header = (next(wide, -1) if value == IN_64_BITS else value for value in sizes)
                if min(size, packed, header) >= 0:
                    return packed, size, header
            at += count
        raise self.damaged(f"its record {name!r} has no size")

    def _name(self, entry: _Entry) -> tuple[str, str]:
        if not NAME.fullmatch(entry.name):
            raise self.damaged(f"its record {entry.name[:80]!r} has a name that torch.save does not use")
        top, _, name = entry.name.partition("/")
        return top, name

    def _locate(self, entry: _Entry) -> Record:
        """The position of the record's bytes from its local header, which must agree with the directory."""
        at = entry.header
        if at + LOCAL.size > len(self.data) or bytes(self.data[at : at + 4]) != b"PK\x03\x04":
            raise self.damaged(f"its record {entry.name!r} is not where the directory says")
        fields = LOCAL.unpack_from(self.data, at)
        flags, method, packed, size, name_size, extra_size = fields[2], fields[3], *fields[7:]
        name = bytes(self.data[at + LOCAL.size : at + LOCAL.size + name_size]).decode("utf-8", "replace")
        silent = flags & LATER_SIZE or IN_64_BITS in (packed, size)
        if name != entry.name or method or flags != entry.flags or not (silent or packed == size == entry.size):
            raise self.damaged(f"its record {entry.name!r} has a header that contradicts the directory")
        return Record(at + LOCAL.size + name_size + extra_size, entry.size)
