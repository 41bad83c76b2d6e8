"""Golden cases: rule-made checkpoints of the published implementations, and what these computed.

The smaller ones lie here. The rest is read from the folder that PASTICHE_GOLDEN names; where it is not set,
tests that need them are skipped. Every case that is loaded is computed on the CPU, and where there is one on a GPU
(`-m gpu`), in float32 without TF32.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from loading import module_at

from pastiche import checkpoints
from pastiche.numerics import tensor_float32

HERE = Path(__file__).parent
TOLERANCE = 1e-4  # relative; 1e-3 is what is promised, and 1e-5 what is reached
ON_GPU = 1e-3  # there the promise itself: cuDNN chooses algorithms that round otherwise, and nobody has measured by how much


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
    """A loaded checkpoint and the expected outputs; `close` compares. What is read by name is on the checkpoint's device."""

    checkpoint: checkpoints.Checkpoint
    expected: dict[str, torch.Tensor]
    device: torch.device

    def __getitem__(self, name: str) -> torch.Tensor:
        return self.expected[name].to(self.device)

    def close(self, found: torch.Tensor, name: str, *, tolerance: float = TOLERANCE) -> None:
        """The tensor `name`, or for a large image what the case keeps of it."""
        if f"{name}_small" not in self.expected:
            self._close(found, name, tolerance)
            return
        for part, suffix in zip(golden.summary(found), ("small", "crop"), strict=True):
            self._close(part, f"{name}_{suffix}", tolerance)

    def _close(self, found: torch.Tensor, name: str, tolerance: float) -> None:
        error = golden.relative_error(found, self.expected[name])
        allowed = tolerance if self.device.type == "cpu" else max(tolerance, ON_GPU)
        assert error < allowed, f"{name} differs by {error:.2e}"

    def enlarged(self, name: str, side: int) -> torch.Tensor:
        """Images that the case keeps at 64 pixels."""
        images = self[name]
        if images.shape[-1] == side:
            return images
        return torch.nn.functional.interpolate(images, size=(side, side), mode="bilinear", align_corners=False)


@pytest.fixture(scope="session")
def load_case(tmp_path_factory, device):
    """Save a case as its authors would, load it, and if asked save it as ours and load it again."""
    folder = tmp_path_factory.mktemp("golden")

    def load(name: str, *, ours: bool = False, **options: Any) -> Case:
        path = folder / f"{name}.pt"
        torch.save(golden.checkpoint(name, _folder(name)), path)
        try:
            checkpoint = checkpoints.load(path, device=device, **options)
        finally:
            path.unlink()
        loaded = through_ours(checkpoint, folder, device) if ours else checkpoint
        return Case(loaded, golden.expected(name, _folder(name)), device)

    return load


@pytest.fixture(scope="session")
def load_pickle(tmp_path_factory, device):
    """Load a pickle that lies beside its case, and if asked save it as ours and load it again."""
    folder = tmp_path_factory.mktemp("pickle")

    def load(name: str, *, ours: bool = False) -> Case:
        place = _folder(f"{name}_pkl")
        checkpoint = checkpoints.load(place / f"{name}.pkl", device=device)
        loaded = through_ours(checkpoint, folder, device) if ours else checkpoint
        return Case(loaded, golden.expected(f"{name}_pkl", place), device)

    return load


def through_ours(checkpoint: checkpoints.Checkpoint, folder: Path, device: torch.device) -> checkpoints.Checkpoint:
    """The checkpoint, saved in our format and loaded again."""
    path = folder / "ours.safetensors"
    checkpoints.save(checkpoint, path)
    try:
        return checkpoints.load(path, device=device)
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
def without_gradients_and_tf32():
    with torch.no_grad(), tensor_float32(allowed=False):
        yield
