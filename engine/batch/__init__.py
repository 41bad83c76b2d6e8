"""Folders of pictures in a style: streamed, in batches, and resumed after an interruption."""

from .items import Item, find_items
from .journal import Journal, Record
from .run import BatchReport, stylize_folder
from .stylizer import Prepared, Stylizer

__all__ = ["BatchReport", "Item", "Journal", "Prepared", "Record", "Stylizer", "find_items", "stylize_folder"]
