"""Golden cases: rule-made checkpoints of the published implementations, and what these computed.

The smaller ones lie here. The rest is read from the folder that PASTICHE_GOLDEN names; where it is not set,
tests that need them are skipped.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from loading import module_at

from pastiche import checkpoints

HERE = Path(__file__).parent
TOLERANCE = 1e-4  # relative; 1e-3 is what is promised, and 1e-5 what is reached


def _folder(name: str) -> Path:
    elsewhere = os.environ.get("PASTICHE_GOLDEN")
    if (HERE / f"{name}.json").exists():
        return HERE
    if elsewhere is None or not (Path(elsewhere) / f"{name}.json").exists():
        pytest.skip(f"the golden case {name} is in the folder that PASTICHE_GOLDEN names, which is not set, or lacks it")
    return Path(elsewhere)


golden = module_at(HERE / "golden.py")


@dataclass
class Case:
    """A loaded checkpoint and the expected outputs; `close` compares."""

    checkpoint: checkpoints.Checkpoint
    expected: dict[str, torch.Tensor]

    def __getitem__(self, name: str) -> torch.Tensor:
        return self.expected[name]

    def close(self, found: torch.Tensor, name: str, *, tolerance: float = TOLERANCE) -> None:
        """The tensor `name`, or for a large image what the case keeps of it."""
        if f"{name}_small" not in self.expected:
            self._close(found, name, tolerance)
            return
        for part, suffix in zip(golden.summary(found), ("small", "crop"), strict=True):
            self._close(part, f"{name}_{suffix}", tolerance)

    def _close(self, found: torch.Tensor, name: str, tolerance: float) -> None:
        error = golden.relative_error(found, self.expected[name])
        assert error < tolerance, f"{name} differs by {error:.2e}"

    def enlarged(self, name: str, side: int) -> torch.Tensor:
        """Images that the case keeps at 64 pixels."""
        images = self.expected[name]
        if images.shape[-1] == side:
            return images
        return torch.nn.functional.interpolate(images, size=(side, side), mode="bilinear", align_corners=False)


@pytest.fixture(scope="session")
def load_case(tmp_path_factory):
    """Save a case as its authors would, load it, and if asked save it as ours and load it again."""
    folder = tmp_path_factory.mktemp("golden")

    def load(name: str, *, ours: bool = False, **options: Any) -> Case:
        path = folder / f"{name}.pt"
        torch.save(golden.checkpoint(name, _folder(name)), path)
        try:
            checkpoint = checkpoints.load(path, **options)
        finally:
            path.unlink()
        return Case(through_ours(checkpoint, folder) if ours else checkpoint, golden.expected(name, _folder(name)))

    return load


@pytest.fixture(scope="session")
def load_pickle(tmp_path_factory):
    """Load a pickle that lies beside its case, and if asked save it as ours and load it again."""
    folder = tmp_path_factory.mktemp("pickle")

    def load(name: str, *, ours: bool = False) -> Case:
        checkpoint = checkpoints.load(_folder(f"{name}_pkl") / f"{name}.pkl")
        return Case(
            through_ours(checkpoint, folder) if ours else checkpoint, golden.expected(f"{name}_pkl", _folder(f"{name}_pkl"))
        )

    return load


def through_ours(checkpoint: checkpoints.Checkpoint, folder: Path) -> checkpoints.Checkpoint:
    """The checkpoint, saved in our format and loaded again."""
    path = folder / "ours.safetensors"
    checkpoints.save(checkpoint, path)
    try:
        return checkpoints.load(path)
    finally:
        path.unlink()


@pytest.fixture(scope="session")
def rule_made():
    """The tensors of a case, by the names that the authors gave them."""
    return lambda name: golden.checkpoint(name, _folder(name))


@pytest.fixture(scope="session")
def golden_file():
    """A file that lies beside a case."""
    return lambda name, case: _folder(case) / name


@pytest.fixture(autouse=True)
def without_gradients():
    with torch.no_grad():
        yield
