"""The same on Ray Data: broken files become rows of errors, and a worker that dies is replaced."""

import functools
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from pastiche import ImageError
from pastiche.batch.places import Targets, pictures_at, place_at
from pastiche.batch.ray_data import StylizeRows, stylize_dataset, stylize_files
from pastiche.images import encode, read


class Copies:
    """Stands for a stylizer on a worker."""

    def prepare(self, source):
        from pastiche.batch import Prepared
        from pastiche.images import read

        return Prepared(read(source), [])

    def draw(self, pictures):
        return [[-picture.picture] for picture in pictures]

    def finish(self, _picture, drawings):
        return drawings[0]


class Dies(Copies):
    """Kills its worker once. It gets the bytes of every file: whether they hold a picture is its to say."""

    def __init__(self, mark):
        self.mark = mark

    def prepare(self, source):
        if source == b"no picture":
            raise ValueError("seen by the stylizer")
        return super().prepare(source)

    def draw(self, pictures):
        import os
        from pathlib import Path

        mark = Path(self.mark)
        if not mark.exists():
            mark.touch()
            os._exit(1)
        return super().draw(pictures)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(20):
        place = tmp_path / "in" / f"{number:02}.png"
        if number % 10 == 3:
            place.write_bytes(b"no picture")
        else:
            Image.fromarray(np.full((8, 8, 3), number, np.uint8)).save(place)
    return tmp_path / "in"


def test_rows_without_ray(folder):
    paths = sorted(folder.iterdir())[:5]
    content = [path.read_bytes() for path in paths]
    found = StylizeRows(Copies)({"path": np.array([str(path) for path in paths]), "bytes": np.array(content, dtype=object)})
    assert [bool(error) for error in found["error"]] == [False, False, False, True, False]
    assert "no picture that can be read" in found["error"][3]
    assert [bool(data) for data in found["bytes"]] == [True, True, True, False, True]


def test_what_can_not_be_drawn_does_not_stop_the_rest():
    class Picky(Copies):
        def draw(self, pictures):
            if any(picture.picture.mean() < -0.9 for picture in pictures):
                raise RuntimeError("too dark")
            return super().draw(pictures)

    colours = [200, 0, 100]
    content = [encode(torch.full((1, 3, 8, 8), colour / 127.5 - 1), ".png") for colour in colours]
    batch = {"path": np.array(["a", "b", "c"]), "bytes": np.array(content, dtype=object)}
    found = StylizeRows(Picky, ".jpg")(batch)
    assert found["error"].tolist() == ["", "RuntimeError: too dark", ""]
    assert [bool(data) for data in found["bytes"]] == [True, False, True]
    assert found["bytes"][0] == encode(torch.full((1, 3, 8, 8), 1 - 200 / 127.5), ".jpg"), "not what `write` would write"


@pytest.fixture(scope="module")
def ray():
    ray = pytest.importorskip("ray")
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers can't import this file
    # As many workers as processors: reading must not wait for one of them to end.
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield ray
    ray.shutdown()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Ray warns of itself
def test_two_workers_one_killed_and_broken_files(ray, folder, tmp_path):
    build = functools.partial(Dies, str(tmp_path / "died"))
    rows = list(stylize_dataset(folder.as_uri(), build, batch=3, workers=2).iter_rows())
    assert (tmp_path / "died").exists()
    assert len(rows) == 20
    failed = {row["path"][-6:]: row["error"] for row in rows if row["error"]}
    assert sorted(failed) == ["03.png", "13.png"]
    assert failed["03.png"] == "ValueError: seen by the stylizer", "pictures are decoded before they are prepared, and so twice"
    for row in rows:
        if not row["error"]:
            assert torch.equal(read(row["bytes"]), -read(row["path"])), row["path"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_workers_write_and_a_second_run_makes_what_is_missing(ray, folder, tmp_path):
    (folder / "below").mkdir()
    (folder / "05.png").rename(folder / "below" / "05.png")
    (folder / "notes.txt").write_text("no picture")
    out = tmp_path / "drawn here"
    build = functools.partial(Dies, str(tmp_path / "died"))
    rows = list(stylize_files(folder.as_uri(), str(out), build, batch=3, workers=2, suffix=".webp").iter_rows())
    assert (tmp_path / "died").exists()
    assert len(rows) == 20
    assert all(set(row) == {"path", "target", "error"} for row in rows), "pictures come to the driver"
    failed = ["03", "13"]
    assert sorted(row["path"][-6:-4] for row in rows if row["error"]) == failed
    written = {path.relative_to(out).as_posix(): path for path in out.rglob("*") if path.is_file()}
    names = [f"{number:02}" for number in range(20) if number != 5] + ["below/05"]
    assert sorted(written) == sorted(f"{name}.webp" for name in names if name not in failed)
    assert written["below/05.webp"].read_bytes() == encode(-read(folder / "below" / "05.png"), ".webp")

    before = written["00.webp"].stat().st_mtime_ns
    written["07.webp"].unlink()
    (folder / "03.png").write_bytes((folder / "02.png").read_bytes())
    again = list(stylize_files(str(folder), out.as_uri(), Copies, suffix=".webp").iter_rows())
    assert {row["path"][-6:-4]: bool(row["error"]) for row in again} == {"03": False, "07": False, "13": True}
    assert written["07.webp"].exists()
    assert written["00.webp"].stat().st_mtime_ns == before

    (folder / "13.png").unlink()
    assert not list(stylize_files(str(folder), str(out), Copies, suffix=".webp").iter_rows())


@pytest.mark.slow
def test_pictures_in_another_store_than_the_disk(folder):
    """As in an object store: a file system of fsspec, in memory."""
    fs = pytest.importorskip("pyarrow.fs")
    store = pytest.importorskip("fsspec").filesystem("memory", skip_instance_cache=True)
    place, roots, pictures = pictures_at([str(folder)])
    out = type(place)(fs.PyFileSystem(fs.FSSpecHandler(store)), "/drawn")
    targets = Targets(out, roots, ".jpg")
    assert len(targets.missing(pictures)) == 20
    try:
        targets.write(pictures[4], b"a picture")
        assert targets.missing(pictures) == [*pictures[:4], *pictures[5:]]
        assert store.cat("/drawn/04.jpg") == b"a picture"
    finally:
        store.rm("/drawn", recursive=True)


@pytest.mark.slow
def test_places_that_can_not_be_used(folder, tmp_path):
    pytest.importorskip("pyarrow")
    with pytest.raises(ImageError, match="none does not exist or holds no pictures"):
        pictures_at([str(tmp_path / "none")])
    with pytest.raises(ImageError, match=r"nowhere://photos can't be opened .* such as s3://"):
        place_at("nowhere://photos")
    with pytest.raises(ImageError, match="are on two file systems"):
        pictures_at([str(folder), "mock:///photos"])
    with pytest.raises(ImageError, match="no pictures are given"):
        pictures_at([])
    (folder / "02.jpg").write_bytes(b"another")
    place, roots, pictures = pictures_at([str(folder)])
    with pytest.raises(ImageError, match=r"02\.png and .*02\.jpg would both be written to .*02\.webp"):
        Targets(place, roots, ".webp").missing(pictures)
