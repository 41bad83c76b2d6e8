"""Encoder files of ReStyle, AgileGAN and pSp's variants, and of the identity network. Those of pSp and e4e: test_psp.py."""

import pytest
import torch

from pastiche import checkpoints
from pastiche.encoders import (
    ArcFace,
    ArcFaceConfig,
    EncoderConfig,
    LastLayerWEncoder,
    LastLayerWPlusEncoder,
    RestyleEncoder,
    VariationalEncoder,
)
from pastiche.errors import CheckpointError

SMALL = {"w_dim": 16, "stem": 8, "widths": (8, 16, 16, 32)}
OTHER = {"w_dim": 12, "stem": 4, "widths": (4, 8, 16, 8)}
IN_PAIRS = {"in_channels": 6, "pyramid": False}
RESTYLE = {
    "BackboneEncoder": ("irse50", False),
    "ProgressiveBackboneEncoder": ("irse50", True),
    "ResNetBackboneEncoder": ("resnet34", False),
    "ResNetProgressiveBackboneEncoder": ("resnet34", True),
}


def same_outputs(found, wanted, images):
    assert found.space == wanted.space if hasattr(found, "space") else True
    with torch.no_grad():
        one, other = found(images), wanted(images)
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    else:
        assert one.space == other.space
        assert torch.equal(one.codes, other.codes)


@pytest.fixture
def round_trip(published, saved, equal, tmp_path):
    """Load what the authors would have saved, and that again from our own file; both have to give the same."""

    def check(root, encoder, images, architecture, **asked):
        checkpoint = checkpoints.load(saved(root), **asked)
        own = tmp_path / "own.safetensors"
        checkpoints.save(checkpoint, own)
        for found in (checkpoint, checkpoints.load(own)):
            assert found.architecture == architecture
            assert found.encoder.config == encoder.config
            assert type(found.encoder) is type(encoder)
            equal(found.encoder, encoder)
            same_outputs(found.encoder, encoder, images)
        return checkpoint

    return check


def pictures(channels=3, side=256):
    return torch.rand(1, channels, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1


def restyle(published, rows=6, **config):
    return published.randomized(RestyleEncoder(EncoderConfig(num_layers=rows, **{**IN_PAIRS, **SMALL, **config})), rows)


@pytest.mark.parametrize(("kind", "rows", "sizes"), [(k, r, s) for k in RESTYLE for r, s in ((6, SMALL), (14, OTHER))])
def test_restyle(published, round_trip, kind, rows, sizes):
    backbone, progressive = RESTYLE[kind]
    encoder = restyle(published, rows, backbone=backbone, progressive=progressive, **sizes)
    root = published.psp(encoder, encoder_type=kind, input_nc=6, n_iters_per_batch=5, start_from_latent_avg=False)
    architecture = "restyle-e4e" if progressive else "restyle-psp"
    round_trip(root, encoder, pictures(6), architecture)
    assert encoder.config.add_average, "start_from_latent_avg has no say"


def test_restyle_with_a_pyramid(published, round_trip):
    encoder = restyle(published, pyramid=True)
    round_trip(published.psp(encoder, encoder_type="GradualStyleEncoder"), encoder, pictures(6), "restyle-psp")


def test_restyle_with_its_generator(published, round_trip):
    encoder, generator = restyle(published), published.generator(16)
    checkpoint = round_trip(
        published.psp(encoder, generator, encoder_type="BackboneEncoder"), encoder, pictures(6), "restyle-psp"
    )
    face = pictures(3, 64)
    assert torch.equal(
        checkpoint.encoder.refine(face, checkpoint.generator, steps=2).codes, encoder.refine(face, generator, steps=2).codes
    )


@pytest.mark.parametrize("opts", [{}, {"output_size": 16}, {"encoder_type": "SomeoneElsesEncoder"}])
def test_restyles_two_encoders_can_not_be_told_apart_without_options(published, saved, opts):
    path = saved(published.psp(restyle(published), **opts))
    with pytest.raises(CheckpointError, match="pass architecture='restyle-psp' or 'restyle-e4e'"):
        checkpoints.load(path)
    facts = checkpoints.inspect(path)
    assert facts.architecture is None
    assert facts.notes[-1].startswith("load refuses it: it")
    for architecture in ("restyle-psp", "restyle-e4e"):
        encoder = checkpoints.load(path, architecture=architecture).encoder
        assert encoder.config.progressive == (architecture == "restyle-e4e")


def test_the_options_have_the_last_word(published, saved):
    path = saved(published.psp(restyle(published), encoder_type="BackboneEncoder"))
    with pytest.raises(CheckpointError, match="is a restyle-psp checkpoint, not 'restyle-e4e'"):
        checkpoints.load(path, architecture="restyle-e4e")


@pytest.mark.parametrize("space", ["z+", "w"])
def test_restyle_is_in_w_plus(published, saved, space):
    path = saved(published.psp(restyle(published), encoder_type="BackboneEncoder"))
    assert checkpoints.load(path, space="w+").encoder.config.space == "w+"
    with pytest.raises(CheckpointError, match=r"codes of its encoder are in w\+, not"):
        checkpoints.load(path, space=space)


@pytest.mark.parametrize("opts", [{}, {"encoder_type": "VAEStyleEncoder", "start_from_latent_avg": True}])
@pytest.mark.parametrize("sizes", [SMALL, OTHER])
def test_variational(published, round_trip, opts, sizes):
    config = EncoderConfig(num_layers=9, space="z+", add_average=False, **sizes)
    encoder = published.randomized(VariationalEncoder(config), 1)
    checkpoint = round_trip(published.psp(encoder, **opts), encoder, pictures(), "hvae")
    with torch.no_grad():
        for found, wanted in zip(checkpoint.encoder.distribution(pictures()), encoder.distribution(pictures()), strict=True):
            assert torch.equal(found, wanted)


def test_variational_without_a_mean_code(published, through):
    encoder = published.randomized(VariationalEncoder(EncoderConfig(num_layers=6, space="z+", add_average=False, **SMALL)), 1)
    root = published.psp(encoder, published.generator(16))
    del root["latent_avg"]
    checkpoint = through(root)
    assert list(checkpoint.modules) == ["generator", "encoder"]
    same_outputs(checkpoint.encoder, encoder, pictures())


def test_into_w(published, round_trip):
    encoder = published.randomized(LastLayerWEncoder(EncoderConfig(num_layers=1, space="w", pyramid=False, **SMALL)), 2)
    opts = {"encoder_type": "BackboneEncoderUsingLastLayerIntoW", "learn_in_w": True, "start_from_latent_avg": True}
    root = published.psp(encoder, **opts)
    round_trip(root, encoder, pictures(), "psp")
    root["latent_avg"] = encoder.latent_avg.expand(6, -1).clone()  # as many equal rows as the generator has
    round_trip(root, encoder, pictures(), "psp")


@pytest.mark.parametrize("rows", [4, 18])
def test_into_w_plus_from_the_last_layer(published, round_trip, rows):
    encoder = published.randomized(LastLayerWPlusEncoder(EncoderConfig(num_layers=rows, pyramid=False, **SMALL)), 2)
    opts = {"encoder_type": "BackboneEncoderUsingLastLayerIntoWPlus", "start_from_latent_avg": True}
    round_trip(published.psp(encoder, **opts), encoder, pictures(), "psp")


@pytest.mark.parametrize("channels", [1, 19])
def test_pictures_of_other_channels(published, round_trip, channels):
    """pSp for sketches and segmentation maps."""
    encoder = published.encoder(4, in_channels=channels)
    opts = {"encoder_type": "GradualStyleEncoder", "label_nc": channels, "start_from_latent_avg": True}
    round_trip(published.psp(encoder, **opts), encoder, pictures(channels), "psp")


def test_how_pictures_are_resized(published, saved):
    """BlendGAN's file has no options, and DualStyleGAN's is asked for z+: both were trained on averaged pictures."""
    root = published.psp(published.encoder(4), encoder_type="GradualStyleEncoder", start_from_latent_avg=True)
    assert checkpoints.load(saved(root)).encoder.config.resize == "bilinear"
    assert checkpoints.load(saved(root), space="z+").encoder.config.resize == "area"
    del root["opts"]
    assert checkpoints.load(saved(root), architecture="psp").encoder.config.resize == "area"
    assert checkpoints.load(saved(root), architecture="e4e").encoder.config.resize == "bilinear"


@pytest.mark.parametrize(
    "sizes", [{"stem": 8, "widths": (8, 16, 16, 32)}, {"stem": 4, "widths": (4, 8, 16, 8), "embedding_dim": 24}]
)
def test_arcface(published, round_trip, sizes):
    encoder = published.randomized(ArcFace(ArcFaceConfig(**sizes)), 3)
    round_trip(dict(encoder.state_dict()), encoder, pictures(side=112), "arcface")


def test_arcface_is_inspected(published, saved):
    encoder = published.randomized(ArcFace(ArcFaceConfig(stem=4, widths=(4, 8, 8, 16))), 3)
    path = saved(dict(encoder.state_dict()))
    facts = checkpoints.inspect(path)
    assert (facts.architecture, facts.parts, facts.space) == ("arcface", ("encoder",), None)
    with pytest.raises(CheckpointError, match="codes of its encoder can't be in 'w\\+'"):
        checkpoints.load(path, space="w+")


def test_a_layer_that_is_missing(published, through):
    encoder = restyle(published, backbone="resnet34")
    root = published.psp(encoder, encoder_type="ResNetBackboneEncoder")
    del root["state_dict"]["encoder.body.5.bn2.running_var"]
    with pytest.raises(CheckpointError, match=r"its encoder lacks body\.5\.bn2\.running_var"):
        through(root)
