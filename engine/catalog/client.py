"""Asking servers for files: over https alone, and telling apart what may pass from what will not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from .entry import is_secure

__all__ = ["Answer", "Broken", "Client", "Refused"]

TIMEOUT = (20, 60)  # seconds to connect, and between two pieces
MOST_REDIRECTS = 10
REDIRECTS = (301, 302, 303, 307, 308)
GOOD = (200, 206, 416)
PASSING = (408, 425, 429, 500, 502, 503, 504)  # worth asking again
LONGEST_PAGE = 2**20


class Refused(Exception):
    """A source will not give the file; the next one may.

    Attributes:
        status: that the server answered with, if it was that.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Broken(Exception):
    """Something that may pass: the connection was cut, the server is busy.

    Attributes:
        wait: seconds that the server asked for.
    """

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass
class Answer:
    """What a server sent: headers at once, the content when it is read.

    Attributes:
        url: that answered in the end.
        vouched: the sha256 that a redirect named on the way, as Hugging Face does for large files.
    """

    response: requests.Response
    url: str
    vouched: str | None = None

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def is_page(self) -> bool:
        """Whether it is a web page, which no weights are."""
        return self.header("Content-Type").lower().startswith("text/html")

    def header(self, name: str) -> str:
        """A header, or nothing."""
        return str(self.response.headers.get(name, ""))

    def read(self, size: int) -> bytes:
        """The next bytes, at most `size`; none at the end.

        Raises:
            Broken: the connection was cut.
        """
        try:
            return bytes(self.response.raw.read(size, decode_content=False))
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Broken(f"the connection was cut ({_brief(error)})") from error

    def page(self) -> str:
        """The text of a web page."""
        content = self.read(LONGEST_PAGE)
        return content.decode("utf8", errors="replace")

    def close(self) -> None:
        self.response.close()


class _Session(requests.Session):
    """A session that leaves redirects to the client."""

    def get_redirect_target(self, _resp: requests.Response) -> None:
        return None


class Client:
    """A session with servers, which keeps cookies. To be closed."""

    def __init__(self) -> None:
        self._session = _Session()
        self._session.auth = _no_password

    def close(self) -> None:
        self._session.close()

    def get(self, url: str, headers: Mapping[str, str], private: Mapping[str, str] | None = None) -> Answer:
        """Ask for an address, and follow where it leads; from https never to anything else.

        Args:
            url: https; http for this machine itself.
            headers: to send.
            private: headers to send to this host alone.

        Raises:
            Refused: the server says no, or leads astray.
            Broken: no answer, or one that may be another later.
        """
        host = urlsplit(url).netloc
        vouched = None
        for _ in range(MOST_REDIRECTS):
            own = private if private and urlsplit(url).netloc == host else {}
            response = self._ask(url, {"User-Agent": "pastiche", "Accept-Encoding": "identity", **headers, **own})
            vouched = vouched or _hash_of(response.headers.get("X-Linked-Etag", ""))
            if response.status_code not in REDIRECTS or "Location" not in response.headers:
                return _judged(Answer(response, url, vouched))
            response.close()
            url = _followed(url, response.headers["Location"])
        raise Refused(f"leads from one address to another more than {MOST_REDIRECTS} times")

    def _ask(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        if not is_secure(url):
            raise Refused(f"{url} is not https")
        try:
            return self._session.get(url, headers=dict(headers), stream=True, allow_redirects=False, timeout=TIMEOUT)
        except (requests.exceptions.SSLError, requests.exceptions.InvalidURL) as error:
            raise Refused(_brief(error)) from error
        except requests.RequestException as error:
            raise Broken(f"no answer ({_brief(error)})") from error


def _no_password(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps requests from sending what .netrc holds."""
    return request


def _followed(url: str, location: str) -> str:
    """Where a redirect leads."""
    target = urljoin(url, location)
    if not is_secure(target) or (url.startswith("https:") and not target.startswith("https:")):
        raise Refused(f"leads from {urlsplit(url).netloc} to {target}, which is not https")
    return target


def _judged(answer: Answer) -> Answer:
    """The answer, if it can be one with the file."""
    if answer.status in GOOD:
        if answer.header("Content-Encoding") not in ("", "identity"):
            answer.close()
            raise Refused(f"sends it compressed ({answer.header('Content-Encoding')}), which was not asked for")
        return answer
    answer.close()
    says = f"answers {answer.status} {answer.response.reason or ''}".strip()
    if answer.status in PASSING:
        raise Broken(says, _wait(answer.header("Retry-After")))
    raise Refused(says, answer.status)


def _wait(after: str) -> float | None:
    """Seconds that a Retry-After asks for, which it gives as a number or as a date."""
    if after.strip().isdigit():
        return float(after)
    try:
        date = parsedate_to_datetime(after)
    except (TypeError, ValueError):
        return None
    date = date if date.tzinfo else date.replace(tzinfo=timezone.utc)
    return max((date - datetime.now(timezone.utc)).total_seconds(), 0.0)


def _hash_of(etag: str) -> str | None:
    """The sha256 in an X-Linked-Etag; small files have another hash there."""
    digits = etag.removeprefix("W/").strip('"').lower()
    return digits if len(digits) == 64 and set(digits) <= set("0123456789abcdef") else None


def _brief(error: BaseException) -> str:
    """The innermost reason of an error that several layers have wrapped."""
    while True:
        inner = getattr(error, "reason", None) or next((item for item in error.args if isinstance(item, BaseException)), None)
        if not isinstance(inner, BaseException):
            return str(error) or type(error).__name__
        error = inner
