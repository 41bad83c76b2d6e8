"""The catalog of published weights: their entries, their files, and downloads on request.

item = catalog.entry("e4e-ffhq")
path = catalog.fetch("e4e-ffhq").path
checkpoint = pastiche.load("catalog:e4e-ffhq")  # never downloads
"""

from .entry import Entry, License, Source
from .fetch import Fetched, fetch
from .paths import find, folder_of, home, is_converted, locate, weights_folder
from .read import entries, entry, read_catalog
from .recognize import recognize
from .records import DownloadRecords
from .verify import Check, Verdict, remember, verify

__all__ = [
    "Check",
    "DownloadRecords",
    "Entry",
    "Fetched",
    "License",
    "Source",
    "Verdict",
    "entries",
    "entry",
    "fetch",
    "find",
    "folder_of",
    "home",
    "is_converted",
    "locate",
    "read_catalog",
    "recognize",
    "remember",
    "verify",
    "weights_folder",
]
