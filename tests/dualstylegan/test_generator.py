"""DualStyleGAN's generator."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch

from pastiche.bench.published import dualstylegan as published
from pastiche.dualstylegan import DualStyleGenerator
from pastiche.dualstylegan.residual import EqualConv, ModRes
from pastiche.errors import LatentError
from pastiche.stylegan2 import Generator, winograd

ROWS = 10  # of 64 pixels: 7 for structure, 3 for colour


@pytest.fixture(scope="module")
def exstyle(generator, code):
    return generator.mapping(code[None])


def test_without_a_style_it_is_a_stylegan(generator, faces, exstyle):
    plain = Generator.synthesis(generator, faces)
    assert torch.equal(generator.synthesis(faces), plain)
    assert torch.equal(generator.synthesis(faces, exstyle=exstyle, weights=[0] * ROWS), plain)
    assert torch.equal(generator.synthesis(faces, exstyle=exstyle, fuse_index=0), plain)


@pytest.mark.parametrize("weights", [None, [0.75] * 7 + [1] * 3, [0] * 7 + [0.5] * 3, [1, 0, 0.5, 0, 0, 2, 0, 1, 0, 0.3]])
@pytest.mark.parametrize("resolution", [32, 64, 128])
def test_the_published_formulation_agrees(dual_generator, codes, relative_error, weights, resolution):
    generator = dual_generator(resolution)
    faces, code = codes(generator, 2), torch.randn(2, generator.num_layers, 16)
    rows = generator.num_layers
    given = ([1.0] * rows if weights is None else [*weights, *[0.8] * rows])[:rows]
    wanted = published.synthesis(generator, faces, code, given)
    exstyle = generator.mapping(code)
    assert relative_error(generator.synthesis(faces, exstyle=exstyle, weights=weights and given), wanted) < 1e-4


def test_one_style_for_many_faces_and_many_for_many(generator, faces, exstyle, relative_error):
    both = generator.synthesis(faces, exstyle=exstyle)
    for face, image in zip(faces, both, strict=True):
        assert relative_error(generator.synthesis(face[None], exstyle=exstyle)[0], image) < 5e-5
    other = generator.mapping(torch.randn(1, ROWS, 16))
    each = generator.synthesis(faces, exstyle=torch.cat([exstyle, other]))
    assert relative_error(each[:1], both[:1]) < 5e-5
    assert relative_error(each[1:], generator.synthesis(faces[1:], exstyle=other)) < 5e-5


def test_a_bound_style(generator, faces, exstyle):
    weights = [0.5] * 7 + [0.9] * 3
    bound = generator.bind_style(exstyle, weights, fuse_index=8)
    wanted = generator.synthesis(faces, exstyle=exstyle, weights=weights, fuse_index=8)
    assert torch.equal(generator.synthesis(faces, exstyle=bound), wanted)
    assert torch.equal(generator.synthesis(faces, exstyle=bound), wanted), "a bound style is used up"


def test_where_the_extrinsic_path_ends(generator, faces, exstyle):
    for index in range(1, ROWS):
        weights = [1.0 if row <= index else 0.0 for row in range(ROWS)]
        wanted = generator.synthesis(faces, exstyle=exstyle, weights=weights)
        assert torch.equal(generator.synthesis(faces, exstyle=exstyle, fuse_index=index), wanted)


def test_every_row_matters(generator, faces, exstyle):
    whole = generator.synthesis(faces, exstyle=exstyle)
    for row in range(ROWS):
        weights = [float(other != row) for other in range(ROWS)]
        assert not torch.equal(generator.synthesis(faces, exstyle=exstyle, weights=weights), whole)
        changed = exstyle.clone()
        changed[:, row] += 1
        assert not torch.equal(generator.synthesis(faces, exstyle=changed), whole)


def test_a_new_one_transfers_colour_alone(dual_generator, codes, relative_error):
    """Stage I of training: hardly any structure, and colours by style mixing from row 7 on."""
    torch.manual_seed(0)
    fresh = DualStyleGenerator(dual_generator().config)
    faces, exstyle = codes(fresh, 2), codes(fresh, 1, seed=9)
    with torch.no_grad():
        mixed = torch.cat([faces[:, :7], exstyle[:, 7:].expand(2, -1, -1)], dim=1)
        found, wanted = fresh.synthesis(faces, exstyle=exstyle), fresh.synthesis(mixed)
        assert (found - wanted).std() < 0.15 * wanted.std()
        assert relative_error(fresh.extrinsic.colors(exstyle[:, 7:]), exstyle[:, 7:]) < 0.1


def test_large_batches_are_not_cut_into_strips(dual_generator, codes, relative_error, monkeypatch):
    generator = dual_generator()
    faces, exstyle = codes(generator, 3), codes(generator, 1)
    whole = generator.synthesis(faces, exstyle=exstyle)
    monkeypatch.setattr("pastiche.stylegan2.stage.STRIP_BYTES", 1)
    assert relative_error(generator.synthesis(faces, exstyle=exstyle), whole) < 1e-5


def test_errors(generator, faces, exstyle):
    with pytest.raises(LatentError, match=r"style codes of the shape \[N, 10, 16\], not \[1, 9, 16\]"):
        generator.synthesis(faces, exstyle=exstyle[:, :9])
    with pytest.raises(LatentError, match="3 styles were given for 2 faces"):
        generator.synthesis(faces, exstyle=exstyle.expand(3, -1, -1))
    with pytest.raises(ValueError, match="18 weights were given, and this generator of 64 pixels has 10 rows"):
        generator.synthesis(faces, exstyle=exstyle, weights=[1] * 18)
    with pytest.raises(ValueError, match="a bound style has its weights in it"):
        generator.synthesis(faces, exstyle=generator.bind_style(exstyle), fuse_index=3)
    with pytest.raises(LatentError, match="takes w\\+ codes"):
        generator.synthesis(faces[:, 1:], exstyle=exstyle)
    for rows in (0, 6, 11):
        with pytest.raises(ValueError, match=f"structure_rows {rows} is no odd number below the 10 rows"):
            replace(generator.config, structure_rows=rows)


def test_gradients_reach_the_extrinsic_path(generator, faces, code):
    generator = deepcopy(generator)
    generator.extrinsic.requires_grad_(True)
    generator.synthesis(faces, exstyle=generator.mapping(code[None])).square().mean().backward()
    for name, value in generator.named_parameters():
        assert (value.grad is not None and bool(value.grad.any())) == name.startswith("extrinsic."), name


@pytest.mark.parametrize("frozen", [True, False])
def test_the_fast_convolution_agrees(relative_error, frozen):
    """Winograd's method, which many channels get, and only where nothing is learned."""
    torch.manual_seed(0)
    conv = EqualConv(192, 192)
    conv.weight.data.normal_()
    conv.requires_grad_(not frozen)
    x = torch.randn(2, 192, 32, 32).contiguous(memory_format=torch.channels_last)
    assert winograd.pays(x, 192)
    wanted = torch.nn.functional.conv2d(x.double(), conv.weight.double(), padding=1)
    assert relative_error(conv(x).detach(), wanted.detach()) < 1e-4
    assert (conv._transformed._entry is not None) == frozen
    if frozen:
        conv.weight.mul_(2)
        assert relative_error(conv(x), 2 * wanted) < 1e-4, "the kept weight is not made anew"


def test_autocast(generator, faces, exstyle, relative_error):
    wanted = generator.synthesis(faces, exstyle=exstyle)
    with torch.autocast("cpu", torch.bfloat16):
        found = generator.synthesis(faces, exstyle=exstyle)
    assert found.dtype == torch.float32
    assert relative_error(found, wanted) < 0.3


def test_a_block_in_reduced_precision(relative_error):
    torch.manual_seed(0)
    block = ModRes(16, 8)
    code, x = torch.randn(1, 8), torch.randn(2, 16, 8, 8)
    with torch.no_grad():
        wanted = block(x, block.affines(code), 0.5)
        assert relative_error(block(x.bfloat16(), block.affines(code), 0.5), wanted) < 0.1
