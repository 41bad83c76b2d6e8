"""From a person's pictures to a training set."""

import shutil

import pytest
import torch

from pastiche import images
from pastiche.errors import TrainingError
from pastiche.resources import demo_file
from pastiche.training import prepare
from pastiche.training.data import PictureDataset
from pastiche.training.prepare import prepare_pictures

SIDE = 32


@pytest.fixture
def folder(tmp_path):
    """A portrait, a picture of nothing, and a file that is no picture."""
    place = tmp_path / "pictures"
    (place / "women").mkdir(parents=True)
    shutil.copy(demo_file("astronaut.png"), place / "women" / "astronaut.png")
    images.write(torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1, place / "noise.png")
    (place / "web.jpg").write_text("<html>")
    return place


def test_faces_are_aligned_once_and_bad_pictures_reported(folder, tmp_path, monkeypatch):
    run, steps = tmp_path / "run", []
    found = prepare_pictures(folder, SIDE, folder=run, progress=steps.append)
    assert [step.index for step in steps] == [1, 2, 3]
    assert found.pictures.names == ["women/astronaut.png.png"]
    assert {bad.name: bad.problem for bad in found.bad}.keys() == {"noise.png", "web.jpg"}
    assert "no face was found" in str(found.bad[0])
    assert "web page" in found.bad[1].problem
    assert found.pictures.batch(torch.tensor([0])).shape == (1, 3, SIDE, SIDE)

    def refuse(*_args, **_options):
        raise AssertionError("aligned again")

    monkeypatch.setattr(prepare, "align", refuse)
    again = prepare_pictures(folder, SIDE, folder=run)
    assert again.pictures.names == found.pictures.names
    assert [str(bad) for bad in again.bad] == [str(bad) for bad in found.bad]
    (run / "aligned" / str(SIDE) / "left.png").write_bytes((run / "aligned" / str(SIDE) / found.pictures.names[0]).read_bytes())
    assert prepare_pictures(folder, SIDE, folder=run).pictures.names == found.pictures.names  # not what was left there

    other = tmp_path / "others"
    other.mkdir()
    shutil.copy(folder / "noise.png", other)
    with pytest.raises(TrainingError, match=r"is of the pictures in .*pictures, not in .*others"):
        prepare_pictures(other, SIDE, folder=run)
    with pytest.raises(AssertionError, match="aligned again"):
        prepare_pictures(folder, 2 * SIDE, folder=run)  # another resolution has its own folder


def test_a_set_without_faces_is_refused(folder, tmp_path):
    shutil.rmtree(folder / "women")
    with pytest.raises(TrainingError, match=r"no face was found in any of the 2 pictures.*noise\.png.*aligned=True"):
        prepare_pictures(folder, SIDE, folder=tmp_path / "run")


def test_aligned_pictures_are_used_as_they_are_and_checked_once(folder, tmp_path, monkeypatch):
    found = prepare_pictures(folder, SIDE, folder=tmp_path / "run", aligned=True)
    assert found.pictures.names == ["noise.png", "women/astronaut.png"]
    assert [bad.name for bad in found.bad] == ["web.jpg"]
    assert not (tmp_path / "run" / "aligned").exists()
    checks, check = [], PictureDataset.check
    monkeypatch.setattr(PictureDataset, "check", lambda self, *more: checks.append(len(self)) or check(self, *more))
    again = prepare_pictures(folder, SIDE, folder=tmp_path / "run", aligned=True)
    assert (again.pictures.names, again.bad, checks) == (found.pictures.names, found.bad, [])
    shutil.copy(folder / "noise.png", folder / "more.png")
    assert len(prepare_pictures(folder, SIDE, folder=tmp_path / "run", aligned=True).pictures) == 3
    assert checks == [4]


def test_a_face_whose_file_was_deleted_is_aligned_again(folder, tmp_path):
    (file,) = (prepare_pictures(folder, SIDE, folder=tmp_path).pictures.source.path).rglob("*.png")
    file.unlink()
    assert prepare_pictures(folder, SIDE, folder=tmp_path).pictures.names == ["women/astronaut.png.png"]


def test_a_picture_that_was_replaced_is_looked_at_again(folder, tmp_path):
    """Under its old name: it may have a face now, or another one."""
    run, bad = tmp_path / "run", folder / "web.jpg"
    assert bad.name in {one.name for one in prepare_pictures(folder, SIDE, folder=run).bad}
    before = prepare_pictures(folder, SIDE, folder=run).pictures.picture(0)
    astronaut = images.read(folder / "women" / "astronaut.png")
    images.write(astronaut, bad)
    images.write(astronaut.flip(3), folder / "women" / "astronaut.png")
    found = prepare_pictures(folder, SIDE, folder=run)
    assert [one.name for one in found.bad] == ["noise.png"]
    assert found.pictures.names == ["web.jpg.png", "women/astronaut.png.png"]
    assert not torch.equal(found.pictures.picture(1), before)


def test_an_aligned_picture_that_was_mended_is_used(folder, tmp_path):
    steps = []
    assert [bad.name for bad in prepare_pictures(folder, SIDE, folder=tmp_path, aligned=True).bad] == ["web.jpg"]
    shutil.copy(folder / "noise.png", folder / "web.jpg")
    found = prepare_pictures(folder, SIDE, folder=tmp_path, aligned=True, progress=steps.append)
    assert (len(found.pictures), found.bad) == (3, [])
    assert [step.index for step in steps] == [1, 2, 3]
