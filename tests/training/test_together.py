"""Two processes learn what one does, by every method."""

import json
from pathlib import Path

import pytest
import torch
from loading import module_at
from processes import finish, start_together

SCRIPT = Path(__file__).with_name("together.py")
tiny = module_at(SCRIPT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("together")
    tiny.write_pictures(found / "pictures")
    return found


@pytest.fixture(scope="module")
def together(folder):
    finish(start_together(SCRIPT, folder))
    return json.loads((folder / "together.json").read_text())


@pytest.mark.parametrize("name", tiny.METHODS)
def test_two_processes_learn_what_one_does(name, together, folder):
    alone, found = tiny.run(name, folder), together[name]
    assert len(found["losses"]) == len(alone["losses"]) == tiny.ITERATIONS
    for both, one in zip(found["losses"], alone["losses"], strict=True):
        assert both == pytest.approx(one, rel=2e-3, abs=1e-4)
    for both, one in zip(found["weights"], alone["weights"], strict=True):
        # Adam makes a whole step of what rounding leaves of a zero, but of few weights
        moved = (torch.tensor(both) - torch.tensor(one)).abs() > 1e-4
        assert moved.float().mean() < 0.02
    assert found["states"].keys() == alone["states"].keys()
    for state, one in alone["states"].items():
        assert found["states"][state] == pytest.approx(one, rel=2e-3, abs=1e-3), state
