"""Fetching from servers that are slow, busy, wrong or cut off."""

import errno
import hashlib
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from pathlib import Path
from types import SimpleNamespace

import pytest

from pastiche import catalog
from pastiche.catalog import transfer
from pastiche.catalog.part import Part
from pastiche.errors import Cancelled, DownloadError, PasticheError


def leftovers(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_a_file_comes_whole(site, listed, fetch, answers, content):
    target = listed(site.on("/thing", answers.whole(content)))
    steps = []
    fetched = fetch(progress=steps.append)
    assert fetched.path == target
    assert target.read_bytes() == content
    assert fetched.proof == "published"
    assert leftovers(target.parent) == ["thing.pt"]
    assert [step.index for step in steps] == list(range(1000, 10_001, 1000))
    assert {step.total for step in steps} == {10_000}


def test_what_is_there_is_not_fetched_again(site, listed, fetch, answers, content, tmp_path):
    listed(site.on("/thing", answers.whole(content)))
    assert fetch().source == f"{site.url}/thing"
    assert fetch().source is None
    other = tmp_path / "models"
    assert fetch(folder=other).source is None
    assert len(site.requests) == 1
    assert not other.exists()


def test_it_goes_where_it_is_told_to(site, listed, fetch, answers, content, tmp_path):
    listed(site.on("/thing", answers.whole(content)))
    assert fetch(folder=tmp_path / "models" / "deep").path == tmp_path / "models" / "deep" / "thing.pt"
    assert fetch(folders=[tmp_path / "models" / "deep"]).source is None


def test_a_cut_connection_goes_on_where_it_was(site, listed, fetch, answers, content, waits):
    cuts = [answers.whole(content, cut=3456), answers.whole(content, cut=2000), answers.whole(content)]
    target = listed(site.on("/thing", *cuts))
    assert fetch().path.read_bytes() == content
    assert site.ranges() == [None, "bytes=3456-", "bytes=5456-"]
    assert waits == [1, 1]
    assert leftovers(target.parent) == ["thing.pt"]


def test_cuts_that_bring_nothing_end(site, listed, fetch, answers, content, waits):
    target = listed(site.on("/thing", answers.whole(content, cut=3000), answers.whole(content, cut=0)))
    with pytest.raises(DownloadError, match=r"/thing: the connection was cut.*4 times in a row"):
        fetch()
    assert waits == [1, 2, 4, 8]
    assert leftovers(target.parent) == [".thing.pt.part", ".thing.pt.part.json"]
    assert Part(target).size == 3000
    site.on("/thing", answers.whole(content))
    assert fetch().path.read_bytes() == content
    assert site.ranges()[-1] == "bytes=3000-"


def test_a_server_without_ranges_begins_again(site, listed, fetch, answers, content):
    listed(site.on("/thing", answers.deaf(content, cut=4000), answers.deaf(content)))
    assert fetch().path.read_bytes() == content
    assert site.ranges() == [None, "bytes=4000-"]


def test_without_a_hash_only_the_same_version_is_resumed(site, listed, fetch, answers, content):
    new = bytes(reversed(content))
    listed(site.on("/thing", answers.whole(content, cut=4000), answers.whole(new, etag='"2"')), sha256=None, bytes=None)
    assert fetch().path.read_bytes() == new
    assert site.requests[1][1]["If-Range"] == '"1"'


@pytest.mark.parametrize("etag", [None, 'W/"1"'])
def test_without_a_hash_and_a_version_nothing_is_resumed(site, listed, fetch, answers, content, etag):
    listed(site.on("/thing", answers.whole(content, cut=4000, etag=etag), answers.whole(content)), sha256=None, bytes=None)
    assert fetch().path.read_bytes() == content
    assert site.ranges() == [None, None]


def test_a_rest_that_does_not_fit_begins_again(site, listed, fetch, answers, content):
    wrong = bytes(reversed(content))
    listed(site.on("/thing", answers.whole(wrong, cut=4000), answers.whole(content)))
    assert fetch().path.read_bytes() == content
    assert site.ranges() == [None, "bytes=4000-", None]


def test_a_part_of_another_source_is_used_where_the_hash_tells(site, listed, fetch, answers, content):
    first = site.on("/first", answers.whole(content, cut=4000), answers.status(404))
    listed(first, site.on("/second", answers.whole(content)))
    fetched = fetch()
    assert fetched.source.endswith("/second")
    assert site.ranges("/second") == ["bytes=4000-"]


def test_a_part_that_is_complete_already(site, listed, fetch, answers, content):
    target = listed(site.on("/thing", answers.whole(content)))
    target.parent.mkdir(parents=True)
    part = Part(target)
    part.restart("elsewhere", "")
    part.path.write_bytes(content)
    assert fetch().path.read_bytes() == content
    assert site.requests == []


def test_a_part_without_a_hash_that_is_complete_already(site, listed, fetch, answers, content):
    url = site.on("/thing", answers.whole(content))
    target = listed(url, sha256=None, bytes=None)
    target.parent.mkdir(parents=True)
    part = Part(target)
    part.restart(url, '"1"')
    part.path.write_bytes(content)
    assert fetch().path.read_bytes() == content
    assert site.ranges() == ["bytes=10000-"]


def test_a_part_that_is_too_long_is_thrown_away(site, listed, fetch, answers, content):
    target = listed(site.on("/thing", answers.whole(content)))
    target.parent.mkdir(parents=True)
    Part(target).path.write_bytes(content + b"more")
    assert fetch().path.read_bytes() == content


def test_a_server_that_sends_another_range(site, listed, fetch, answers, content):
    def shifted(request):
        answers.send(request, 206, {"Content-Range": f"bytes 5000-9999/{len(content)}"}, content[5000:])

    listed(site.on("/thing", answers.whole(content, cut=4000), shifted, answers.whole(content)))
    assert fetch().path.read_bytes() == content
    assert site.ranges() == [None, "bytes=4000-", None]


def test_a_wrong_file_is_refused_and_the_next_source_tried(site, listed, fetch, answers, content):
    wrong = bytes(reversed(content))
    target = listed(site.on("/wrong", answers.whole(wrong)), site.on("/right", answers.whole(content)))
    assert fetch().source.endswith("/right")
    assert target.read_bytes() == content
    assert site.ranges("/right") == [None]


def test_the_end_tells_what_each_source_answered(site, listed, fetch, answers, content):
    wrong = bytes(reversed(content))
    target = listed(
        site.on("/wrong", answers.whole(wrong)),
        site.on("/short", answers.whole(content[:-1])),
        site.on("/gone", answers.status(404)),
        site.on("/page", answers.page("<title>Please log in</title>")),
        "gdf:1abc/deep/thing.pt",
    )
    with pytest.raises(DownloadError) as caught:
        fetch()
    lines = str(caught.value).split("\n")
    for line, said in zip(
        lines[1:],
        (
            "/wrong: sent another file: sha256 ",
            "/short: has another file: 9999 bytes, and 10000 were published",
            "/gone: answers 404 Not Found",
            "/page: sends a web page instead of the file: Please log in",
            "folders/1abc: no answer",
            "Try `pastiche weights get thing` again later. Or by hand: open one of them in a browser",
        ),
        strict=True,
    ):
        assert said in line
    assert f"save the file as {target}" in lines[-1]
    assert leftovers(target.parent) == []


@pytest.mark.parametrize("length", [9000, 20_000])
def test_a_wrong_length_is_noticed(site, listed, fetch, answers, content, length):
    listed(site.on("/thing", answers.deaf(content, **{"Content-Length": length})))
    with pytest.raises(DownloadError, match=f"{length} bytes, and 10000 were published"):
        fetch()


def test_a_length_that_is_too_small_gives_a_wrong_hash(site, listed, fetch, answers, content):
    listed(site.on("/thing", answers.deaf(content, **{"Content-Length": 9000})), bytes=None)
    with pytest.raises(DownloadError, match="sent another file"):
        fetch()


def test_a_length_that_is_too_large_does_no_harm_where_the_hash_is_right(site, listed, fetch, answers, content):
    listed(site.on("/thing", answers.deaf(content, **{"Content-Length": 20_000})), bytes=None)
    assert fetch().path.read_bytes() == content


def test_more_than_was_published_is_not_taken(site, listed, fetch, answers, content):
    target = listed(site.on("/thing", answers.deaf(content + 5000 * b"!", **{"Content-Length": None, "Connection": "close"})))
    with pytest.raises(DownloadError, match="sends more than 10000 bytes"):
        fetch()
    assert leftovers(target.parent) == []


def test_a_length_that_nobody_knows(site, listed, fetch, answers, content):
    unknown = {"Content-Length": None, "Connection": "close"}
    listed(site.on("/thing", answers.deaf(content, **unknown)), bytes=None)
    steps = []
    assert fetch(progress=steps.append).path.read_bytes() == content
    assert {step.total for step in steps} == {0}


def test_pieces_of_an_unknown_whole(site, listed, fetch, answers, content, waits):
    listed(site.on("/thing", answers.chunked(content, cut=4500), answers.chunked(content)), bytes=None)
    assert fetch().path.read_bytes() == content
    assert waits == [1]


@pytest.mark.parametrize("code", [429, 503, 502, 500])
def test_a_busy_server_is_asked_again(site, listed, fetch, answers, content, waits, code):
    listed(site.on("/thing", answers.status(code), answers.status(code), answers.whole(content)))
    assert fetch().path.read_bytes() == content
    assert waits == [2, 4]


def test_a_server_says_how_long_to_wait(site, listed, fetch, answers, content, waits):
    soon = [answers.status(429, Retry_After="17"), answers.status(503, Retry_After=formatdate(0, usegmt=True))]
    listed(site.on("/thing", *soon, answers.whole(content)))
    assert fetch().path.read_bytes() == content
    assert waits == [17, 0]


def test_nobody_waits_for_an_hour(site, listed, fetch, answers, content, waits):
    listed(site.on("/busy", answers.status(429, Retry_After="3600")), site.on("/other", answers.whole(content)))
    assert fetch().source.endswith("/other")
    assert waits == []


def test_no_answer_at_all(listed, fetch, waits):
    listed("http://127.0.0.1:9/thing")  # the port to throw things away: nobody listens
    with pytest.raises(DownloadError, match="no answer"):
        fetch()
    assert waits == [2, 4, 8]


def test_redirects_are_followed(site, listed, fetch, answers, content):
    site.on("/there", answers.whole(content))
    listed(site.on("/thing", answers.redirect("/on")), bytes=None)
    site.on("/on", answers.redirect(f"{site.url}/there"))
    assert fetch().path.read_bytes() == content


@pytest.mark.parametrize(("location", "said"), [("http://example.org/", "not https"), ("/thing", "more than 10 times")])
def test_redirects_that_lead_astray(site, listed, fetch, answers, location, said):
    listed(site.on("/thing", answers.redirect(location)))
    with pytest.raises(DownloadError, match=said):
        fetch()


def test_compressed_answers_are_refused(site, listed, fetch, answers, content):
    listed(site.on("/thing", answers.whole(content, **{"Content-Encoding": "gzip"})))
    with pytest.raises(DownloadError, match="compressed"):
        fetch()
    assert site.requests[0][1]["Accept-Encoding"] == "identity"


def test_room_is_looked_for_first(site, listed, fetch, answers, content, monkeypatch):
    target = listed(site.on("/thing", answers.whole(content)))
    monkeypatch.setattr(transfer.shutil, "disk_usage", lambda _: SimpleNamespace(free=5 * 2**20))
    with pytest.raises(DownloadError, match=r"5 MB are free: make room, and run `pastiche weights get thing`"):
        fetch()
    assert not target.exists()


class FullDisk:
    """A file that takes a little less at each write, and then no more."""

    def __init__(self, stream, room):
        self.stream, self.room = stream, room

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()

    def write(self, data):
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = self.stream.write(data[: min(len(data), self.room, 700)])
        self.room -= written
        return written


def test_a_full_disk_keeps_what_came(site, listed, fetch, answers, content, monkeypatch):
    target = listed(site.on("/thing", answers.whole(content)))
    plain = Path.open

    def nearly_full(path, mode="r", *options, **more):
        stream = plain(path, mode, *options, **more)
        return FullDisk(stream, 4500) if mode == "ab" else stream

    monkeypatch.setattr(Path, "open", nearly_full)
    with pytest.raises(DownloadError, match=r"No space left on device\. What came is kept.*run `pastiche weights get thing`"):
        fetch()
    assert Part(target).size == 4500
    monkeypatch.undo()
    assert Part(target).path.read_bytes() == content[:4500]


def test_after_a_full_disk_it_goes_on(site, listed, fetch, answers, content):
    target = listed(site.on("/thing", answers.whole(content)))
    target.parent.mkdir(parents=True)
    Part(target).path.write_bytes(content[:4500])
    assert fetch().path.read_bytes() == content
    assert site.ranges() == ["bytes=4500-"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, Cancelled])
def test_stopping_keeps_what_came(site, listed, fetch, answers, content, stop):
    target = listed(site.on("/thing", answers.whole(content)))

    def progress(step):
        if step.index == 3000:
            raise stop

    with pytest.raises(stop):
        fetch(progress=progress)
    assert leftovers(target.parent) == [".thing.pt.part", ".thing.pt.part.json"]
    assert fetch().path.read_bytes() == content
    assert site.ranges() == [None, "bytes=3000-"]


def test_a_folder_that_can_not_be_made(site, listed, fetch, answers, content, tmp_path):
    listed(site.on("/thing", answers.whole(content)))
    (tmp_path / "file").write_text("")
    with pytest.raises(DownloadError, match="can't be written"):
        fetch(folder=tmp_path / "file" / "weights")


def test_a_file_of_another_size_in_its_place(site, listed, fetch, answers, content):
    target = listed(site.on("/thing", answers.whole(content)))
    target.parent.mkdir(parents=True)
    target.write_bytes(b"short")
    with pytest.raises(DownloadError, match="5 bytes, and 10000 were published"):
        fetch()


def test_a_file_by_hand_is_held_against_the_published_hash(site, listed, fetch, answers, content, home):
    target = listed(site.on("/thing", answers.whole(content)))
    target.parent.mkdir(parents=True)
    target.write_bytes(content[:-1] + b"!")
    with pytest.raises(DownloadError, match=r"was published: remove it, and run `pastiche weights get thing` again"):
        fetch()
    assert not (home / "known.json").exists()
    target.write_bytes(content)
    assert fetch().proof == "published"
    assert fetch().proof is None, "it was read again"
    assert site.requests == []


def test_two_processes_do_not_write_one_part(site, listed, fetch, answers, content):
    target = listed(site.on("/thing", answers.whole(content)))
    target.parent.mkdir(parents=True)
    code = "import filelock, sys\nwith filelock.FileLock(sys.argv[1]):\n    print(flush=True)\n    sys.stdin.read()"
    lock = str(target.with_name(".thing.pt.lock"))
    with subprocess.Popen([sys.executable, "-c", code, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        with pytest.raises(DownloadError, match="being downloaded by another process"):
            fetch()
        other.communicate()
    assert site.requests == []
    assert fetch().path.read_bytes() == content


def test_the_second_of_two_at_once_says_so(site, listed, fetch, answers, content):
    begun, go_on = threading.Event(), threading.Event()

    def slow(request):
        begun.set()
        go_on.wait(30)
        answers.whole(content)(request)

    target = listed(site.on("/thing", slow))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(fetch)
        begun.wait(30)
        with pytest.raises(DownloadError, match="another process"):
            fetch()
        go_on.set()
        assert first.result().path == target
    assert fetch().source is None
    assert target.read_bytes() == content
    assert len(site.requests) == 1


def test_the_lock_of_a_process_that_died_does_not_stay(site, listed, fetch, answers, content):
    target = listed(site.on("/thing", answers.whole(content)))
    target.parent.mkdir(parents=True)
    target.with_name(".thing.pt.lock").touch()
    assert fetch().path.read_bytes() == content


def test_the_first_download_is_recorded_and_later_ones_held_against_it(site, listed, fetch, answers, content, home):
    target = listed(site.on("/thing", answers.whole(content)), sha256=None, bytes=None)
    assert fetch().proof is None
    known = json.loads((home / "known.json").read_text())["files"]["thing.pt"]
    assert known["bytes"] == len(content)
    target.unlink()
    assert fetch().proof == "recorded"
    target.unlink()
    site.on("/thing", answers.whole(bytes(reversed(content))))
    with pytest.raises(DownloadError, match=r"as first came from .*known\.json"):
        fetch()
    assert not target.exists()


def test_a_known_beginning_of_a_hash(site, listed, fetch, answers, content):
    digest = hashlib.sha256(content).hexdigest()
    target = listed(site.on("/thing", answers.whole(content)), sha256=None, sha256_prefix=digest[:8])
    assert fetch().path == target
    target.unlink()
    listed(site.on("/thing", answers.whole(content)), sha256=None, sha256_prefix="0" * 8)
    with pytest.raises(DownloadError, match=r"expected 00000000\.\.\."):
        fetch()


def test_verify(site, listed, fetch, answers, content):
    target = listed(site.on("/thing", answers.whole(content)))
    fetch()
    assert catalog.verify("thing").problem is None
    target.write_bytes(content[:-1] + b"!")
    verdict = catalog.verify("thing")
    assert verdict.proof == "published"
    assert "thing.pt has the sha256" in verdict.problem
    listed("gd:1", sha256=None)
    assert "was recorded" in catalog.verify("thing").problem


def test_verify_records_what_was_put_there_by_hand(listed, content):
    target = listed("gdf:1/thing.pt", sha256=None, bytes=None)
    target.parent.mkdir(parents=True)
    target.write_bytes(content)
    assert [catalog.verify("thing").proof for _ in range(2)] == ["first", "recorded"]
    target.write_bytes(b"other")
    assert catalog.verify("thing").problem


def test_a_damaged_record_says_so(site, listed, fetch, answers, content, home):
    listed(site.on("/thing", answers.whole(content)))
    home.mkdir()
    (home / "known.json").write_text("{")
    with pytest.raises(PasticheError, match=r"known\.json.*can't be read"):
        fetch()
    assert site.requests == []
