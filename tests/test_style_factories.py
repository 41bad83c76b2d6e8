"""The doors of BlendGAN, DualStyleGAN and AgileGAN: from a checkpoint to a style."""

from dataclasses import replace

import pytest
import torch

import pastiche
from pastiche import CheckpointError, Latent, StyleError
from pastiche.agilegan import AgileConfig, AgileGenerator
from pastiche.blendgan import BlendConfig, BlendGenerator, StyleEncoder, StyleEncoderConfig
from pastiche.checkpoints import Checkpoint
from pastiche.dualstylegan import (
    CodeSampler,
    DualSettings,
    DualStyleConfig,
    DualStyleGenerator,
    Exemplars,
    ExemplarTable,
    SamplerConfig,
)
from pastiche.encoders import EncoderConfig, PyramidEncoder
from pastiche.stylegan2 import published_channels

SIZES = {"resolution": 32, "channels": published_channels(32, base=48, most=12), "z_dim": 16, "w_dim": 16, "mapping_layers": 2}
ROWS = 8


def still(module):
    return module.requires_grad_(False).eval()


@pytest.fixture(scope="module")
def picture():
    return torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture(scope="module")
def faces():
    return Latent(torch.randn(2, ROWS, 16, generator=torch.Generator().manual_seed(1)), "w+")


@pytest.fixture(scope="module")
def blend():
    torch.manual_seed(0)
    generator = still(BlendGenerator(BlendConfig(**SIZES, code_dim=10, code_layers=2)))
    generator.add_weight.fill_(0.25)
    encoder = still(StyleEncoder(StyleEncoderConfig(widths=(4, 4, 8, 8, 8), code_dim=10)))
    return Checkpoint(architecture="blendgan", generator=generator, style_encoder=encoder, source="blend")


@pytest.fixture(scope="module")
def dual():
    torch.manual_seed(0)
    generator = still(DualStyleGenerator(DualStyleConfig(**SIZES)))
    return Checkpoint(architecture="dualstylegan", generator=generator, source="dual")


@pytest.fixture(scope="module")
def agile():
    torch.manual_seed(0)
    generator = still(AgileGenerator(AgileConfig(**SIZES, split=16)))
    return Checkpoint(architecture="agilegan", generator=generator, source="agile")


def reader(space):
    torch.manual_seed(0)
    return still(PyramidEncoder(EncoderConfig(num_layers=ROWS, w_dim=16, stem=4, widths=(4, 4, 8, 8), space=space)))


def test_a_picture_is_a_style(blend, picture, faces):
    style = pastiche.blend_style(blend, picture)
    assert torch.equal(style.code, blend.style_encoder(picture)[0])
    other = pastiche.blend_style(blend, -picture)
    assert not torch.allclose(style(faces), other(faces))


def test_a_seed_is_a_style(blend, faces):
    style, again, other = (pastiche.blend_style(blend, seed=seed, indicator=2) for seed in (1, 1, 2))
    assert style.indicator == 2
    assert torch.equal(style(faces), again(faces))
    assert not torch.allclose(style(faces), other(faces))


def test_a_blend_style_comes_from_one_source(blend, picture):
    with pytest.raises(StyleError, match="give one of the two"):
        pastiche.blend_style(blend)
    with pytest.raises(StyleError, match="give one of the two"):
        pastiche.blend_style(blend, picture, seed=1)


def test_a_style_encoder_of_another_file(blend, picture):
    bare = Checkpoint(architecture="blendgan", generator=blend.generator, source="bare.pt")
    with pytest.raises(CheckpointError, match=r"bare\.pt holds no style encoder"):
        pastiche.blend_style(bare, picture)
    style = pastiche.blend_style(bare, picture, style_encoder=blend.style_encoder)
    assert torch.equal(style.code, pastiche.blend_style(blend, picture).code)


def test_an_exemplar_by_number_name_and_code(dual, faces):
    table = Exemplars(("a.jpg", "b.jpg"), torch.randn(2, ROWS, 16, generator=torch.Generator().manual_seed(2)))
    drawn = [pastiche.dual_style(dual, one, exemplars=table)(faces) for one in (1, "b.jpg", table[1])]
    assert torch.equal(drawn[0], drawn[1])
    assert torch.equal(drawn[0], drawn[2])
    with pytest.raises(StyleError, match="numbers 0 to 1"):
        pastiche.dual_style(dual, 7, exemplars=table)
    with pytest.raises(StyleError, match=r"exstyle_code\.npy"):
        pastiche.dual_style(dual, 1)


def test_exemplars_in_the_checkpoint(dual, faces):
    own, other = (Exemplars(("a.jpg", "b.jpg"), torch.randn(2, ROWS, 16)) for _ in range(2))
    whole = replace(dual, exemplars=ExemplarTable.of(own))
    assert torch.equal(pastiche.dual_style(whole, "b.jpg").code, own[1])
    assert torch.equal(pastiche.dual_style(whole, "b.jpg", exemplars=other).code, other[1])


def test_a_picture_is_read_as_an_exemplar(dual, picture):
    encoder = reader("z+")
    settings = DualSettings(structure=0.5)
    style = pastiche.dual_style(dual, picture, encoder=encoder, settings=settings)
    assert torch.equal(style.code, pastiche.inversion.encode(picture, encoder).codes[0])
    assert style.settings is settings
    with pytest.raises(StyleError, match="encoder"):
        pastiche.dual_style(dual, picture)


def test_what_an_encoder_reads_in_w_plus_is_brought_back(dual, picture, monkeypatch, relative_error):
    """The code's own w+, which is all that the generator uses of it, is what the encoder gave."""
    z = torch.randn(1, ROWS, 16, generator=torch.Generator().manual_seed(3))
    wanted = dual.generator.mapping(z)
    monkeypatch.setattr("pastiche.style_factories.encode", lambda *_arguments: Latent(wanted, "w+"))
    style = pastiche.dual_style(dual, picture, encoder=reader("w+"))
    assert relative_error(dual.generator.mapping(style.code[None]), wanted) < 0.25  # of random codes about 4


def test_a_random_exemplar(dual):
    torch.manual_seed(0)
    config = SamplerConfig(structure_rows=7, color_rows=1, w_dim=16, noise_dim=8, hidden=8)
    sampler = CodeSampler(config).eval()
    style, again, other = (pastiche.dual_style(dual, seed=seed, sampler=sampler) for seed in (3, 3, 4))
    assert torch.equal(style.code, again.code)
    assert not torch.allclose(style.code, other.code)
    with pytest.raises(CheckpointError, match=r"sampler\.pt"):
        pastiche.dual_style(dual, seed=3)
    with pytest.raises(StyleError, match="give one of the two"):
        pastiche.dual_style(dual, 0, seed=3, sampler=sampler)


def test_an_attribute_is_a_path(agile, faces, small_generator):
    source = small_generator(32)
    style = pastiche.attribute_style(agile, "male", source=source)
    both = agile.generator.synthesis(faces.codes, path=None)
    assert torch.allclose(style(faces), both[1], atol=1e-5)
    assert torch.allclose(style(faces, strength=0), source.synthesis(faces.codes), atol=1e-5)


def test_a_style_needs_its_own_kind_of_checkpoint(blend, dual, agile, picture):
    with pytest.raises(CheckpointError, match="dual has the architecture dualstylegan, but this style needs blendgan"):
        pastiche.blend_style(dual, picture)
    with pytest.raises(CheckpointError, match="agile has the architecture agilegan"):
        pastiche.dual_style(agile, seed=0)
    with pytest.raises(CheckpointError, match="blend has the architecture blendgan"):
        pastiche.attribute_style(blend)
