"""Messages of the command line name its options, and no arguments of Python."""

import importlib.util
from pathlib import Path

import pytest
import torch

import pastiche
from pastiche.cli.wording import WORDINGS, in_options
from pastiche.errors import NoFaceError

_spec = importlib.util.spec_from_file_location("published", Path(__file__).parents[1] / "checkpoints" / "published.py")
published = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(published)


def test_a_face_that_is_not_found():
    with pytest.raises(NoFaceError) as caught:
        pastiche.align(torch.zeros(1, 3, 64, 96))
    told = in_options(str(caught.value))
    assert "declare it so (--aligned)" in told
    assert "give that with --aligned" in told
    for name in ("aligned=True", "detect(", "crop_by_hand"):
        assert name in str(caught.value)
        assert name not in told


def test_an_encoder_that_fits_two(run, tmp_path):
    path = tmp_path / "encoder.pt"
    torch.save(published.psp(published.encoder(6, w_dim=8, stem=4, widths=(4, 8, 8, 16))), path)
    status, _, err = run("convert", path)
    told = " ".join(err.split())
    assert status == 1
    assert "fits psp and e4e alike" in told
    assert "`pastiche convert FILE --architecture psp` (or e4e)" in told
    assert "architecture=" not in told
    assert run("convert", path, "--architecture", "psp", "--out", tmp_path / "ENCODER.SAFETENSORS")[0] == 0
    assert pastiche.load(tmp_path / "ENCODER.SAFETENSORS").architecture == "psp"


def test_other_messages_stay():
    assert in_options("strength is 3: it goes from 0 to 1") == "strength is 3: it goes from 0 to 1"
    assert len(WORDINGS) == 3  # each is met above
