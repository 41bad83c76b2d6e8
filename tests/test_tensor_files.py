"""One format for styles, people, latents, directions and exemplars."""

import pytest
import torch
from safetensors.torch import save_file

from pastiche import StyleError
from pastiche.errors import Advice
from pastiche.tensor_files import TensorFile

WRITER = Advice(python="a tree", command="`tree`", node="Tree")
FILE = TensorFile(header="pastiche.leaf", what="a leaf", writer=WRITER, refusal=StyleError)
DEEP = "[" * 100_000  # JSON's reader gives up with an error of its own


def test_written_and_read(tmp_path):
    tensors = {"a": torch.arange(6.0).view(2, 3).T.requires_grad_(), "b": torch.ones(2, dtype=torch.float16)}
    FILE.write(tmp_path / "leaf", tensors, '{"green": true}')
    found, text = FILE.read(tmp_path / "leaf")
    assert text == '{"green": true}'
    assert {name: value.dtype for name, value in found.items()} == {"a": torch.float32, "b": torch.float16}
    assert torch.equal(found["a"], tensors["a"])
    assert FILE.read_facts(tmp_path / "leaf")[1] == {"green": True}


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (None, "leaf is a .safetensors file, but not a leaf saved by Pastiche: .* a tree writes a leaf"),
        ({"pastiche.stone": "{}"}, "but not a leaf"),
        ({"pastiche.leaf": "no JSON"}, "leaf can't be read as a leaf"),
        ({"pastiche.leaf": "[1]"}, "can't be read as a leaf: its header is no table of facts"),
        ({"pastiche.leaf": DEEP}, "can't be read as a leaf: .*recursion"),
    ],
)
def test_files_that_do_not_fit(tmp_path, metadata, message):
    save_file({"a": torch.zeros(1)}, tmp_path / "leaf", metadata)
    with pytest.raises(StyleError, match=message):
        FILE.read_facts(tmp_path / "leaf")


def test_files_that_can_not_be_read(tmp_path):
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(StyleError, match="can't be read as a leaf"):
            FILE.read(path)
    (tmp_path / "cut").write_bytes(b"\x08" + bytes(7))
    with pytest.raises(StyleError, match="cut can't be read as a leaf"):
        FILE.read(tmp_path / "cut")
