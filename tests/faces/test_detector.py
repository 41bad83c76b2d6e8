"""The detector: its pyramid, its boxes and its files, with answers made by hand.

How well it was taught is measured by its stage.
"""

import itertools
import math

import pytest
import torch

from pastiche.errors import ImageError
from pastiche.faces import blocks
from pastiche.faces.detector import (
    STRIDE,
    TYPICAL,
    VOTES,
    DetectorNet,
    NetworkDetector,
    bundled_detector,
    decode,
    merged,
    scales,
)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return DetectorNet().eval().requires_grad_(False)


class Bright(torch.nn.Module):
    """Answers that there is a face where the picture is bright, exactly at the answer, of the typical size."""

    def __init__(self):
        super().__init__()
        self.nothing = torch.nn.Parameter(torch.zeros(1))
        self.threshold = torch.tensor(0.5)

    def forward(self, images):
        light = torch.nn.functional.avg_pool2d(images.mean(dim=1, keepdim=True), STRIDE)
        turn = math.radians(20)
        places = torch.zeros(len(light), 5, *light.shape[-2:])
        places[:, 3], places[:, 4] = math.cos(turn), math.sin(turn)
        return torch.cat([20 * light - 10, places], dim=1)


@pytest.mark.parametrize(("height", "width"), [(300, 400), (64, 64), (401, 233)])
def test_any_picture_can_be_looked_at(network, height, width):
    for box in NetworkDetector(network, threshold=0.0)(torch.rand(1, 3, height, width) * 2 - 1)[:5]:
        assert math.isfinite(box.side)


def test_a_find_lies_where_the_answer_was():
    picture = torch.full((1, 3, 400, 600), -1.0)
    picture[..., 180:220, 380:420] = 1.0
    best = max(NetworkDetector(Bright())(picture), key=lambda box: box.score)
    assert best.centre == pytest.approx((399.5, 199.5), abs=8)
    assert best.angle == pytest.approx(20, abs=0.1)


def test_the_pyramid_reaches_from_the_smallest_face_to_one_that_fills_the_picture():
    found = scales(torch.zeros(1, 3, 768, 1024), 0.04)
    assert 0.04 * 1024 * found[0] <= TYPICAL
    assert 768 * found[-1] <= 1.5 * TYPICAL
    assert all(a / b == pytest.approx(2**0.5) for a, b in itertools.pairwise(found))


def test_answers_become_boxes_in_pixels():
    answers = torch.full((1, 6, 4, 4), -9.0)
    answers[0, :, 1, 2] = torch.tensor([3.0, 0.5, -0.5, math.log(2), 0.6, 0.8])
    best = decode(answers)[0, 0]
    assert best[1:4].tolist() == pytest.approx(
        [2.5 * STRIDE - 0.5 + TYPICAL / 2, 1.5 * STRIDE - 0.5 - TYPICAL / 2, 2 * TYPICAL]
    )
    assert best[0] == pytest.approx(1 / (1 + math.exp(-3)))


def test_overlapping_finds_become_one():
    finds = torch.tensor([[0.5, 10, 10, 20, 1, 0], [0.9, 12, 10, 20, 1, 0], [0.7, 90, 10, 20, 1, 0]])
    found = merged(finds)
    assert found[:, 0].tolist() == pytest.approx([1.4 / VOTES, 0.7 / VOTES])  # the mean of all its votes
    assert 11 < found[0, 1] < 12


def test_a_batch_is_refused(network):
    with pytest.raises(ImageError):
        NetworkDetector(network)(torch.zeros(2, 3, 64, 64))


def test_the_threshold_is_part_of_the_file(network, tmp_path):
    network.threshold.fill_(0.25)
    network.save(tmp_path / "detector.safetensors")
    loaded = DetectorNet.load(tmp_path / "detector.safetensors")
    assert NetworkDetector(loaded).threshold == 0.25
    picture = torch.rand(1, 3, 96, 96) * 2 - 1
    assert torch.allclose(loaded(picture), network(picture), atol=0.05)


def test_a_bundle_without_the_network_says_so(monkeypatch, caplog):
    monkeypatch.setattr(blocks, "demo_file_or_none", lambda name: None)
    bundled_detector.cache_clear()
    with caplog.at_level("INFO"):
        assert bundled_detector() is None
    assert "detector.safetensors" in caplog.text
    bundled_detector.cache_clear()
