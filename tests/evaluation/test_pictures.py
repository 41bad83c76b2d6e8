"""Pictures from folders and from painted portraits, alone and in pairs."""

import shutil

import numpy as np
import pytest
import torch

from pastiche.errors import ImageError, TrainingError
from pastiche.evaluation import PairedPictures, open_pictures
from pastiche.evaluation.pictures import chosen, embedded
from pastiche.synthetic.dataset import PortraitDataset


def means(images):
    return images.mean(dim=(2, 3))


def test_a_folder_is_read_in_batches(folder):
    pictures, seen = open_pictures(folder, 32), []
    found = embedded(pictures, means, progress=lambda step: seen.append((step.index, step.total)))
    assert found.shape == (24, 3)
    assert seen == [(16, 24), (24, 24)]
    every = pictures.batch(torch.arange(24))
    assert every.shape == (24, 3, 32, 32)
    assert torch.allclose(found.sort(dim=0).values, means(every).sort(dim=0).values)
    assert torch.equal(embedded(pictures, means, count=5), found[:5]), "the same ones, whatever their number"


def test_numbers_are_different_and_repeat():
    assert sorted(chosen(10, None).tolist()) == list(range(10))
    assert len(set(chosen(10, 4).tolist())) == 4
    assert torch.equal(chosen(10, 4), chosen(10, 4))
    assert len(chosen(3, 10)) == 3


def test_painted_portraits_count_where_they_are_finished(tmp_path):
    dataset = PortraitDataset.open(tmp_path / "painted", count=6, resolution=16)
    dataset.images[:] = np.arange(6, dtype=np.uint8)[:, None, None, None] * 40
    dataset.done[[1, 4]] = True
    pictures = open_pictures(tmp_path / "painted", 32)
    assert len(pictures) == 2
    assert pictures.batch(torch.tensor([1, 0])).shape == (2, 3, 32, 32)
    assert pictures.batch(torch.tensor([1, 0])).mean(dim=(1, 2, 3)).tolist() == pytest.approx([160 / 127.5 - 1, 40 / 127.5 - 1])


def test_nothing_to_read(tmp_path):
    with pytest.raises(TrainingError, match="does not exist"):
        open_pictures(tmp_path / "nowhere", 32)
    with pytest.raises(TrainingError, match="holds no pictures"):
        open_pictures(tmp_path, 32)
    PortraitDataset.open(tmp_path / "painted", count=2, resolution=16)
    with pytest.raises(ImageError, match="none of its 2 portraits is finished"):
        open_pictures(tmp_path / "painted", 32)


def test_pairs_have_one_name(folder, tmp_path):
    for number in (3, 1, 20):
        shutil.copy(folder / f"{number:02d}.png", tmp_path / f"{number:02d}.png")
    pairs = PairedPictures.open(tmp_path, folder, 32)
    assert len(pairs.pairs) == 3
    assert pairs.unpaired == 21
    for first, second in pairs:
        assert torch.equal(first, second)
    (tmp_path / "03.png").rename(tmp_path / "other.png")
    assert PairedPictures.open(tmp_path, folder, 32).unpaired == 1 + 22


def test_pairs_that_can_not_be_told(folder, tmp_path):
    shutil.copy(folder / "00.png", tmp_path / "somebody.png")
    with pytest.raises(ImageError, match=r"no picture in .* has the name of one in"):
        PairedPictures.open(tmp_path, folder, 32)
    shutil.copy(folder / "00.png", tmp_path / "somebody.jpg")
    with pytest.raises(ImageError, match="two pictures named somebody"):
        PairedPictures.open(tmp_path, folder, 32)
