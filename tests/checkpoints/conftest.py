"""What the tests of checkpoints share."""

from pathlib import Path

import pytest
import torch
from loading import module_at

from pastiche import checkpoints

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def published():
    """The builders in published.py, which pytest's import mode keeps out of reach of an import statement."""
    return module_at(HERE / "published.py")


@pytest.fixture
def equal():
    """Whether two modules hold the same tensors; names the first that differs."""

    def check(found, wanted):
        found, wanted = found.state_dict(), wanted.state_dict()
        assert found.keys() == wanted.keys()
        for key, tensor in wanted.items():
            assert found[key].dtype == tensor.dtype, key
            assert torch.equal(found[key], tensor), f"{key} differs by {(found[key] - tensor).abs().max():.3g}"

    return check


@pytest.fixture
def saved(tmp_path):
    """Save a dict as the authors would, and give the path."""

    def save(root, name="checkpoint.pt", **options):
        torch.save(root, tmp_path / name, **options)
        return tmp_path / name

    return save


@pytest.fixture
def through(saved):
    """Load a dict that the authors would have saved."""

    def load(root, *, file=None, **options):
        return checkpoints.load(saved(root, **(file or {})), **options)

    return load
