"""What is kept between runs, and where."""

import errno
import os
from pathlib import Path

import pytest

from pastiche import catalog
from pastiche.catalog.records import DownloadRecords, Record
from pastiche.errors import CheckpointError, PasticheError


def test_the_home_is_the_systems_unless_one_is_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("PASTICHE_HOME", str(tmp_path))
    assert catalog.weights_folder() == tmp_path / "weights"
    monkeypatch.setenv("PASTICHE_HOME", "~/there")
    assert catalog.home() == Path.home() / "there"
    monkeypatch.delenv("PASTICHE_HOME")
    assert catalog.home().is_absolute()
    assert catalog.home().name == "pastiche"


def test_a_converted_file_takes_the_place_of_its_source(listed, tmp_path):
    target = listed("gd:1")
    item = catalog.entry("thing")
    assert catalog.find(item) is None
    target.parent.mkdir(parents=True)
    target.touch()
    assert catalog.locate("thing") == (target, item)
    own = target.with_suffix(".safetensors")
    own.touch()
    assert catalog.find(item) == own
    assert catalog.is_converted(own, item)
    other = tmp_path / "models"
    other.mkdir()
    (other / "thing.pt").touch()
    assert catalog.find(item, [tmp_path / "none", other]) == other / "thing.pt"


def test_what_is_not_there_is_said_with_its_command(listed, tmp_path):
    target = listed("gd:1")
    with pytest.raises(
        CheckpointError, match=r"thing\.pt is not in .*: run `pastiche weights get thing` to download it"
    ) as caught:
        catalog.locate("thing", [tmp_path / "models"])
    assert str(target.parent) in str(caught.value)
    assert str(tmp_path / "models") in str(caught.value)


def test_records_stay(home):
    record = Record(sha256="ab", bytes=2, source="https://example.org")
    DownloadRecords().remember("a.pt", record)
    DownloadRecords().remember("b.pt", record)
    assert DownloadRecords().record("a.pt") == record
    assert DownloadRecords().record("c.pt") is None
    assert [path.name for path in home.iterdir() if path.name.endswith(".part")] == []


def test_a_license_is_shown_once(home):
    assert DownloadRecords().acknowledge("thing")
    assert not DownloadRecords().acknowledge("thing")
    assert DownloadRecords().acknowledge("other")
    DownloadRecords().remember("a.pt", Record(sha256="ab", bytes=2, source="here"))
    assert not DownloadRecords().acknowledge("other")


@pytest.mark.parametrize("text", ["", "[]", '{"files": {"a": {"sha": 1}}, "licenses_shown": []}', '{"files": 3}', "\x00"])
def test_damaged_records_are_an_error(home, text):
    home.mkdir()
    (home / "known.json").write_text(text)
    with pytest.raises(PasticheError, match=r"known\.json.*repair it, or delete it"):
        DownloadRecords().record("a")


def test_a_folder_that_can_only_be_read(listed, home, content, monkeypatch, caplog):
    """What is there is used and judged; that nothing is kept is a warning."""
    target = listed("gd:1")
    target.parent.mkdir(parents=True)
    target.write_bytes(content)
    (home / "known.json").write_text('{"files": {}, "licenses_shown": ["other"]}')

    def denied(*_args, **_options):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(home / ".known.json.lock"))

    monkeypatch.setattr("pastiche.catalog.records.FileLock", denied)
    assert catalog.fetch("thing").path == target
    assert catalog.verify("thing").problem is None
    assert DownloadRecords().acknowledge("thing")
    assert not DownloadRecords().acknowledge("other")
    assert caplog.text.count("store the records of downloads") == 3
    assert "known.json.lock" in caplog.text


def test_records_that_can_not_be_replaced(home, monkeypatch, caplog):
    home.mkdir()
    monkeypatch.setattr("pastiche.files.os.fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
    DownloadRecords().remember("a.pt", Record(sha256="ab", bytes=2, source="here"))
    assert "full" in caplog.text
