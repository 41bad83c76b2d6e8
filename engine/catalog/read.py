"""Strict parsing of the catalog."""

import difflib
import re
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, get_args

from ..errors import PasticheError
from ..latents import Space
from ..resources import catalog_file
from .entry import Entry, License, is_secure, parse_source

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["entries", "entry", "read_catalog"]

ARCHITECTURES = (
    "stylegan2",
    "stylegan3",
    "agilegan",
    "blendgan",
    "dualstylegan",
    "psp",
    "e4e",
    "restyle-psp",
    "restyle-e4e",
    "hvae",
    "arcface",
    "dualstylegan-sampler",
    "codes",
    "landmarks",
    "perceptual",
)
RESIZES = ("bilinear", "area")
FOLDERS = ("torch-hub",)
LICENSE = {"name": str, "commercial": bool, "url": str, "note": str}
FILE = {
    "file": str,
    "architecture": str,
    "sources": list,
    "license": str,
    "homepage": str,
    "purpose": str,
    "bytes": int,
    "sha256": str,
    "sha256_prefix": str,
    "resolution": int,
    "space": str,
    "resize": str,
    "folder": str,
    "with": list,
}
NEEDED = ("file", "architecture", "sources", "license", "homepage", "purpose")

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
FILE_NAME = re.compile(r"\w[\w.-]*")
SHA256 = re.compile(r"[0-9a-f]{64}")
PREFIX = re.compile(r"[0-9a-f]{8,63}")


@cache
def entries() -> dict[str, Entry]:
    """All entries of the bundled catalog by name, in order.

    Raises:
        PasticheError: the catalog is missing or wrong.
    """
    return read_catalog(catalog_file())


def entry(name: str) -> Entry:
    """An entry of the catalog.

    Raises:
        PasticheError: there is no such entry.
    """
    known = entries()
    if name not in known:
        near = [item for item in known if name and name in item][:3] or difflib.get_close_matches(name, known, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "`pastiche weights list` shows them all"
        raise PasticheError(f"the catalog has no {name!r}: {hint}")
    return known[name]


def read_catalog(path: Path) -> dict[str, Entry]:
    """Read and check a catalog file.

    Raises:
        PasticheError: it can't be read, or an entry is wrong; the message names it.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf8"))
        _check(content.keys() <= {"licenses", "files"}, "expected the tables [licenses] and [files] alone")
        licenses = {name: _license(name, table) for name, table in content.get("licenses", {}).items()}
        found = {name: _entry(name, table, licenses) for name, table in content.get("files", {}).items()}
        _check_together(found)
    except (OSError, ValueError) as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        raise PasticheError(f"{path}: {error}") from error
    return found


def _license(name: str, table: Any) -> License:
    where = f"licenses.{name}"
    _check_table(table, LICENSE, ("name",), where)
    _check("url" not in table or is_secure(table["url"]), f"{where}: url has to be https")
    return License(**table)


def _entry(name: str, table: Any, licenses: Mapping[str, License]) -> Entry:
    where = f"files.{name}"
    _check_table(table, FILE, NEEDED, where)
    facts = dict(table)
    _check(NAME.fullmatch(name), f"{where}: a name is lower case words and numbers with hyphens between them")
    _check(FILE_NAME.fullmatch(facts["file"]), f"{where}: file {facts['file']!r} is no plain file name")
    _check(facts["architecture"] in ARCHITECTURES, f"{where}: architecture {facts['architecture']!r} is not known")
    _check(facts["license"] in licenses, f"{where}: license {facts['license']!r} is not in [licenses]")
    _check(facts["sources"], f"{where}: it has no source")
    _check(is_secure(facts["homepage"]), f"{where}: homepage has to be https")
    _check(facts.get("bytes", 1) > 0, f"{where}: bytes has to be more than 0")
    _check(facts.get("space") in (None, *get_args(Space)), f"{where}: space {facts.get('space')!r} is not known")
    _check(facts.get("resize") in (None, *RESIZES), f"{where}: resize {facts.get('resize')!r} is not known")
    _check(facts.get("folder") in (None, *FOLDERS), f"{where}: folder {facts.get('folder')!r} is not known")
    _check_hashes(facts, where)
    try:
        facts["sources"] = tuple(parse_source(str(source)) for source in facts["sources"])
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    facts["license"] = licenses[facts["license"]]
    return Entry(name=name, companions=tuple(facts.pop("with", ())), **facts)


def _check_hashes(facts: Mapping[str, Any], where: str) -> None:
    whole, beginning = facts.get("sha256"), facts.get("sha256_prefix")
    _check(whole is None or SHA256.fullmatch(whole), f"{where}: sha256 has to be 64 hexadecimal digits in lower case")
    _check(beginning is None or PREFIX.fullmatch(beginning), f"{where}: sha256_prefix has to be 8 to 63 such digits")
    _check(whole is None or beginning is None, f"{where}: either sha256 or sha256_prefix, not both")


def _check_together(found: Mapping[str, Entry]) -> None:
    """Checks across entries."""
    files: dict[str, str] = {}
    for name, item in found.items():
        stem = Path(item.file).stem.casefold()  # converted, a file has the same stem
        _check(stem not in files, f"files.{name}: its file would be taken for that of {files.get(stem)}")
        files[stem] = name
        for companion in item.companions:
            _check(companion in found and companion != name, f"files.{name}: with names {companion!r}, which is not there")


def _check_table(table: Any, known: Mapping[str, type], needed: tuple[str, ...], where: str) -> None:
    _check(isinstance(table, dict), f"{where}: expected a table")
    unknown = sorted(set(table) - set(known))
    _check(not unknown, f"{where}: unknown key {', '.join(unknown)}; known are {', '.join(known)}")
    missing = [key for key in needed if key not in table]
    _check(not missing, f"{where}: {', '.join(missing)} is missing")
    for key, value in table.items():
        _check(type(value) is known[key], f"{where}: {key} is {value!r}; expected a {known[key].__name__}")


def _check(right: object, message: str) -> None:
    if not right:
        raise ValueError(message)
