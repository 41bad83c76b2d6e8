"""Requests to each kind of source, for a file or the rest of one.

For files on the Hugging Face Hub, huggingface_hub builds the URL and finds the user's token, its offline switch and its
endpoint. The transfer itself stays with our client, because `hf_hub_download` (read in versions up to 2.4) would break what
`fetch` promises:

    resume        it deletes its partial file when a download fails, so neither a later run nor another source can continue it
    https only    its client follows redirects to any scheme
    verification  it compares the length of a file, but not the sha256 of its content
    disk space    it logs a warning if there is not enough, and downloads all the same
"""

import re
from collections.abc import Mapping
from html import unescape

from .client import Answer, Client, Refused
from .drive import confirmed, file_in
from .entry import GoogleDrive, GoogleDriveFolder, HuggingFace, Source

__all__ = ["ask"]

DRIVE = "https://drive.google.com/uc?export=download&id={id}"
MOST_PAGES = 3
TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)


def ask(source: Source, client: Client, headers: Mapping[str, str]) -> Answer:
    """Request the file of a source.

    Args:
        source: a source of the catalog.
        client: the HTTP client.
        headers: for the request of the file, such as a range.

    Raises:
        Refused: a permanent error.
        Broken: a temporary error.
    """
    if isinstance(source, GoogleDrive):
        return _google_drive(source, client, headers)
    if isinstance(source, GoogleDriveFolder):
        return _google_drive(file_in(source), client, headers)
    if isinstance(source, HuggingFace):
        return _no_page(_hugging_face(source, client, headers))
    return _no_page(client.get(source.url, headers))


def _google_drive(source: GoogleDrive, client: Client, headers: Mapping[str, str]) -> Answer:
    """Through the page that asks to confirm a large file; a range is asked of the file, never of that page."""
    url = DRIVE.format(id=source.id)
    for _ in range(MOST_PAGES):
        answer = client.get(url, {})
        if not answer.is_page:
            if not headers:
                return answer
            answer.close()
            return _no_page(client.get(url, headers))
        try:
            url = confirmed(answer.page(), answer.url)
        finally:
            answer.close()
    raise Refused("asks again and again to confirm the download")


def _hugging_face(source: HuggingFace, client: Client, headers: Mapping[str, str]) -> Answer:
    from huggingface_hub import constants, get_token, hf_hub_url  # noqa: PLC0415 (importing Pastiche has to stay quick)

    if constants.HF_HUB_OFFLINE:
        raise Refused("HF_HUB_OFFLINE is set")
    url = hf_hub_url(source.repository, source.path, revision=source.revision)
    token = None if constants.HF_HUB_DISABLE_IMPLICIT_TOKEN else get_token()
    try:
        return client.get(url, headers, private={"Authorization": f"Bearer {token}"} if token else {})
    except Refused as error:
        if error.status in (401, 403):
            raise Refused(f"{error}: ask for access on its page, and set HF_TOKEN") from error
        raise


def _no_page(answer: Answer) -> Answer:
    if not answer.is_page:
        return answer
    try:
        title = TITLE.search(answer.page())
        words = " ".join(unescape(title[1]).split())[:120] if title else ""
        raise Refused(f"sends a web page instead of the file: {words or 'one without a title'}")
    finally:
        answer.close()
