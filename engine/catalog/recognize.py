"""Recognition of published files by their hash, whatever their name and folder. Hashes are cached."""

import json
import logging
from pathlib import Path
from typing import Any

from ..errors import DownloadError
from ..files import replacing
from .entry import Entry
from .part import hash_file
from .paths import home
from .read import entries
from .records import DownloadRecords

__all__ = ["recognize"]

log = logging.getLogger(__name__)


def recognize(path: Path) -> Entry | None:
    """The entry whose hash, published or of its first download, matches a file; None if there is none.

    The hash is cached in `hashes.json` until the size or the modification time of the file changes.

    Raises:
        OSError: the file can't be read.
        PasticheError: the catalog, or the records of downloads, can't be read.
    """
    sha256, records = _sha256(path), DownloadRecords()
    for item in entries().values():
        record = records.record(item.file)
        published = item.sha256 or item.sha256_prefix
        if item.accepts(sha256) if published else record is not None and record.sha256 == sha256:
            return item
    return None


def _sha256(path: Path) -> str:
    place, facts = path.resolve(), path.stat()
    key, version = str(place), [facts.st_size, facts.st_mtime_ns]
    cache = _read_cache()
    entry = cache.get(key)
    if isinstance(entry, list) and entry[:2] == version and len(entry) == 3:
        return str(entry[2])
    log.info("%s: computing its sha256, to check whether it is a published file; later runs skip this", path)
    sha256 = hash_file(place).hexdigest()
    _write_cache({**cache, key: [*version, sha256]})
    return sha256


def _file() -> Path:
    return home() / "hashes.json"


def _read_cache() -> dict[str, Any]:
    try:
        content = json.loads(_file().read_text(encoding="utf8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write_cache(hashes: dict[str, Any]) -> None:
    """Concurrent writes may lose an entry, which is then computed again."""
    try:
        _file().parent.mkdir(parents=True, exist_ok=True)
        with replacing(_file(), DownloadError) as beside:
            beside.write_text(json.dumps(hashes, indent=2, sort_keys=True) + "\n", encoding="utf8")
    except (OSError, DownloadError) as error:
        log.info("can't store the hashes of files: %s", error)
