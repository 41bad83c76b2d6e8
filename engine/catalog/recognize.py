"""Which published file a file is, whatever its name and wherever it lies: by its hash, taken once and remembered."""

import json
import logging
from pathlib import Path
from typing import Any

from ..errors import DownloadError
from ..files import replacing
from .entry import Entry
from .known import Known
from .part import hash_file
from .places import home
from .read import entries

__all__ = ["recognize"]

log = logging.getLogger(__name__)


def recognize(path: Path) -> Entry | None:
    """The entry whose published hash, or whose first download's, a file has; None if there is none.

    The hash is kept in `hashes.json`, and taken anew once the file's size or date is another.

    Raises:
        OSError: the file can't be read.
        PasticheError: the catalog, or the records of downloads, can't be read.
    """
    sha256, known = _sha256(path), Known()
    for item in entries().values():
        record = known.record(item.file)
        published = item.sha256 or item.sha256_prefix
        if item.accepts(sha256) if published else record is not None and record.sha256 == sha256:
            return item
    return None


def _sha256(path: Path) -> str:
    place, facts = path.resolve(), path.stat()
    key, version = str(place), [facts.st_size, facts.st_mtime_ns]
    kept = _kept()
    entry = kept.get(key)
    if isinstance(entry, list) and entry[:2] == version and len(entry) == 3:
        return str(entry[2])
    log.info("%s: computing its sha256, to see whether it is a published file; later runs skip this", path)
    sha256 = hash_file(place).hexdigest()
    _keep({**kept, key: [*version, sha256]})
    return sha256


def _file() -> Path:
    return home() / "hashes.json"


def _kept() -> dict[str, Any]:
    try:
        content = json.loads(_file().read_text(encoding="utf8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _keep(hashes: dict[str, Any]) -> None:
    """Two processes at once may lose an entry, which only costs its hash again."""
    try:
        _file().parent.mkdir(parents=True, exist_ok=True)
        with replacing(_file(), DownloadError) as beside:
            beside.write_text(json.dumps(hashes, indent=2, sort_keys=True) + "\n", encoding="utf8")
    except (OSError, DownloadError) as error:
        log.info("hashes of files are not kept: %s", error)
