"""Portraits with one group of coordinates changed."""

import pytest
import torch

from pastiche.synthetic.coordinates import COORDINATES, INDEX
from pastiche.synthetic.dataset import PortraitDataset, code, render
from pastiche.synthetic.parameters import parameters
from pastiche.synthetic.variations import GROUPS, varied


def changed(before, after):
    """Names of the coordinates that differ by more than the common length of the code."""
    scale = (after / before).median()
    return {name for name, a, b in zip(COORDINATES, before * scale, after, strict=True) if not torch.isclose(a, b, atol=1e-4)}


def test_one_group_changes_and_the_length_stays():
    groups = [set(names) for _, names in GROUPS.values()]
    for index in range(40):
        z = code(index)
        new = varied(z, index)
        assert changed(z, new) in groups
        assert new.norm() == pytest.approx(len(COORDINATES) ** 0.5, rel=1e-5)
        assert varied(z, index).equal(new)
    assert sum(chance for chance, _ in GROUPS.values()) == 100


def test_a_smile_reverses_and_glasses_are_put_on_or_off():
    reversed_, worn = 0, 0
    for index in range(120):
        z = code(index)
        new = varied(z, index)
        names = changed(z, new)
        if "smile" in names:
            reversed_ += 1
            assert z[INDEX["smile"]] * new[INDEX["smile"]] < 0
        if "glasses" in names:
            worn += 1
            before, after = parameters(torch.stack([z, new])).glasses[:, 0] > 0.5
            assert before != after
    assert reversed_ > 10
    assert worn > 10


def test_they_are_painted_into_a_dataset_of_their_own(tmp_path):
    found = render(tmp_path / "varied", count=2, resolution=16, seed=3, workers=1, progress=lambda _: None, kind="varied")
    z, images, _ = found.batch(found.ready())
    assert images.shape == (2, 3, 16, 16)
    assert z.equal(torch.stack([varied(code(index, 3), index, 3) for index in range(2)]))
    assert PortraitDataset.open(tmp_path / "varied").kind == "varied"
