"""The same on Ray Data: broken files become rows of errors, and a worker that dies is replaced."""

import numpy as np
import pytest
import torch
from PIL import Image

from pastiche.batch.ray_data import StylizeRows, decode_row, stylize_dataset
from pastiche.images import encode


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
    """Kills its worker once."""

    def __init__(self, mark):
        self.mark = mark

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
    rows = [decode_row({"path": str(path), "bytes": path.read_bytes()}) for path in sorted(folder.iterdir())[:5]]
    batch = {key: np.array([row[key] for row in rows], dtype=object) for key in rows[0]}
    found = StylizeRows(Copies)(batch)
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
    batch = {"path": np.array(["a", "b", "c"]), "bytes": np.array(content, dtype=object), "error": np.array([""] * 3)}
    found = StylizeRows(Picky, ".jpg")(batch)
    assert found["error"].tolist() == ["", "RuntimeError: too dark", ""]
    assert [bool(data) for data in found["bytes"]] == [True, False, True]
    assert found["bytes"][0] == encode(torch.full((1, 3, 8, 8), 1 - 200 / 127.5), ".jpg"), "not what `write` would write"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Ray warns of itself
def test_two_workers_one_killed_and_broken_files(folder, tmp_path):
    ray = pytest.importorskip("ray")
    import functools
    import sys

    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers can't import this file

    # As many workers as processors: reading must not wait for one of them to end.
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        build = functools.partial(Dies, str(tmp_path / "died"))
        rows = list(stylize_dataset(str(folder), build, batch=3, workers=2).iter_rows())
    finally:
        ray.shutdown()
    assert (tmp_path / "died").exists()
    assert len(rows) == 20
    failed = sorted(row["path"][-6:] for row in rows if row["error"])
    assert failed == ["03.png", "13.png"]
    assert all(row["bytes"] for row in rows if not row["error"])
