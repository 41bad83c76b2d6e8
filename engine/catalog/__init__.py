"""The catalog of published weights: which there are, where they are, and fetching them when asked to.

item = catalog.entry("e4e-ffhq")
path = catalog.fetch("e4e-ffhq").path
checkpoint = pastiche.load("catalog:e4e-ffhq")  # never downloads
"""

from .entry import Entry, License, Source
from .fetch import Fetched, fetch
from .known import Known
from .places import find, folder_of, home, is_converted, locate, weights_folder
from .read import entries, entry, read_catalog
from .recognize import recognize
from .verify import Check, Verdict, remember, verify

__all__ = [
    "Check",
    "Entry",
    "Fetched",
    "Known",
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
