"""Records of downloads: a file without a published hash is verified against its first download."""

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from ..errors import DownloadError, PasticheError
from ..files import replacing
from .paths import home

__all__ = ["DownloadRecords", "Record"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Record:
    """The hash, size and source of a download."""

    sha256: str
    bytes: int
    source: str


class DownloadRecords:
    """The records in `known.json`, which several processes may write.

    If the file is read-only, for example in a shared folder, new records are dropped with a warning.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or home() / "known.json"

    def record(self, file: str) -> Record | None:
        """The record of a file, by its name on disk; None if there is none."""
        return self._read()[0].get(file)

    def remember(self, file: str, record: Record) -> None:
        """Store the record of a file."""

        def note(files: dict[str, Record], _shown: list[str]) -> None:
            files[file] = record

        self._change(note)

    def acknowledge(self, name: str) -> bool:
        """Record that the license of an entry was shown. Returns False if it was shown before."""
        if name in self._read()[1]:
            return False
        self._change(lambda _files, shown: shown.append(name))
        return True

    def _change(self, change: Callable[[dict[str, Record], list[str]], None]) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_name(f".{self.path.name}.lock"), timeout=10):
                files, shown = self._read()
                change(files, shown)
                content = {"files": {name: asdict(record) for name, record in files.items()}, "licenses_shown": shown}
                with replacing(self.path, DownloadError) as beside:
                    beside.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf8")
        except (OSError, DownloadError) as error:  # a lock timeout is an OSError too
            log.warning("can't store the records of downloads: %s", error)

    def _read(self) -> tuple[dict[str, Record], list[str]]:
        try:
            content: Any = json.loads(self.path.read_text(encoding="utf8"))
            return {name: Record(**facts) for name, facts in content["files"].items()}, list(content["licenses_shown"])
        except FileNotFoundError:
            return {}, []
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise PasticheError(
                f"{self.path}, which holds the hashes of downloaded files, can't be read ({error}): repair it, or delete it "
                "and run `pastiche weights verify`"
            ) from error
