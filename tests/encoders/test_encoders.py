"""Encoders: shapes, variants, and the published parameter names. The numbers are in tests/golden."""

import pytest
import torch

from pastiche.encoders import Backbone, EncoderConfig, PyramidEncoder
from pastiche.encoders.pyramid import level_of
from pastiche.errors import ImageError

SMALL = {"w_dim": 16, "stem": 4, "widths": (4, 8, 8, 16)}


def build(num_layers=6, **changes):
    torch.manual_seed(0)
    encoder = PyramidEncoder(EncoderConfig(num_layers=num_layers, **{**SMALL, **changes})).eval()
    encoder.latent_avg.normal_()
    return encoder.requires_grad_(False)


@pytest.fixture
def images():
    return torch.rand(2, 3, 256, 256, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize("num_layers", [4, 7, 18])
def test_a_code_for_every_layer(images, num_layers):
    encoder = build(num_layers)
    latent = encoder(images[:1])
    assert latent.space == "w+"
    assert latent.codes.shape == (1, num_layers, 16)
    assert (encoder.num_layers, encoder.latent_dim) == (num_layers, 16)


def test_rows_are_read_from_coarse_to_fine():
    assert [level_of(row) for row in range(18)] == [0] * 3 + [1] * 4 + [2] * 11


def test_e4e_adds_differences_to_its_first_row(images):
    psp, e4e = build(), build(progressive=True)
    e4e.load_state_dict(psp.state_dict())
    rows = psp.codes(images)
    assert torch.equal(e4e.codes(images)[:, 0], rows[:, 0])
    assert torch.allclose(e4e.codes(images)[:, 1:], rows[:, :1] + rows[:, 1:])


def test_the_mean_code_is_added_if_the_config_says_so(images):
    with_average, without = build(), build(add_average=False)
    without.load_state_dict(with_average.state_dict())
    codes = without(images).codes
    assert torch.equal(codes, without.codes(images))
    assert torch.equal(with_average(images).codes, codes + with_average.latent_avg)


def test_images_do_not_see_each_other(images):
    encoder = build()
    together = encoder(images).codes
    assert torch.allclose(together[1:], encoder(images[1:]).codes, atol=1e-5)


def test_codes_in_z_plus(images):
    assert build(space="z+")(images).space == "z+"


@pytest.mark.parametrize("shape", [(2, 3, 128, 128), (2, 6, 256, 256), (3, 256, 256), (2, 256, 256, 3), (2, 3, 256, 192)])
def test_another_size_is_refused(shape):
    with pytest.raises(ImageError, match=r"takes images \[N, 3, 256, 256\], not \[") as error:
        build()(torch.zeros(shape))
    assert str(list(shape)) in str(error.value)


@pytest.mark.parametrize("changes", [{"space": "w"}, {"space": "s"}, {"widths": (8, 8, 8)}])
def test_a_config_that_makes_no_sense(changes):
    with pytest.raises(ValueError, match=r"w\+ or z\+|w\+ and z\+|four stages"):
        EncoderConfig(num_layers=4, **changes)


def test_it_can_be_trained(images):
    encoder = build(num_layers=8).requires_grad_(True).train()
    encoder(images).codes.square().sum().backward()
    assert all(parameter.grad is not None for parameter in encoder.parameters())


@pytest.mark.parametrize("num_layers", [10, 14, 18])
def test_names_and_sizes_are_the_published_ones(num_layers):
    """inversion.md: 267.1 million parameters and 621 entries at 18 rows; the mean code lies beside them in a file."""
    with torch.device("meta"):
        encoder = PyramidEncoder(EncoderConfig(num_layers=num_layers))
    state = encoder.state_dict()
    heads = [key for key in state if key.startswith("styles.")]
    assert len(state) - 1 == 385 + 4 + len(heads)
    assert state["body.21.shortcut_layer.0.weight"].shape == (512, 256, 1, 1)
    assert state["body.3.res_layer.5.fc1.weight"].shape == (8, 128, 1, 1)
    assert state["styles.0.convs.6.weight"].shape == state["styles.9.convs.10.weight"].shape == (512, 512, 3, 3)
    if num_layers == 18:
        assert len(state) - 1 == 621
        assert round(sum(parameter.numel() for parameter in encoder.parameters()) / 1e6, 1) == 267.1


def test_the_backbone_alone():
    backbone = Backbone(in_channels=6, stem=4, widths=(4, 8, 8, 16)).eval()
    with torch.no_grad():
        found = backbone.stages(torch.zeros(1, 6, 64, 64))
    assert [list(features.shape) for features in found] == [[1, 4, 32, 32], [1, 8, 16, 16], [1, 8, 8, 8], [1, 16, 4, 4]]


def test_stages_of_e4es_training(images):
    encoder = build(progressive=True)
    rows = encoder.codes(images)
    for stage in (0, 2, 5):
        found = encoder.codes(images, stage=stage)
        assert torch.allclose(found[:, : stage + 1], rows[:, : stage + 1], atol=1e-6)
        assert torch.equal(found[:, stage + 1 :], found[:, :1].expand(-1, 5 - stage, -1))


@pytest.mark.parametrize("backbone", ["irse50", "resnet34"])
def test_every_row_from_the_last_map(images, backbone):
    encoder = build(9, pyramid=False, backbone=backbone)
    assert encoder(images[:1]).codes.shape == (1, 9, 16)
    assert not any(key.startswith("latlayer") for key in encoder.state_dict())
    assert {len(head.convs) for head in encoder.styles} == {8}


def test_the_other_backbone():
    backbone = Backbone(6, 4, (4, 8, 8, 16), "resnet34").eval()
    with torch.no_grad():
        found = backbone.stages(torch.zeros(1, 6, 64, 64))
    assert [list(features.shape) for features in found] == [[1, 4, 32, 32], [1, 8, 16, 16], [1, 8, 8, 8], [1, 16, 4, 4]]
    state = backbone.state_dict()
    assert {"conv1.weight", "bn1.weight", "relu.weight", "body.3.downsample.0.weight", "body.15.bn2.bias"} <= state.keys()
    assert "body.0.downsample.0.weight" not in state


@pytest.mark.parametrize("resize", ["bilinear", "area"])
def test_pictures_are_resized_as_the_encoder_is_used_to(resize):
    picture = torch.rand(1, 3, 320, 320, generator=torch.Generator().manual_seed(1))
    prepared = build(resize=resize).prepare(picture)
    pooled = torch.nn.functional.adaptive_avg_pool2d(picture, 256)
    assert prepared.shape == pooled.shape
    assert torch.allclose(prepared, pooled, atol=1e-6) == (resize == "area")


def test_in_bfloat16(images, relative_error):
    encoder = build(8)
    with torch.autocast("cpu", torch.bfloat16):
        found = encoder(images).codes
    assert found.dtype == torch.float32
    assert relative_error(found, encoder(images).codes) < 0.1


def test_importing_and_building_on_no_device_draws_nothing():
    before = torch.get_rng_state()
    with torch.device("meta"):
        PyramidEncoder(EncoderConfig(num_layers=18))
    assert torch.equal(torch.get_rng_state(), before)
