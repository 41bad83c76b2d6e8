"""A catalog of one file, a server to fetch it from, and a home of its own."""

import hashlib
import random
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from loading import module_at

from pastiche import catalog
from pastiche.catalog import read, transfer

served = module_at(Path(__file__).with_name("site.py"))

CONTENT = random.Random(0).randbytes(10_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def content():
    return CONTENT


@pytest.fixture
def answers():
    """The kinds of answers; see site.py."""
    return served


@pytest.fixture
def site():
    site = served.Site()
    yield site
    site.close()


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Where everything is kept; the network beyond this machine is out of reach."""
    monkeypatch.setenv("PASTICHE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(transfer, "CHUNK", 1000)
    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", _only_here(requests.adapters.HTTPAdapter.send))
    return tmp_path / "home"


def _only_here(send):
    """A way to send requests that reaches this machine alone."""

    def guarded(self, request, **options):
        if urlsplit(request.url).hostname != "127.0.0.1":
            raise requests.exceptions.ConnectionError(f"{request.url} is out of reach")
        return send(self, request, **options)

    return guarded


@pytest.fixture
def drive(site, home, monkeypatch):
    """Google Drive's server is the site."""
    send = requests.adapters.HTTPAdapter.send

    def led(self, request, **options):
        request.url = request.url.replace("https://drive.google.com", site.url)
        return send(self, request, **options)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", led)
    return site


@pytest.fixture
def listed(tmp_path, monkeypatch, home):
    """Make the catalog hold one file, `thing`: gives a function of its sources and of what is known of it."""

    def write(*where, **facts):
        facts = {"file": "thing.pt", "architecture": "stylegan2", "bytes": len(CONTENT), "sha256": SHA256, **facts}
        lines = [f"{name} = {value!r}" for name, value in facts.items() if value is not None]
        path = tmp_path / "catalog.toml"
        path.write_text(
            '[licenses.free]\nname = "Free License"\ncommercial = false\n\n[files.thing]\nlicense = "free"\n'
            f'homepage = "https://example.org"\npurpose = "A thing."\nsources = {list(where)!r}\n' + "\n".join(lines) + "\n"
        )
        monkeypatch.setattr(read, "catalog_file", lambda: path)
        read.entries.cache_clear()
        return home / "weights" / facts["file"]

    yield write
    read.entries.cache_clear()


@pytest.fixture
def waits():
    """How long was waited between attempts."""
    return []


@pytest.fixture
def fetch(waits):
    """Fetch `thing` without ever waiting."""

    def call(**options):
        return catalog.fetch("thing", sleep=waits.append, **options)

    return call


@pytest.fixture
def hub(site, monkeypatch):
    """Hugging Face's server is the site."""
    import huggingface_hub
    from huggingface_hub import constants, file_download

    monkeypatch.setattr(constants, "ENDPOINT", site.url)
    for module in (constants, file_download):  # older ones hold a copy there
        monkeypatch.setattr(
            module, "HUGGINGFACE_CO_URL_TEMPLATE", site.url + "/{repo_id}/resolve/{revision}/{filename}", raising=False
        )
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: "secret")
    return site
