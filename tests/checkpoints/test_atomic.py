"""Files that appear whole or not at all."""

import os
import sys

import pytest
import torch

from pastiche.dualstylegan import Exemplars
from pastiche.errors import CheckpointError, LatentError, PasticheError, StyleError
from pastiche.faces.landmark_net import LandmarkNet
from pastiche.files import replacing
from pastiche.latents import Latent
from pastiche.style_protocol import write_style


def test_a_file_appears_at_the_end(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")
    with replacing(path, PasticheError) as beside:
        beside.write_text("after")
        assert beside.parent == path.parent
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_nothing_behind(tmp_path):
    path = tmp_path / "a.txt"

    def interrupted():
        with replacing(path, PasticheError) as beside:
            beside.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are others there")
def test_the_permissions_are_those_of_any_new_file(tmp_path):
    (tmp_path / "usual").write_text("")
    with replacing(tmp_path / "a", PasticheError) as beside:
        beside.write_text("")
    assert os.stat(tmp_path / "a").st_mode == os.stat(tmp_path / "usual").st_mode


SAVES = {
    "latent": (LatentError, lambda path: Latent(torch.zeros(1, 4), "w").save(path)),
    "style": (StyleError, lambda path: write_style(path, {}, {})),
    "exemplars": (StyleError, lambda path: Exemplars(["a"], torch.zeros(1, 2, 4)).save(path)),
    "landmarks": (CheckpointError, lambda path: LandmarkNet().save(path)),
}


@pytest.mark.parametrize("kind", SAVES)
def test_what_can_not_be_written_is_an_error_of_its_kind(tmp_path, kind):
    refusal, save = SAVES[kind]
    with pytest.raises(refusal, match=r"a\.safetensors can't be written \(there is no folder .*none\)"):
        save(tmp_path / "none" / "a.safetensors")
    (tmp_path / "file").write_text("")
    with pytest.raises(refusal, match=r"can't be written .*what was there before is unchanged"):
        save(tmp_path / "file" / "a.safetensors")
    (tmp_path / "folder.safetensors").mkdir()
    with pytest.raises(refusal, match="can't be written"):
        save(tmp_path / "folder.safetensors")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.safetensors"]
