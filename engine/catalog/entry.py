"""Entries of the catalog: a published file, its sources and its license."""

import re
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from ..latents import Space

__all__ = ["Entry", "GoogleDrive", "GoogleDriveFolder", "HuggingFace", "License", "Source", "Web", "parse_source"]

# One file layout, two architectures each: what is asked for decides where the file does not tell.
UNCLEAR = ("psp", "e4e", "restyle-psp", "restyle-e4e")
NO_CHECKPOINT = ("codes", "landmarks", "perceptual")  # read by what uses them, never on their own


@dataclass(frozen=True)
class GoogleDrive:
    """A file of Google Drive."""

    id: str

    def __str__(self) -> str:
        return f"https://drive.google.com/file/d/{self.id}/view"


@dataclass(frozen=True)
class GoogleDriveFolder:
    """A file in a shared folder of Google Drive, which is listed to find its id."""

    id: str
    path: str

    def __str__(self) -> str:
        return f"https://drive.google.com/drive/folders/{self.id}"


@dataclass(frozen=True)
class HuggingFace:
    """A file in a repository on Hugging Face."""

    repository: str
    path: str
    revision: str

    def __str__(self) -> str:
        return f"https://huggingface.co/{self.repository}/blob/{self.revision}/{self.path}"


@dataclass(frozen=True)
class Web:
    """A file at a URL."""

    url: str

    def __str__(self) -> str:
        return self.url


Source = GoogleDrive | GoogleDriveFolder | HuggingFace | Web

DRIVE = re.compile(r"gd:([\w-]+)")
FOLDER = re.compile(r"gdf:([\w-]+)/([\w./-]+)")
HUB = re.compile(r"hf:([\w.-]+/[\w.-]+)/([\w./-]+)(?:@([\w.-]+))?")


def parse_source(text: str) -> Source:
    """Parse a source of the catalog.

    Raises:
        ValueError: the text is not a source.
    """
    if found := DRIVE.fullmatch(text):
        return GoogleDrive(found[1])
    if found := FOLDER.fullmatch(text):
        return GoogleDriveFolder(found[1], found[2])
    if found := HUB.fullmatch(text):
        return HuggingFace(found[1], found[2], found[3] or "main")
    if is_secure(text):
        return Web(text)
    raise ValueError(f"{text!r} is no source: expected gd:ID, gdf:ID/PATH, hf:OWNER/REPOSITORY/PATH or https://...")


def is_secure(url: str) -> bool:
    """Whether a URL is protected against changes in transit: https, or localhost."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    return bool(parts.hostname) and (parts.scheme == "https" or local)


@dataclass(frozen=True, kw_only=True)
class License:
    """The license of a file.

    Attributes:
        commercial: whether it may be used commercially; None if the authors do not say.
    """

    name: str
    commercial: bool | None = None
    url: str | None = None
    note: str | None = None

    def __str__(self) -> str:
        use = {
            True: "commercial use is allowed",
            False: "COMMERCIAL USE IS NOT ALLOWED",
            None: "whether commercial use is allowed is not known",
        }[self.commercial]
        return " ".join(part for part in (f"{self.name}: {use}.", self.note, self.url) if part)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A file of the catalog.

    Attributes:
        name: its name in the catalog.
        file: its name on disk.
        sources: in the order to try them.
        bytes, sha256, sha256_prefix: of the whole file, if published.
        space: of an encoder's codes.
        resize: how an encoder's pictures are brought to its size, where that is not as its file has it; see `EncoderConfig`.
        folder: "torch-hub" for a file that another package reads, from torch hub's cache.
        companions: names of the other files that its method needs.
    """

    name: str
    file: str
    architecture: str
    sources: tuple[Source, ...]
    license: License
    homepage: str
    purpose: str
    bytes: int | None = None
    sha256: str | None = None
    sha256_prefix: str | None = None
    resolution: int | None = None
    space: Space | None = None
    resize: Literal["bilinear", "area"] | None = None
    folder: Literal["torch-hub"] | None = None
    companions: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The command that downloads it."""
        return f"pastiche weights get {self.name}"

    @property
    def is_checkpoint(self) -> bool:
        """Whether `pastiche.load` can read it."""
        return self.architecture not in NO_CHECKPOINT

    @property
    def options(self) -> dict[str, Any]:
        """The options of `checkpoints.load` that the file does not record."""
        told = {
            "space": self.space if self.is_checkpoint else None,
            "architecture": self.architecture if self.architecture in UNCLEAR else None,
            "resize": self.resize,
        }
        return {name: value for name, value in told.items() if value is not None}

    def accepts(self, sha256: str) -> bool:
        """Whether a file with this hash can be the published one."""
        return sha256.startswith(self.sha256 or self.sha256_prefix or "")

    def as_dict(self) -> dict[str, Any]:
        """The entry as plain data."""
        return {
            "name": self.name,
            "file": self.file,
            "architecture": self.architecture,
            "resolution": self.resolution,
            "space": self.space,
            "resize": self.resize,
            "bytes": self.bytes,
            "sha256": self.sha256,
            "sha256_prefix": self.sha256_prefix,
            "license": self.license.name,
            "commercial_use": self.license.commercial,
            "license_note": self.license.note,
            "license_url": self.license.url,
            "homepage": self.homepage,
            "purpose": self.purpose,
            "sources": [str(source) for source in self.sources],
            "with": list(self.companions),
        }
