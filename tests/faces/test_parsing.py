"""The parsing network: shapes and files; how well it was taught is judged by eye and by its stage."""

import pytest
import torch

from pastiche.classes import CLASSES
from pastiche.errors import CheckpointError
from pastiche.faces import blocks
from pastiche.faces.parsing import FaceParser, ParsingNet, bundled_parser, mask_of


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return ParsingNet().eval().requires_grad_(False)


@pytest.mark.parametrize("side", [64, 128, 200])
def test_probabilities_have_the_size_of_the_picture(network, side):
    found = FaceParser(network)(torch.rand(2, 3, side, side) * 2 - 1)
    assert found.shape == (2, len(CLASSES), side, side)
    assert found.min() >= 0
    assert torch.allclose(found.sum(dim=1), torch.ones(2, side, side), atol=1e-4)


def test_a_mirrored_picture_gives_the_mirrored_map(network):
    picture = torch.rand(1, 3, 128, 128) * 2 - 1
    parser = FaceParser(network)
    assert torch.allclose(parser(picture.flip(-1)), parser(picture).flip(-1), atol=1e-5)


def test_edges_follow_the_picture(network, monkeypatch):
    """The map of a small copy is soft at 512 pixels; along an edge of the picture it becomes hard."""
    left = torch.zeros(1, len(CLASSES), 128, 128)
    left[:, 0, :, 65:], left[:, 1, :, :65] = 9.0, 9.0  # a pixel of the small copy beside the edge
    monkeypatch.setattr(network, "forward", lambda images: left if images[0, 0, 0, 0] < 0 else left.flip(-1))
    picture = torch.full((1, 3, 512, 512), -0.8)
    picture[..., 256:] = 0.8
    soft, sharp = FaceParser(network, sharpen=False)(picture), FaceParser(network)(picture)
    assert sharp.diff(dim=-1).abs()[0, 1, 256].max() > soft.diff(dim=-1).abs()[0, 1, 256].max()
    assert sharp.diff(dim=-1).abs()[0, 1, 256].argmax() == 255


def test_masks_add_up_classes():
    found = torch.zeros(1, len(CLASSES), 2, 2)
    found[:, CLASSES.index("hair")], found[:, CLASSES.index("brows")] = 0.25, 0.5
    assert mask_of(found, ("hair", "brows")).unique().tolist() == [0.75]
    with pytest.raises(ValueError, match="feathers"):
        mask_of(found, ("feathers",))


def test_a_network_comes_back_from_its_file(network, tmp_path):
    network.save(tmp_path / "parsing.safetensors")
    picture = torch.rand(1, 3, 128, 128) * 2 - 1
    loaded = ParsingNet.load(tmp_path / "parsing.safetensors")
    assert torch.allclose(loaded(picture), network(picture), atol=0.05)
    assert (tmp_path / "parsing.safetensors").stat().st_size < 2_000_000


def test_a_file_of_another_network_is_refused(tmp_path):
    (tmp_path / "parsing.safetensors").write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="parsing network"):
        ParsingNet.load(tmp_path / "parsing.safetensors")


def test_a_bundle_without_the_network_says_so(monkeypatch, caplog):
    monkeypatch.setattr(blocks, "demo_file_or_none", lambda name: None)
    bundled_parser.cache_clear()
    with caplog.at_level("INFO"):
        assert bundled_parser() is None
    assert "parsing.safetensors" in caplog.text
    bundled_parser.cache_clear()
