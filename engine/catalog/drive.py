"""Google Drive, as gdown knows it: its folders, and the pages that it sends instead of a large file."""

from pathlib import PurePath
from urllib.parse import urljoin

import requests

from .client import TIMEOUT, Broken, Refused
from .entry import GoogleDrive, GoogleDriveFolder

__all__ = ["confirmed", "file_in"]

SHOWN = 8  # names of other files in a message


def file_in(folder: GoogleDriveFolder) -> GoogleDrive:
    """The file that a shared folder holds at a path.

    Raises:
        Refused: the folder is not public, or has no such file.
        Broken: Google Drive does not answer.
    """
    import gdown  # noqa: PLC0415 (slow to import)

    try:
        listed = gdown.download_folder(id=folder.id, skip_download=True, quiet=True, use_cookies=False, timeout=TIMEOUT)
    except gdown.exceptions.DownloadError as error:
        raise Refused(_line(error)) from error
    except requests.RequestException as error:
        raise Broken(f"no answer ({_line(error)})") from error
    found = {PurePath(item.path).as_posix(): item.id for item in listed if not isinstance(item, str)}
    if folder.path not in found:
        there = ", ".join(sorted(found)[:SHOWN]) or "nothing"
        raise Refused(f"has no {folder.path} in it, but {there}{', ...' if len(found) > SHOWN else ''}")
    return GoogleDrive(found[folder.path])


def confirmed(page: str, url: str) -> str:
    """The address that a file comes from once a page of Google Drive is confirmed.

    Args:
        page: HTML.
        url: of the page.

    Raises:
        Refused: there is nothing to confirm: the quota is spent, or the file is not public.
    """
    from gdown.download import get_url_from_gdrive_confirmation  # noqa: PLC0415 (slow to import)
    from gdown.exceptions import FileURLRetrievalError  # noqa: PLC0415 (as above)

    try:
        return urljoin(url, get_url_from_gdrive_confirmation(page))
    except FileURLRetrievalError as error:
        raise Refused(_line(error)) from error


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
