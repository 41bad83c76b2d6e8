"""Pictures for training: where they are read from, in which order, and what is said about bad ones."""

import zipfile

import lmdb
import pytest
import torch
from PIL import Image

from pastiche import images
from pastiche.errors import ImageError, TrainingError
from pastiche.training.data import PictureDataset, Stream
from pastiche.training.sources import FolderSource, open_source

NAMES = ["a/1.png", "a/2.jpg", "b/3.webp"]


@pytest.fixture
def folder(tmp_path):
    """Three pictures, each of one grey."""
    place = tmp_path / "pictures"
    for value, name in enumerate(NAMES):
        images.write(torch.full((1, 3, 16, 16), value / 4), place / name)
    (place / "notes.md").write_text("no picture")
    (place / ".hidden.png").write_bytes(b"")
    return place


def zipped(folder, tmp_path):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for file in folder.rglob("*.*"):
            archive.write(file, file.relative_to(folder).as_posix())
    return tmp_path / "set.zip"


def listed(folder, tmp_path):
    lines = ["# a comment", "", *(f"pictures/{name}" for name in NAMES)]
    (tmp_path / "list.txt").write_text("\n".join(lines))
    return tmp_path / "list.txt"


def in_lmdb(folder, tmp_path, sizes=()):
    with lmdb.open(str(tmp_path / "database"), map_size=2**20) as database, database.begin(write=True) as change:
        for index, name in enumerate(NAMES):
            for size in sizes or [None]:
                key = name if size is None else f"{size}-{index:05d}"
                change.put(key.encode(), (folder / name).read_bytes())
        if sizes:
            change.put(b"length", b"3")
    return tmp_path / "database"


@pytest.mark.parametrize("store", [lambda folder, _place: folder, zipped, listed, in_lmdb])
def test_pictures_come_from_every_kind_of_store(folder, tmp_path, store):
    source = open_source(store(folder, tmp_path), 8)
    assert [name.removeprefix("pictures/") for name in source.names] == NAMES
    found = PictureDataset(source, 8).batch(torch.tensor([2, 0]))
    assert found.shape == (2, 3, 8, 8)
    assert found.mean(dim=(1, 2, 3)).tolist() == pytest.approx([0.5, 0.0], abs=0.01)


@pytest.mark.parametrize(("side", "chosen"), [(8, 16), (16, 16), (20, 32), (64, 32)])
def test_an_lmdb_of_several_sizes_gives_the_next_larger(folder, tmp_path, side, chosen):
    source = open_source(in_lmdb(folder, tmp_path, sizes=(16, 32)), side)
    assert source.names == [f"{chosen}-{index:05d}" for index in range(3)]


def test_flips_mirror_the_chosen_ones(tmp_path):
    ramp = torch.linspace(-1, 1, 8).expand(1, 3, 8, 8)
    images.write(ramp, tmp_path / "ramp.png")
    found = PictureDataset(open_source(tmp_path, 8), 8).batch(torch.tensor([0, 0]), torch.tensor([False, True]))
    assert found[1].equal(found[0].flip(2))
    assert found[0, 0, 0, 0] < found[0, 0, 0, 7]


@pytest.mark.parametrize("name", ["nothing", "file.xyz"])
def test_a_path_without_pictures_is_named(tmp_path, name):
    (tmp_path / "file.xyz").write_text("")
    with pytest.raises(TrainingError, match=rf"{name}.*give a folder, a \.zip, an LMDB or a \.txt"):
        open_source(tmp_path / name, 8)
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainingError, match="holds no pictures"):
        open_source(tmp_path / "empty", 8)


def test_a_damaged_zip_is_named(tmp_path):
    (tmp_path / "set.zip").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(TrainingError, match=r"set\.zip can't be read as pictures"):
        open_source(tmp_path / "set.zip", 8)


def test_a_damaged_picture_of_a_zip_is_left_out(folder, tmp_path):
    with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in NAMES:
            archive.writestr(name, (folder / name).read_bytes())
        archive.writestr("z.png", bytes(range(256)) * 40)
        place = archive.getinfo("z.png").header_offset + 40
    damaged = bytearray((tmp_path / "set.zip").read_bytes())
    damaged[place : place + 20] = bytes(20)
    (tmp_path / "set.zip").write_bytes(damaged)
    dataset = PictureDataset(open_source(tmp_path / "set.zip", 8), 8)
    assert [one.name for one in dataset.check()] == ["z.png"]


def test_a_list_may_begin_with_a_byte_order_mark(folder, tmp_path):
    (tmp_path / "list.txt").write_text(f"{folder / NAMES[0]}\n", encoding="utf-8-sig")
    assert PictureDataset(open_source(tmp_path / "list.txt", 8), 8).check() == []


def test_bad_pictures_are_reported_and_left_out(folder, caplog):
    caplog.set_level("INFO")
    (folder / "a" / "0.png").write_bytes(b"no picture")
    (folder / "b" / "cut.png").write_bytes((folder / "a" / "1.png").read_bytes()[:60])
    Image.new("RGB", (20, 10)).save(folder / "c.png")
    dataset = PictureDataset(FolderSource(folder), 8)
    bad = dataset.check()
    assert [one.name for one in bad] == ["a/0.png", "b/cut.png", "c.png"]
    assert "is 20 x 10 pixels" in bad[2].problem
    left = dataset.without(bad)
    assert left.names == NAMES
    assert "3 of 6 pictures can't be used: a/0.png" in caplog.text
    assert left.batch(torch.arange(3)).shape == (3, 3, 8, 8)
    with pytest.raises(ImageError, match=r"a/0\.png"):
        dataset.picture(0)


def test_a_set_of_bad_pictures_only_is_refused(tmp_path):
    (tmp_path / "0.png").write_bytes(b"")
    dataset = PictureDataset(FolderSource(tmp_path), 8)
    with pytest.raises(TrainingError, match=r"none of the 1 pictures.*0\.png"):
        dataset.without(dataset.check())


def test_a_missing_file_of_a_list_is_named(tmp_path):
    (tmp_path / "list.txt").write_text("gone.png\n")
    with pytest.raises(ImageError, match=r"gone\.png in .*list\.txt can't be read: No such file"):
        PictureDataset(open_source(tmp_path / "list.txt", 8), 8).picture(0)


def test_a_stream_shows_every_picture_once_in_each_epoch():
    stream, rng = Stream(5), torch.Generator().manual_seed(0)
    found = torch.cat([stream.next(count, rng) for count in (2, 7, 1, 5)])
    epochs = found.view(3, 5)
    assert all(sorted(epoch.tolist()) == [0, 1, 2, 3, 4] for epoch in epochs)
    assert not epochs[0].equal(epochs[1])


def test_a_stream_goes_on_where_it_was():
    stream, rng = Stream(5), torch.Generator().manual_seed(0)
    stream.next(3, rng)
    state, numbers = stream.state_dict(), rng.get_state()
    wanted = stream.next(9, rng)
    other = Stream(5)
    other.load_state_dict(state)
    rng.set_state(numbers)
    assert other.next(9, rng).equal(wanted)
