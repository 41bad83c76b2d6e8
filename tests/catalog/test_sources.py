"""Google Drive's pages, Hugging Face's redirects, and what is never sent or followed."""

import hashlib

import pytest
import requests

from pastiche.catalog.client import Broken, Client, Refused
from pastiche.catalog.drive import confirmed
from pastiche.errors import DownloadError

FORM = (
    '<form id="download-form" action="{action}" method="get">'
    '<input type="submit" id="uc-download-link" value="Download anyway"/>'
    '<input type="hidden" name="id" value="1abc"><input type="hidden" name="export" value="download">'
    '<input type="hidden" name="confirm" value="t"><input type="hidden" name="uuid" value="c0-ffee"></form>'
)
CONFIRM = (
    "<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title><style>p {{ color: red }}</style></head>\n"
    f"<body><p class='uc-warning-caption'>Google Drive can't scan this file for viruses.</p>{FORM}</body></html>"
)
OLDER = '<html><title>Google Drive</title><a href="/uc?export=download&amp;confirm=AbC&amp;id=1abc">go</a>'
QUOTA = """<html><head><title>Google Drive - Quota exceeded</title></head><body>
<p class="uc-error-caption">Sorry, you can't view or download this file at this time.</p>
<p class="uc-error-subcaption">Too many users have viewed or downloaded this file recently.</p></body></html>"""
LOGIN = "<html><head><title>Sign in - Google Accounts</title></head><body><form action='/signin'></form></body></html>"


def test_a_small_file_comes_at_once(drive, listed, fetch, answers, content):
    listed("gd:1abc")
    drive.on("/uc", answers.whole(content))
    assert fetch().path.read_bytes() == content
    assert drive.requests[0][0] == "/uc?export=download&id=1abc"


def test_a_large_file_is_confirmed_with_its_cookie(drive, listed, fetch, answers, content):
    listed("gd:1abc")
    drive.on("/uc", answers.page(CONFIRM.format(action=f"{drive.url}/download"), Set_Cookie="NID=511; path=/"))
    drive.on("/download", answers.whole(content, cut=4000), answers.whole(content))
    assert fetch().path.read_bytes() == content
    confirmed_at = [(path, headers) for path, headers in drive.requests if path.startswith("/download")]
    assert {path for path, _ in confirmed_at} == {"/download?id=1abc&export=download&confirm=t&uuid=c0-ffee"}
    assert confirmed_at[0][1]["Cookie"] == "NID=511"
    assert drive.ranges("/uc") == [None, None]  # a page has no range
    assert drive.ranges("/download") == [None, None, "bytes=4000-"]


def test_the_older_page_has_a_link():
    assert confirmed(OLDER, "https://drive.google.com/uc") == "https://docs.google.com/uc?export=download&confirm=AbC&id=1abc"


def test_a_spent_quota_leads_to_the_next_source(drive, listed, fetch, answers, content):
    listed("gd:1abc", drive.on("/other", answers.whole(content)))
    drive.on("/uc", answers.page(QUOTA))
    assert fetch().source.endswith("/other")


@pytest.mark.parametrize(
    ("html", "said"),
    [
        (QUOTA, "Too many users have viewed or downloaded this file recently"),
        (LOGIN, "Cannot retrieve the public link of the file"),
        ("", "Cannot retrieve the public link of the file"),
        (CONFIRM.format(action="/uc"), "asks again and again"),
    ],
)
def test_pages_that_give_nothing(drive, listed, fetch, answers, html, said):
    listed("gd:1abc")
    drive.on("/uc", answers.page(html))
    with pytest.raises(DownloadError, match=said) as caught:
        fetch()
    assert "https://drive.google.com/file/d/1abc/view" in str(caught.value)


def test_a_page_may_not_lead_to_plain_http():
    target = confirmed(CONFIRM.format(action="http://drive.example.org/download"), "https://drive.google.com/uc")
    with pytest.raises(Refused, match="not https"):
        Client().get(target, {})


ID = "1aBcDeFgHiJkLmNoPqRsTuVwXyZ-01234"
FOLDER = """<html><head><title>Cartoons</title></head><body>
<a href="https://drive.google.com/file/d/9aBcDeFgHiJkLmNoPqRsTuVwXyZ-01234/view?usp=drive_web">oil.pt</a>
<a href="https://drive.google.com/drive/folders/5aBcDeFgHiJkLmNoPqRsTuVwXyZ-01234">deep</a></body></html>"""
INNER = f"""<html><head><title>deep</title></head><body>
<a href="https://drive.google.com/file/d/{ID}/view?usp=drive_web">thing.pt</a></body></html>"""


def test_a_file_is_found_in_a_folder_and_fetched(drive, listed, fetch, answers, content):
    listed("gdf:7abc/deep/thing.pt")
    drive.on("/embeddedfolderview", answers.page(FOLDER), answers.page(INNER))
    drive.on("/uc", answers.page(CONFIRM.format(action=f"{drive.url}/download")))
    drive.on("/download", answers.whole(content))
    fetched = fetch()
    assert fetched.path.read_bytes() == content
    assert fetched.source == "https://drive.google.com/drive/folders/7abc"
    asked = [path for path, _ in drive.requests]
    assert asked[0] == "/embeddedfolderview?id=7abc"
    assert asked[2] == f"/uc?export=download&id={ID}"


def test_a_folder_without_the_file_says_what_it_holds(drive, listed, fetch, answers):
    listed("gdf:7abc/thing.pt")
    drive.on("/embeddedfolderview", answers.page(FOLDER), answers.page(INNER))
    with pytest.raises(DownloadError, match=r"folders/7abc: has no thing\.pt in it, but deep/thing\.pt, oil\.pt"):
        fetch()


def test_a_folder_that_is_not_public(drive, listed, fetch, answers):
    target = listed("gdf:7abc/thing.pt")
    drive.on("/embeddedfolderview", answers.status(403))
    with pytest.raises(DownloadError, match=r"status code 403") as caught:
        fetch()
    assert f"save the file as {target}, and run `pastiche weights verify thing`" in str(caught.value)


def test_a_folder_that_does_not_answer_is_asked_again(listed, fetch, waits):
    listed("gdf:7abc/thing.pt")
    with pytest.raises(DownloadError, match=r"no answer.*4 times in a row"):
        fetch()
    assert len(waits) == 3


def test_a_repository_is_asked_with_the_token(hub, listed, fetch, answers, content):
    listed("hf:owner/models/deep/thing.pt@v1")
    hub.on("/owner/models/resolve/v1/deep/thing.pt", answers.whole(content))
    assert fetch().path.read_bytes() == content
    assert hub.requests[0][1]["Authorization"] == "Bearer secret"


def test_the_hash_that_the_hub_tells_counts_where_none_was_published(hub, listed, fetch, answers, content):
    target = listed("hf:owner/models/thing.pt", sha256=None, bytes=None)
    hub.on("/cdn", answers.whole(content))
    digest = hashlib.sha256(content).hexdigest()
    hub.on("/owner/models/resolve/main/thing.pt", answers.redirect("/cdn", X_Linked_Etag=f'"{digest}"'))
    assert fetch().proof == "host"
    target.unlink()
    hub.on("/cdn", answers.whole(bytes(reversed(content))))
    with pytest.raises(DownloadError, match=f"sent another file: sha256 .*, expected {digest}"):
        fetch()


def test_another_file_on_the_hub_is_refused_before_it_comes(hub, listed, fetch, answers, content):
    listed("hf:owner/models/thing.pt")
    hub.on("/cdn", answers.whole(content))
    hub.on("/owner/models/resolve/main/thing.pt", answers.redirect("/cdn", X_Linked_Etag='"' + "0" * 64 + '"'))
    with pytest.raises(DownloadError, match=f"has another file: sha256 {'0' * 64}"):
        fetch()


@pytest.mark.parametrize("code", [401, 403])
def test_a_gated_repository_names_the_token(hub, listed, fetch, answers, code):
    listed("hf:owner/models/thing.pt")
    hub.on("/owner/models/resolve/main/thing.pt", answers.status(code))
    with pytest.raises(DownloadError, match=f"answers {code}.*set HF_TOKEN"):
        fetch()


def test_offline_is_obeyed(hub, listed, fetch, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    listed("hf:owner/models/thing.pt")
    with pytest.raises(DownloadError, match="HF_HUB_OFFLINE is set"):
        fetch()
    assert hub.requests == []


class Scripted(requests.adapters.BaseAdapter):
    """Answers without any network, by address."""

    def __init__(self, answers):
        super().__init__()
        self.answers, self.requests = answers, []

    def send(self, request, **_):
        self.requests.append(request)
        response = requests.Response()
        response.request, response.url = request, request.url
        response.status_code, headers = self.answers[request.url]
        response.headers.update(headers)
        response.raw = type("Raw", (), {"close": lambda self: None, "release_conn": lambda self: None})()
        return response

    def close(self):
        pass


@pytest.fixture
def scripted(monkeypatch, tmp_path):
    """A client whose servers are a table; the user has a .netrc that fits every host."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password mine\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))

    def make(answers):
        client, adapter = Client(), Scripted(answers)
        client._session.mount("https://", adapter)
        client._session.mount("http://", adapter)
        return client, adapter

    return make


@pytest.mark.parametrize("target", ["http://b.org/x", "http://127.0.0.1/x", "ftp://b.org/x", "file:///etc/passwd"])
def test_https_never_leads_to_anything_else(scripted, target):
    client, adapter = scripted({"https://a.org/x": (302, {"Location": target})})
    with pytest.raises(Refused, match=r"leads from a\.org to .* not https"):
        client.get("https://a.org/x", {})
    assert len(adapter.requests) == 1


@pytest.mark.parametrize("url", ["http://a.org/x", "http://127.0.0.1.a.org/x", "http://127.0.0.1@a.org/x"])
def test_plain_http_is_for_this_machine_alone(scripted, url):
    client, adapter = scripted({})
    with pytest.raises(Refused, match="is not https"):
        client.get(url, {})
    assert adapter.requests == []


def test_a_token_stays_with_its_host(scripted):
    path = {
        "https://a.org/x": (302, {"Location": "https://a.org/y"}),
        "https://a.org/y": (307, {"Location": "https://b.org/z"}),
    }
    client, adapter = scripted({**path, "https://b.org/z": (200, {})})
    answer = client.get("https://a.org/x", {"Range": "bytes=3-"}, private={"Authorization": "Bearer secret"})
    assert answer.url == "https://b.org/z"
    assert [request.headers.get("Authorization") for request in adapter.requests] == ["Bearer secret"] * 2 + [None]
    assert {request.headers["Range"] for request in adapter.requests} == {"bytes=3-"}


def test_a_netrc_is_not_sent(scripted):
    client, adapter = scripted({"https://a.org/x": (200, {})})
    client.get("https://a.org/x", {})
    assert "Authorization" not in adapter.requests[0].headers


@pytest.mark.parametrize(("error", "kind"), [("SSLError", Refused), ("ConnectTimeout", Broken), ("ConnectionError", Broken)])
def test_errors_that_pass_and_errors_that_do_not(scripted, error, kind):
    client, adapter = scripted({})

    def fail(*_, **__):
        raise getattr(requests.exceptions, error)("certificate has expired")

    adapter.send = fail
    with pytest.raises(kind, match="certificate has expired"):
        client.get("https://a.org/x", {})
