"""What the catalog says, and what it may not say."""

import re
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from pastiche import catalog
from pastiche.catalog.entry import UNCLEAR, GoogleDrive, GoogleDriveFolder, HuggingFace, Web, parse_source
from pastiche.errors import PasticheError
from pastiche.latents import Space

ENTRIES = catalog.entries()
ENCODERS = [item for item in ENTRIES.values() if item.architecture in (*UNCLEAR, "hvae") or "encoder" in item.name]
UNPUBLISHED = {  # encoders of which nobody has published a hash
    "agilegan-encoder",
    "blendgan-psp",
    "blendgan-style-encoder",
    "dualstylegan-encoder-wplus",
    "restyle-psp-ffhq",
}
MODELS_PAGE = Path(__file__).parents[2] / "docs" / "models.md"
HASHES = Counter(item.sha256 for item in ENTRIES.values() if item.sha256)


@pytest.mark.parametrize("item", ENTRIES.values(), ids=str)
def test_every_entry_is_sound(item):
    assert re.fullmatch(r".+\.(pt|pth|pth\.tar|pkl|npy)", item.file)
    assert item.purpose[0].isupper()
    assert item.purpose.endswith(".")
    assert item.purpose.count(". ") == 0
    assert len(set(item.sources)) == len(item.sources)
    assert HASHES[item.sha256] <= 1
    assert item.space in (None, *get_args(Space))
    assert set(item.options) <= {"space", "architecture", "resize"}
    assert item.as_dict()["sources"]


def test_no_two_entries_share_a_file_or_a_source():
    files = Counter(item.file for item in ENTRIES.values())
    places = Counter(source for item in ENTRIES.values() for source in item.sources)
    assert max(files.values()) == 1
    assert max(places.values()) == 1


def test_the_publishers_own_terms_are_shown():
    """A mirror calls DualStyleGAN's files MIT."""
    dual = [item for name, item in ENTRIES.items() if name.startswith("dualstylegan")]
    assert len(dual) == 27
    assert {item.license.name for item in dual} == {"S-Lab License 1.0"}
    assert "NOT ALLOWED" in str(dual[0].license)
    assert {item.license.commercial for item in ENTRIES.values() if item.license.name.startswith("NVIDIA")} == {False}


def test_wrong_files_of_the_same_names_are_not_accepted():
    assert not [item for item in ENTRIES.values() if (item.sha256 or "").startswith("748f4cb0")]
    assert ENTRIES["e4e-ffhq"].bytes == 1_201_649_680


def test_a_hash_of_which_only_the_beginning_is_known():
    for name, beginning in (("vgg16", "397923af"), ("vgg19", "dcbb9e9d")):
        item = ENTRIES[name]
        assert beginning in item.file
        assert (item.sha256 or item.sha256_prefix).startswith(beginning)
    assert ENTRIES["vgg19"].accepts("dcbb9e9d" + 56 * "0")
    assert not ENTRIES["vgg19"].accepts("dcbb9e9e" + 56 * "0")
    assert not ENTRIES["vgg16"].accepts("397923af" + 56 * "0")


def test_encoders_are_recognized_but_for_those_without_a_published_hash():
    assert {item.name for item in ENCODERS if not (item.sha256 or item.sha256_prefix)} == UNPUBLISHED
    page = MODELS_PAGE.read_text(encoding="utf8")
    assert [name for name in UNPUBLISHED if f"`{name}`" not in page] == []


def test_it_knows_what_files_do_not_tell():
    assert ENTRIES["dualstylegan-encoder"].options == {"space": "z+", "architecture": "psp"}
    assert ENTRIES["e4e-ffhq"].options == {"space": "w+", "architecture": "e4e"}
    assert ENTRIES["restyle-e4e-ffhq"].options == {"space": "w+", "architecture": "restyle-e4e"}
    assert ENTRIES["dualstylegan-encoder-wplus"].options == {"space": "w+", "architecture": "psp", "resize": "area"}
    assert ENTRIES["psp-ffhq"].options == {"space": "w+", "architecture": "psp"}
    assert ENTRIES["stylegan2-ffhq-config-f"].options == {}
    assert not ENTRIES["dualstylegan-cartoon-exstyle"].is_checkpoint


def test_sources_as_they_are_written():
    assert parse_source("gd:1a_-b") == GoogleDrive("1a_-b")
    assert parse_source("gdf:1a/b/c.pt") == GoogleDriveFolder("1a", "b/c.pt")
    assert parse_source("hf:a/b-c/d/e.pt") == HuggingFace("a/b-c", "d/e.pt", "main")
    assert parse_source("hf:a/b/c.pt@v1.0") == HuggingFace("a/b", "c.pt", "v1.0")
    assert parse_source("https://a.org/b") == Web("https://a.org/b")
    for wrong in (
        "http://a.org/b",
        "ftp://a.org/b",
        "gd:",
        "hf:a/b",
        "https://",
        "file:///etc/passwd",
        "http://127.0.0.1.org/",
    ):
        with pytest.raises(ValueError, match="is no source"):
            parse_source(wrong)


GOOD = """
[licenses.free]
name = "Free"

[files.thing]
file = "thing.pt"
architecture = "stylegan2"
sources = ["gd:1"]
license = "free"
homepage = "https://example.org"
purpose = "A thing."
"""


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('file = "thing.pt"', 'file = "thing.pt"\nsize = 3', r"files\.thing: unknown key size"),
        ('purpose = "A thing."', "", r"files\.thing: purpose is missing"),
        ('["gd:1"]', "[]", "it has no source"),
        ('["gd:1"]', '["http://example.org/thing.pt"]', "is no source"),
        ('["gd:1"]', "[1]", "is no source"),
        ('["gd:1"]', '"gd:1"', "expected a list"),
        ('"thing.pt"', '"../thing.pt"', "no plain file name"),
        ('"thing.pt"', '"/etc/passwd"', "no plain file name"),
        ('"thing.pt"', '".thing.pt"', "no plain file name"),
        ("[files.thing]", "[files.Thing_1]", "lower case words"),
        ('license = "free"', 'license = "mit"', r"'mit' is not in \[licenses\]"),
        ('"https://example.org"', '"http://example.org"', "homepage has to be https"),
        ('"stylegan2"', '"stylegan9"', "'stylegan9' is not known"),
        ('purpose = "A', 'sha256 = "ab"\npurpose = "A', "64 hexadecimal digits"),
        ('purpose = "A', f'sha256 = "{64 * "A"}"\npurpose = "A', "64 hexadecimal digits"),
        ('purpose = "A', 'sha256_prefix = "ab"\npurpose = "A', "8 to 63"),
        ('purpose = "A', f'sha256 = "{64 * "a"}"\nsha256_prefix = "{8 * "a"}"\npurpose = "A', "not both"),
        ('purpose = "A', 'bytes = "3"\npurpose = "A', "expected a int"),
        ('purpose = "A', 'bytes = true\npurpose = "A', "expected a int"),
        ('purpose = "A', 'bytes = 0\npurpose = "A', "more than 0"),
        ('purpose = "A', 'space = "q"\npurpose = "A', "'q' is not known"),
        ('purpose = "A', 'with = ["other"]\npurpose = "A', "'other', which is not there"),
        ('name = "Free"', 'name = "Free"\ncommercial = "no"', "expected a bool"),
        ("[licenses.free]", "[more]\n[licenses.free]", "alone"),
        ("[licenses.free]", "[licenses.free", "catalog.toml"),
        ("[licenses.free]", "files = 3\n[licenses.free]", "catalog.toml"),
    ],
)
def test_a_wrong_catalog_is_refused(tmp_path, before, after, said):
    path = tmp_path / "catalog.toml"
    path.write_text(GOOD)
    assert catalog.read_catalog(path)["thing"].file == "thing.pt"
    assert before in GOOD
    path.write_text(GOOD.replace(before, after, 1))
    with pytest.raises(PasticheError, match=said) as caught:
        catalog.read_catalog(path)
    assert str(path) in str(caught.value)


def test_two_files_that_would_become_one_are_refused(tmp_path):
    path = tmp_path / "catalog.toml"
    second = GOOD[GOOD.index("[files") :].replace("files.thing", "files.other").replace('"thing.pt"', '"Thing.pkl"')
    path.write_text(GOOD + second)
    with pytest.raises(PasticheError, match="taken for that of thing"):
        catalog.read_catalog(path)


def test_a_catalog_that_is_not_there(tmp_path):
    with pytest.raises(PasticheError, match=r"none\.toml"):
        catalog.read_catalog(tmp_path / "none.toml")


def test_a_name_that_is_nearly_right():
    with pytest.raises(PasticheError, match="did you mean e4e-ffhq"):
        catalog.entry("e4e")
    with pytest.raises(PasticheError, match=r"did you mean .*restyle-psp-ffhq"):
        catalog.entry("restyle-psp-fhq")
    with pytest.raises(PasticheError, match="pastiche weights list"):
        catalog.entry("")
