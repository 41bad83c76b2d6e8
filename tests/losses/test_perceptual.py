"""Distances between pictures. LPIPS has random weights here: its structure is checked, not its judgement."""

import importlib.util

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from pastiche.errors import CheckpointError
from pastiche.losses.perceptual import LPIPS, DiscriminatorDistance, LPIPSDistance, find_lpips

# torchvision's configuration D: numbers are channels of a 3 x 3 convolution and its ReLU, M halves the picture
VGG16 = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]
TAPPED = (3, 8, 15, 22, 29)  # the last ReLU of each block


def vgg16():
    layers, channels = [], 3
    for step in VGG16:
        if step == "M":
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(channels, step, 3, padding=1), nn.ReLU()]
            channels = step
    return nn.Sequential(*layers)


@pytest.fixture(scope="module")
def backbone():
    torch.manual_seed(0)
    return vgg16().requires_grad_(False)


@pytest.fixture(scope="module")
def linear():
    torch.manual_seed(1)
    widths = (64, 128, 256, 512, 512)
    return {f"lin{index}.model.1.weight": torch.rand(1, width, 1, 1) for index, width in enumerate(widths)}


@pytest.fixture(scope="module")
def files(tmp_path_factory, backbone, linear):
    """The two published files, with a classifier that nobody needs."""
    folder = tmp_path_factory.mktemp("lpips")
    state = {f"features.{key}": value for key, value in backbone.state_dict().items()}
    torch.save({**state, "classifier.0.weight": torch.zeros(2, 2)}, folder / "vgg16-397923af.pth")
    torch.save(linear, folder / "lpips_vgg_v0.1.pth")
    return folder / "vgg16-397923af.pth", folder / "lpips_vgg_v0.1.pth"


@pytest.fixture(scope="module")
def lpips(files):
    return LPIPS.load(*files)


@pytest.fixture
def images():
    return torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1


def plain(backbone, linear, first, second):
    """LPIPS v0.1 as published: torchvision's VGG16, unit features, weighted squares, mean over pixels, sum over layers."""
    shift = torch.tensor([-0.030, -0.088, -0.188]).view(1, 3, 1, 1)
    scale = torch.tensor([0.458, 0.448, 0.450]).view(1, 3, 1, 1)
    total, a, b = torch.zeros(len(first)), (first - shift) / scale, (second - shift) / scale
    for index, layer in enumerate(backbone):
        a, b = layer(a), layer(b)
        if index in TAPPED:
            weight = linear[f"lin{TAPPED.index(index)}.model.1.weight"]
            total += F.conv2d((F.normalize(a) - F.normalize(b)).square(), weight).mean(dim=(1, 2, 3))
    return total


def test_lpips(lpips, backbone, linear, images):
    found = lpips(images, images.flip(0))
    assert found.shape == (2,)
    assert torch.allclose(found, plain(backbone, linear, images, images.flip(0)), rtol=1e-4)
    assert torch.allclose(found, lpips(images.flip(0), images), rtol=1e-5)
    assert (found > 0).all()


def test_equal_pictures(lpips, images):
    assert lpips(images, images).tolist() == [0, 0]


def test_lpips_is_frozen_and_its_input_is_not(lpips, images):
    assert not any(value.requires_grad for value in lpips.parameters())
    images.requires_grad_()
    lpips(images, images.detach().flip(0)).sum().backward()
    assert images.grad.isfinite().all()
    assert images.grad.abs().sum() > 0


def test_files_that_are_something_else(files, tmp_path):
    backbone, linear = files
    garbage = tmp_path / "garbage.pth"
    garbage.write_bytes(b"<html>not found</html>")
    for wrong in (
        (tmp_path / "missing.pth", linear),
        (linear, backbone),
        (linear, linear),
        (garbage, linear),
        (backbone, garbage),
    ):
        with pytest.raises(CheckpointError, match=r"are not VGG16 and LPIPS v0\.1"):
            LPIPS.load(*wrong)
    torch.save([1, 2], garbage)
    with pytest.raises(CheckpointError, match=r"are not VGG16 and LPIPS v0\.1"):
        LPIPS.load(garbage, linear)


def test_lpips_is_found_where_its_files_are(files, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert find_lpips([tmp_path]) is None
    assert isinstance(find_lpips([tmp_path, files[0].parent]), LPIPS)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / files[0].name).symlink_to(files[0])
    assert find_lpips([tmp_path]) is None, "one file of the two is not enough"
    (tmp_path / files[1].name).symlink_to(files[1])
    assert isinstance(find_lpips([tmp_path]), LPIPS)


def test_lpips_of_files_that_were_saved_on_a_gpu(backbone, linear, tmp_path, as_saved_on_a_gpu, files):
    """The published linear layers were."""
    tagged = [tmp_path / file.name for file in files]
    for path, file in zip(tagged, files, strict=True):
        as_saved_on_a_gpu(torch.load(file, weights_only=True), path)
    wanted, found = LPIPS.load(*files), LPIPS.load(*tagged)
    assert all(map(torch.equal, found.parameters(), wanted.parameters()))


def test_lpips_is_read_once(files, monkeypatch):
    first = find_lpips([files[0].parent])
    monkeypatch.setattr(LPIPS, "load", lambda *_: pytest.fail("was read again"))
    second = find_lpips([files[0].parent])
    assert first is not second, "each caller may move its own"
    assert all(map(torch.equal, first.parameters(), second.parameters()))


def test_lpips_is_read_again_when_a_file_changes(files, tmp_path):
    for file in files:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    first = find_lpips([tmp_path])
    changed = torch.load(tmp_path / files[1].name, weights_only=True)
    torch.save({key: 2 * value for key, value in changed.items()}, tmp_path / files[1].name)
    assert torch.equal(find_lpips([tmp_path]).linear[0], 2 * first.linear[0])


def test_lpips_as_a_distance(lpips, images):
    distance = LPIPSDistance(lpips, images)
    assert distance(images).item() == 0
    assert torch.allclose(distance(images.flip(0)), lpips(images, images.flip(0)).mean(), rtol=1e-4)


def test_large_pictures_are_compared_at_256():
    """As the published projector does: the mean of each block of pixels."""
    images = torch.rand(1, 3, 512, 512)
    assert torch.allclose(LPIPSDistance._small(images), F.avg_pool2d(images, 2), atol=1e-6)
    assert LPIPSDistance._small(images[..., :128, :128]).shape[-1] == 128


@pytest.fixture
def discriminator(small_discriminator):
    return small_discriminator(32)


def test_discriminator_distance_of_equal_pictures(discriminator, images):
    assert DiscriminatorDistance(discriminator, images)(images).item() == 0


def test_discriminator_distance(discriminator, images):
    other = images.flip(0)
    features = [
        (a - b).abs().mean()
        for a, b in zip(discriminator.features(images, [1, 2, 3]), discriminator.features(other, [1, 2, 3]), strict=True)
    ]
    pixels = (images - other).abs().mean()
    distance = DiscriminatorDistance(discriminator, images)
    assert torch.allclose(distance(other), sum(features) / 3 + pixels)
    assert torch.allclose(DiscriminatorDistance(discriminator, images, pixels=0)(other), sum(features) / 3)
    assert torch.allclose(DiscriminatorDistance(discriminator, images, blocks=[2], pixels=2)(other), features[1] + 2 * pixels)


def test_discriminator_distance_has_a_gradient_in_the_picture_alone(discriminator, images):
    other = images.flip(0).requires_grad_()
    DiscriminatorDistance(discriminator, images)(other).backward()
    assert other.grad.abs().sum() > 0
    assert all(value.grad is None for value in discriminator.parameters())
