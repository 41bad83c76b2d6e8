"""Requests to servers over https, which distinguish temporary from permanent errors."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from .entry import is_secure

__all__ = ["Answer", "Broken", "Client", "Refused"]

TIMEOUT = (20, 60)  # seconds to connect, and between two chunks
MOST_REDIRECTS = 10
REDIRECTS = (301, 302, 303, 307, 308)
GOOD = (200, 206, 416)
PASSING = (408, 425, 429, 500, 502, 503, 504)  # worth a retry
LONGEST_PAGE = 2**20


class Refused(Exception):
    """A permanent error of a source; the next source may work.

    Attributes:
        status: the HTTP status, if the server answered.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Broken(Exception):
    """A temporary error: a lost connection or a busy server.

    Attributes:
        wait: seconds to wait, if the server named them.
    """

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass
class Answer:
    """A server's response. The content is streamed when it is read.

    Attributes:
        url: the final URL after redirects.
        vouched: the sha256 that a redirect reported, as Hugging Face does for large files.
    """

    response: requests.Response
    url: str
    vouched: str | None = None

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def is_page(self) -> bool:
        """Whether it is a web page instead of a file."""
        return self.header("Content-Type").lower().startswith("text/html")

    def header(self, name: str) -> str:
        """A header, or an empty string."""
        return str(self.response.headers.get(name, ""))

    def read(self, size: int) -> bytes:
        """Read at most `size` bytes; empty at the end.

        Raises:
            Broken: the connection was lost.
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
    """A session that does not follow redirects itself."""

    def get_redirect_target(self, _resp: requests.Response) -> None:
        return None


class Client:
    """An HTTP client that keeps cookies. Close it after use."""

    def __init__(self) -> None:
        self._session = _Session()
        self._session.auth = _no_password

    def close(self) -> None:
        self._session.close()

    def get(self, url: str, headers: Mapping[str, str], private: Mapping[str, str] | None = None) -> Answer:
        """Request a URL and follow redirects, from https only to https.

        Args:
            url: https; http only for localhost.
            headers: to send.
            private: headers that are not sent on to other hosts.

        Raises:
            Refused: the server refuses, or redirects to an insecure URL.
            Broken: no response, or a temporary error.
        """
        host = urlsplit(url).netloc
        vouched = None
        for _ in range(MOST_REDIRECTS):
            own = private if private and urlsplit(url).netloc == host else {}
            response = self._ask(url, {"User-Agent": "pastiche", "Accept-Encoding": "identity", **headers, **own})
            vouched = vouched or _hash_of(response.headers.get("X-Linked-Etag", ""))
            if response.status_code not in REDIRECTS or "Location" not in response.headers:
                return _checked(Answer(response, url, vouched))
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
    """Prevents requests from sending passwords of .netrc."""
    return request


def _followed(url: str, location: str) -> str:
    """The target of a redirect."""
    target = urljoin(url, location)
    if not is_secure(target) or (url.startswith("https:") and not target.startswith("https:")):
        raise Refused(f"leads from {urlsplit(url).netloc} to {target}, which is not https")
    return target


def _checked(answer: Answer) -> Answer:
    """Check the status of a response."""
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
    """Seconds of a Retry-After header, which holds a number or a date."""
    if after.strip().isdecimal():
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
