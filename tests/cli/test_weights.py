"""`pastiche weights`: what it prints, writes and answers."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from loading import module_at

import pastiche
from pastiche import catalog
from pastiche.catalog.entry import Web
from pastiche.catalog.paths import weights_folder

TESTS = Path(__file__).parents[1]


published = module_at(TESTS / "checkpoints" / "published.py")
_fixtures = module_at(TESTS / "catalog" / "conftest.py")
answers, home, listed, site = _fixtures.answers, _fixtures.home, _fixtures.listed, _fixtures.site


@pytest.fixture
def thing(site, listed, answers, small_generator, tmp_path):
    """A generator in rosinality's layout on a server; its bytes."""
    path = tmp_path / "published.pt"
    torch.save(published.rosinality(small_generator(32)), path)
    content = path.read_bytes()
    listed(site.on("/thing", answers.whole(content)), bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    return content


def flat(text):
    return " ".join(text.split())


@pytest.mark.parametrize("command", ["list", "info", "get", "verify", "path"])
def test_help_teaches_by_an_example(run, command):
    assert command in run("weights", "--help")[1]
    status, out, _ = run("weights", command, "--help")
    assert status == 0
    assert f"pastiche weights {command}" in out.split("Usage:")[1].split("\n", 1)[1]


def test_the_list(run, run_json, home):
    facts = run_json("weights", "list")
    assert facts["folder"] == str(home / "weights")
    assert [file["name"] for file in facts["files"]] == list(catalog.entries())
    assert {file["path"] for file in facts["files"]} == {None}
    status, out, _ = run("weights", "list")
    assert status == 0
    assert all(name in out for name in catalog.entries())
    assert run_json("weights", "list", "--installed")["files"] == []


def test_all_that_is_known_of_a_file(run, run_json, home):
    facts = run_json("weights", "info", "dualstylegan-encoder")
    assert (facts["space"], facts["commercial_use"], facts["license"]) == ("z+", False, "S-Lab License 1.0")
    status, out, _ = run("weights", "info", "e4e-ffhq")
    assert status == 0
    assert "pastiche weights get e4e-ffhq" in out
    assert "1cUv_reLE6k3604or78EranS7XzuVMWeO/view" in out.replace("\n", "").replace(" ", "")
    assert home.exists() is False


@pytest.mark.parametrize("command", ["info", "get", "verify", "path"])
def test_an_unknown_name(run, home, command):
    status, _, err = run("weights", command, "e4e-fhq")
    assert status == 1
    assert "did you mean e4e-ffhq" in flat(err)


def test_getting_a_file(run, run_json, thing, home, site, tmp_path):
    target = home / "weights" / "thing.pt"
    status, out, err = run("weights", "get", "thing")
    assert status == 0
    assert out == f"{target}\n"
    assert target.read_bytes() == thing
    assert "thing, license: Free License: COMMERCIAL USE IS NOT ALLOWED" in flat(err)
    assert "the sha256 matches the published one" in err
    assert "pastiche weights get thing --convert\n" in err
    status, out, err = run("weights", "get", "thing")
    assert (status, out) == (0, f"{target}\n")
    assert "COMMERCIAL" not in err
    assert "already downloaded" in err
    assert len(site.requests) == 1
    assert run_json("weights", "get", "thing")["files"][0]["source"] is None
    generate = ("generate", "--weights", "catalog:thing", "--out", tmp_path / "face.png")
    assert run_json(*generate)["count"] == 1


def test_converting_at_once(run, run_json, thing, home):
    own = home / "weights" / "thing.safetensors"
    status, out, err = run("weights", "get", "thing", "--convert")
    assert status == 0
    assert out == f"{own}\n"
    assert "pastiche convert" not in err
    assert run_json("weights", "path", "thing") == {"path": str(own)}
    assert run_json("inspect", "catalog:thing")["path"] == str(own)
    (verdict,) = run_json("weights", "verify")["files"]
    assert (verdict["path"], verdict["against"], verdict["problem"]) == (str(own), "recorded", None)


def test_another_folder(run_json, thing, tmp_path):
    models = tmp_path / "models"
    (file,) = run_json("weights", "get", "thing", "--folder", models)["files"]
    assert file["path"] == str(models / "thing.pt")
    assert run_json("weights", "path", "thing", "--folder", models) == {"path": str(models / "thing.pt")}
    assert run_json("weights", "list", "--folder", models)["files"][0]["path"] == str(models / "thing.pt")


def test_no_source_gives_it(run, listed, site, answers, home):
    listed(site.on("/gone", answers.status(404)))
    status, out, err = run("weights", "get", "thing")
    assert (status, out) == (1, "")
    said = flat(err)
    assert "/gone: answers 404 Not Found" in said
    assert "pastiche weights verify thing" in said
    assert "Traceback" not in err


def test_what_one_file_lacks_does_not_keep_the_others_from_coming(run, thing, home, site, monkeypatch):
    """Every name is tried, and the messages come at the end."""
    good = catalog.entry("thing")
    lost = replace(good, name="lost", file="lost.pt", sources=(Web(f"{site.url}/lost"),))
    wrong = replace(good, name="wrong", file="wrong.pt", bytes=None, sha256=None)
    entries = {item.name: item for item in (lost, wrong, good)}
    (home / "weights").mkdir(parents=True)
    (home / "weights" / "wrong.pt").write_text("<html>hello</html>")
    with monkeypatch.context() as patched:
        patched.setattr("pastiche.catalog.read.entries", lambda: entries)
        status, out, err = run("weights", "get", "lost", "wrong", "thing")
        assert (status, out) == (1, f"{home / 'weights' / 'thing.pt'}\n")
        said = flat(err)
        assert "lost could not be fetched" in said
        assert "is a web page" in said
        status, out, _ = run("weights", "get", "lost", "thing", "--json")
        assert status == 1
        assert [file["name"] for file in json.loads(out)["files"]] == ["thing"]
        status, out, _ = run("weights", "verify", "wrong", "--json")
        assert "is a web page" in json.loads(out)["files"][0]["problem"]


def test_a_file_that_was_put_there_by_hand(run, thing, home, site):
    (home / "weights").mkdir(parents=True)
    (home / "weights" / "thing.pt").write_bytes(thing)
    status, _, err = run("weights", "get", "thing")
    assert status == 0
    assert "the sha256 matches the published one" in err
    assert "already downloaded" in run("weights", "get", "thing")[2]
    assert site.requests == []


def test_interrupting_says_how_to_go_on(run, thing, monkeypatch, home):
    def interrupted(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("pastiche.catalog.transfer.Transfer.attempt", interrupted)
    status, _, err = run("weights", "get", "thing")
    assert status == 130
    assert "the partial download is kept: `pastiche weights get thing` resumes it" in flat(err)


def test_verify(run, run_json, thing, home):
    assert run_json("weights", "verify") == {"files": [], "good": True}
    assert "no file is downloaded yet" in run("weights", "verify")[1]
    run("weights", "get", "thing")
    assert run("weights", "verify")[1] == "thing: the sha256 matches the published one\n"
    (weights_folder() / "thing.pt").write_bytes(b"other")
    status, out, err = run("weights", "verify", "thing", "--json")
    assert status == 1
    assert json.loads(out)["good"] is False
    assert "delete the wrong files" in err
    assert "WRONG" in run("weights", "verify")[1]


def test_the_path(run, thing, home):
    assert run("weights", "path") == (0, f"{home / 'weights'}\n", "")
    status, out, err = run("weights", "path", "thing")
    assert (status, out) == (1, "")
    assert "run `pastiche weights get thing` to download it" in flat(err)
    with pytest.raises(pastiche.CheckpointError, match="pastiche weights get thing"):
        pastiche.load("catalog:thing")
