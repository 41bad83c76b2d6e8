"""The checkpoint reader against torch's own: what it reads of every golden file is the same."""

import json
import os
from collections.abc import Mapping
from math import prod
from pathlib import Path

import pytest
import torch

from pastiche.checkpoints.files import open_file

FOLDERS = [Path(__file__).parent, *([Path(os.environ["PASTICHE_GOLDEN"])] if "PASTICHE_GOLDEN" in os.environ else [])]
MANY = 60_000_000  # numbers in a file that only slow runs write


def cases():
    """Every golden case that is a file of torch.save, from what lies here and in the folder that PASTICHE_GOLDEN names."""
    sizes = {}
    for path in (path for folder in FOLDERS for path in sorted(folder.glob("*.json"))):
        tensors = json.loads(path.read_text())["tensors"]
        if tensors:
            sizes[path.stem] = sum(prod(spec["shape"]) for spec in tensors.values())
    return [pytest.param(name, marks=[pytest.mark.slow] if size > MANY else [], id=name) for name, size in sizes.items()]


def differences(ours, theirs, where="root"):
    """Where two nested containers differ."""
    if isinstance(theirs, torch.Tensor):
        same = isinstance(ours, torch.Tensor) and ours.dtype == theirs.dtype and torch.equal(ours, theirs)
        return [] if same else [where]
    if isinstance(theirs, Mapping):
        if not isinstance(ours, Mapping) or list(ours) != list(theirs):
            return [where]
        return [found for key in theirs for found in differences(ours[key], theirs[key], f"{where}/{key}")]
    if isinstance(theirs, (list, tuple)):
        if type(ours) is not type(theirs) or len(ours) != len(theirs):
            return [where]
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [found for index, (a, b) in pairs for found in differences(a, b, f"{where}/{index}")]
    return [] if type(ours) is type(theirs) and ours == theirs else [where]


@pytest.mark.parametrize("name", cases())
@pytest.mark.parametrize("as_zip", [True, False], ids=["zip", "legacy"])
def test_it_reads_what_torch_reads(rule_made, tmp_path, name, as_zip):
    path = tmp_path / "golden.pt"
    torch.save(rule_made(name), path, _use_new_zipfile_serialization=as_zip)
    content = open_file(path)
    theirs = torch.load(path, map_location="cpu", weights_only=True)
    assert differences(content.root, theirs) == []
    path.unlink()


def test_a_difference_is_seen():
    """Of one bit, of a type, and of the order of the names."""
    one = {"a": {"b": torch.zeros(3)}, "c": [1, 2]}
    assert differences(one, {"a": {"b": torch.tensor([0, 0, 1e-30])}, "c": [1, 2]}) == ["root/a/b"]
    assert differences(one, {"a": {"b": torch.zeros(3).double()}, "c": [1, 2.0]}) == ["root/a/b", "root/c/1"]
    assert differences(one, dict(reversed(one.items()))) == ["root"]
