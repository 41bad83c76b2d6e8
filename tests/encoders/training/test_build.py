"""Untrained encoders fit their generator, and start where the papers' do."""

import pytest
import torch

from pastiche.encoders import (
    ArcFace,
    ArcFaceConfig,
    LastLayerWEncoder,
    PyramidEncoder,
    RestyleEncoder,
    VariationalEncoder,
)
from pastiche.encoders.training import identity_of
from pastiche.encoders.training.build import build_encoder, start_from, start_from_arcface
from pastiche.errors import TrainingError

KINDS = {
    "psp": (PyramidEncoder, {}),
    "w": (LastLayerWEncoder, {"method": "psp", "space": "w"}),
    "z+": (PyramidEncoder, {"method": "psp", "space": "z+"}),
    "e4e": (PyramidEncoder, {}),
    "restyle": (RestyleEncoder, {}),
    "restyle-e4e": (RestyleEncoder, {}),
    "resnet": (RestyleEncoder, {"method": "restyle", "backbone": "resnet34"}),
    "vae": (VariationalEncoder, {}),
}
TINY = {"backbone": "irse50", "width": 4}
WIDTHS = {"stem": 4, "widths": (4, 8, 16, 32)}


@pytest.mark.parametrize("name", KINDS)
def test_published_encoders_fit_their_generator(settings, small_generator, name):
    """Also one whose z and w differ in size."""
    generator = small_generator(32, z_dim=12)
    kind, changes = KINDS[name]
    found = settings(**{"method": name, **TINY, **changes})
    encoder = build_encoder(found, generator)
    assert type(encoder) is kind
    assert encoder.training
    images = torch.rand(1, found.in_channels, 256, 256, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        latent = encoder.eval()(images)
        w_plus = generator.to_w_plus(latent).codes
    assert w_plus.shape == (1, 8, 16)
    assert latent.space == found.space
    if found.space != "z+":
        assert torch.equal(encoder.latent_avg[0], generator.w_avg)
    else:
        assert not encoder.latent_avg.any()
        assert not encoder.config.add_average


def test_a_compact_encoder_knows_the_spread_of_w(settings, generator):
    encoder = build_encoder(settings("e4e"), generator)
    w = generator.mapping(generator.sample_z(20_000, torch.Generator().manual_seed(1)))
    assert encoder.spread.item() == pytest.approx(w.std(dim=0).mean().item(), rel=0.03)
    assert encoder.config.channels == (8, 16, 32, 48, 64)


def test_the_seed_decides_the_initial_weights_and_nothing_else_is_drawn(settings, generator):
    before = torch.get_rng_state()
    first, again, other = (build_encoder(settings("psp"), generator, seed).stem.weight for seed in (0, 0, 1))
    assert first.equal(again)
    assert not first.equal(other)
    assert torch.get_rng_state().equal(before)


@pytest.fixture
def arcface():
    torch.manual_seed(4)
    return ArcFace(ArcFaceConfig(embedding_dim=8, **WIDTHS))


@pytest.mark.parametrize(("method", "translation"), [("psp", "inversion"), ("restyle", "inversion"), ("psp", "sketch")])
def test_the_backbone_starts_from_arcface(settings, generator, arcface, method, translation):
    encoder = build_encoder(settings(method, translation, **TINY), generator)
    own_first = encoder.input_layer[0].weight.clone()
    assert start_from_arcface(encoder, arcface)
    assert encoder.body[5].res_layer[1].weight.equal(arcface.body[5].res_layer[1].weight)
    first = encoder.input_layer[0].weight
    if translation == "sketch":
        assert first.equal(own_first)
    else:
        assert first[:, :3].equal(arcface.input_layer[0].weight)
        assert first.shape[1] == (6 if method == "restyle" else 3)


def test_another_backbone_starts_at_random(settings, generator, arcface):
    for changes in ({}, {**TINY, "width": 8}):
        encoder = build_encoder(settings("psp", **changes), generator)
        before = {key: value.clone() for key, value in encoder.state_dict().items()}
        assert not start_from_arcface(encoder, arcface)
        assert all(value.equal(before[key]) for key, value in encoder.state_dict().items())


def test_a_task_starts_from_arcface_or_from_a_trained_encoder(settings, build, generator, arcface):
    found = settings("psp", **TINY, identity=0.1)
    task = build(found, identity=identity_of(arcface))
    assert task.encoder.body[5].res_layer[1].weight.equal(arcface.body[5].res_layer[1].weight)
    trained = build_encoder(found, generator, 9)
    assert (
        build(found, identity=identity_of(arcface), start=trained)
        .encoder.styles[0]
        .linear.weight.equal(trained.styles[0].linear.weight)
    )


def test_an_encoder_of_another_kind_is_refused(settings, generator):
    compact = build_encoder(settings("psp"), generator)
    with pytest.raises(TrainingError, match="to start from is a CompactEncoder"):
        start_from(build_encoder(settings("vae"), generator), compact)
    with pytest.raises(TrainingError, match="the settings that it was trained with"):
        start_from(build_encoder(settings("psp", width=32), generator), compact)


def test_a_weight_without_a_network_is_refused(settings, build):
    with pytest.raises(TrainingError, match=r"the identity loss has a weight of 0\.1 and no network"):
        build(settings("psp", identity=0.1))
    with pytest.raises(TrainingError, match=r"the similarity loss has a weight of 0\.5"):
        build(settings("psp", similarity=0.5))
