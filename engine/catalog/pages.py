"""What Google Drive sends instead of a large file: a page that asks to confirm, or one that says no."""

import re
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

from .client import Refused

__all__ = ["confirmed", "title_of"]

QUOTA = re.compile(r"quota exceeded|too many users have viewed or downloaded", re.IGNORECASE)
QUOTA_MESSAGE = "too many people have fetched this file lately, and Google Drive asks to try again tomorrow"


class _Page(HTMLParser):
    """The title, the text, the first form, and the link of the older page."""

    def __init__(self) -> None:
        super().__init__()
        self.title = ""
        self.words: list[str] = []
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self.link: str | None = None
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = {name: value or "" for name, value in attrs}
        self._inside.append(tag)
        if tag == "form" and self.action is None:
            self.action = facts.get("action")
        elif tag == "input" and self.action is not None and facts.get("type") == "hidden" and "name" in facts:
            self.fields[facts["name"]] = facts.get("value", "")
        elif tag == "a" and (facts.get("id") == "uc-download-link" or "confirm=" in facts.get("href", "")):
            self.link = facts.get("href")

    def handle_endtag(self, tag: str) -> None:
        while tag in self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "title" in self._inside:
            self.title += data
        elif not {"script", "style"} & set(self._inside):
            self.words.append(data)


def title_of(page: str) -> str:
    """A page in a few words."""
    found = _parsed(page)
    return " ".join((found.title or " ".join(found.words)).split())[:120] or "an empty one"


def confirmed(page: str, url: str) -> str:
    """The address that the file comes from once a page of Google Drive is confirmed.

    Args:
        page: HTML.
        url: of the page.

    Raises:
        Refused: there is nothing to confirm: the quota is spent, or the file is not public.
    """
    found = _parsed(page)
    if QUOTA.search(f"{found.title} {' '.join(found.words)}"):
        raise Refused(QUOTA_MESSAGE)
    if found.action and "confirm" in found.fields:
        target = urlsplit(urljoin(url, found.action))
        return urlunsplit(target._replace(query=urlencode(found.fields)))
    if found.link:
        return urljoin(url, found.link)
    raise Refused(f"sends a web page instead of the file: {title_of(page)}")


def _parsed(page: str) -> _Page:
    found = _Page()
    found.feed(page)
    found.close()
    return found
