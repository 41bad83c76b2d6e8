"""Exemplars: codes by number and by name, and their own file."""

import pytest
import torch
from safetensors.torch import save_file

from pastiche import checkpoints
from pastiche.checkpoints import Checkpoint
from pastiche.dualstylegan import Exemplars, ExemplarTable
from pastiche.errors import StyleError

NAMES = tuple(f"{number:03}.jpg" for number in range(12))


@pytest.fixture
def exemplars():
    return Exemplars(NAMES, torch.randn(12, 10, 16))


def test_by_number_and_by_name(exemplars):
    assert len(exemplars) == 12
    for number, name in enumerate(NAMES):
        assert torch.equal(exemplars[number], exemplars.codes[number])
        assert torch.equal(exemplars[name], exemplars.codes[number])


@pytest.mark.parametrize("exemplar", [12, -1, "53.jpg", ""])
def test_exemplars_that_are_not_there(exemplars, exemplar):
    with pytest.raises(
        StyleError, match=r"there is no exemplar .*: there are numbers 0 to 11, or the names 000\.jpg, .* and 4 more"
    ):
        exemplars[exemplar]


def test_a_loop_gives_the_names(exemplars):
    assert list(exemplars) == list(NAMES)


@pytest.mark.parametrize(
    ("names", "codes"),
    [
        ((), torch.zeros(0, 10, 16)),
        (("a",), torch.zeros(2, 10, 16)),
        (("a", "a"), torch.zeros(2, 10, 16)),
        (("a", "b\nc"), torch.zeros(2, 10, 16)),
        (("a", ""), torch.zeros(2, 10, 16)),
        (("a", "b"), torch.zeros(2, 16)),
        (("a", "b"), torch.zeros(2, 10, 16, dtype=torch.long)),
    ],
)
def test_names_and_codes_that_do_not_fit(names, codes):
    with pytest.raises(StyleError, match="are no exemplars"):
        Exemplars(names, codes)


def test_saved_and_loaded(exemplars, tmp_path):
    path = tmp_path / "exemplars.safetensors"
    exemplars.save(path)
    loaded = Exemplars.load(path)
    assert loaded.names == NAMES
    assert torch.equal(loaded.codes, exemplars.codes)


def test_in_a_checkpoint(exemplars, generator, tmp_path):
    path = tmp_path / "dual.safetensors"
    table = ExemplarTable.of(exemplars)
    checkpoints.save(Checkpoint(architecture="dualstylegan", generator=generator, exemplars=table), path)
    loaded = checkpoints.load(path).exemplars.exemplars
    assert loaded.names == NAMES
    assert torch.equal(loaded.codes, exemplars.codes)
    facts = checkpoints.inspect(path)
    assert facts.parts == ("generator", "exemplars")


def test_files_that_hold_none(tmp_path):
    path = tmp_path / "other.safetensors"
    with pytest.raises(StyleError, match="can't be read as exemplars"):
        Exemplars.load(path)
    save_file({"codes": torch.zeros(1, 10, 16)}, path)
    with pytest.raises(StyleError, match="not exemplars saved by Pastiche"):
        Exemplars.load(path)
    save_file({"codes": torch.zeros(2, 10, 16)}, path, {"pastiche.exemplars": "one"})
    with pytest.raises(StyleError, match="are no exemplars"):
        Exemplars.load(path)
