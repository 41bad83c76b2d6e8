"""Structure from one generator, texture from another."""

import pytest
import torch

import pastiche
from pastiche.agilegan import AgileGenerator
from pastiche.agilegan.paths import with_paths
from pastiche.checkpoints import Checkpoint
from pastiche.errors import CheckpointError, PasticheError
from pastiche.stylegan2 import Generator

RESOLUTIONS = [4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32]  # of the layers of a generator of 32 pixels


@pytest.fixture(scope="module")
def base(small_generator):
    return small_generator(32)


@pytest.fixture(scope="module")
def tuned(small_generator):
    return small_generator(32, seed=7)


def shares(swapped, base, tuned):
    """How much of each layer is the tuned one's, by its weight, its modulation and its bias."""
    found = []
    for mixed, low, high in zip(swapped.layers, base.layers, tuned.layers, strict=True):
        of = [
            float(((m - a) / (b - a)).median())
            for m, a, b in zip(mixed.parameters(), low.parameters(), high.parameters(), strict=True)
        ]
        assert of == pytest.approx([of[0]] * len(of), abs=1e-4)
        found.append(round(of[0], 4))
    return found


def test_a_hard_border(base, tuned):
    swapped = pastiche.swap_layers(base, tuned, 16, softness=0)
    assert type(swapped) is Generator
    assert shares(swapped, base, tuned) == [float(side >= 16) for side in RESOLUTIONS]
    assert torch.equal(swapped.input.input, base.input.input)


def test_the_other_way_round(base, tuned):
    swapped = pastiche.swap_layers(base, tuned, 16, softness=0, low_from="tuned")
    assert shares(swapped, base, tuned) == [float(side < 16) for side in RESOLUTIONS]
    assert torch.equal(swapped.input.input, tuned.input.input)


@pytest.mark.parametrize(
    ("softness", "wanted"),
    [(0.5, {4: 0, 8: 0, 16: 1, 32: 1}), (1, {4: 0, 8: 0.25, 16: 0.75, 32: 1}), (2, {4: 0.125, 8: 0.375, 16: 0.625, 32: 0.875})],
)
def test_a_soft_border(base, tuned, softness, wanted):
    swapped = pastiche.swap_layers(base, tuned, 16, softness=softness)
    assert shares(swapped, base, tuned) == [wanted[side] for side in RESOLUTIONS]


@pytest.mark.parametrize("row", range(8))
def test_the_border_as_a_row(base, tuned, row):
    swapped = pastiche.swap_layers(base, tuned, row=row, softness=0)
    assert shares(swapped, base, tuned) == [float(own >= row) for own in base.rows]


def test_a_soft_border_at_a_row(base, tuned):
    swapped = pastiche.swap_layers(base, tuned, row=4, softness=1)
    ramp = {2: 0.125, 3: 0.375, 4: 0.625, 5: 0.875}
    assert shares(swapped, base, tuned) == [ramp.get(row, float(row > 4)) for row in base.rows]


def test_mapping_mean_and_noise_are_the_bases(base, tuned):
    for low_from in ("base", "tuned"):
        swapped = pastiche.swap_layers(base, tuned, 8, low_from=low_from)
        kept = {name: value for name, value in base.state_dict().items() if name.startswith(("style.", "noises.", "w_avg"))}
        assert len(kept) > 3
        assert all(torch.equal(swapped.state_dict()[name], value) for name, value in kept.items())


def test_pictures_below_the_border_are_the_bases(base, tuned, codes):
    """The image so far at 16 pixels is drawn by the layers up to there alone."""
    w_plus = codes(base)
    swapped = pastiche.swap_layers(base, tuned, 32, softness=0)
    before = [g.run(g.bind(g.styles(w_plus), g.noise_maps())[:3], g.constant(2)) for g in (base, swapped)]
    assert torch.equal(before[0][1], before[1][1])
    assert not torch.allclose(base.synthesis(w_plus), swapped.synthesis(w_plus), atol=0.1)


def test_swapping_with_itself_changes_nothing(base, codes):
    w_plus = codes(base)
    assert torch.allclose(pastiche.swap_layers(base, base, 8).synthesis(w_plus), base.synthesis(w_plus), atol=1e-5)


def test_the_generators_given_are_left_alone(base, tuned):
    before = [{name: value.clone() for name, value in g.state_dict().items()} for g in (base, tuned)]
    swapped = pastiche.swap_layers(base, tuned, 8)
    for state, generator in zip(before, (base, tuned), strict=True):
        assert all(torch.equal(value, state[name]) for name, value in generator.state_dict().items())
    assert not any(value.requires_grad for value in swapped.parameters())


def test_of_a_style_saved_and_loaded(styles, codes, tmp_path):
    style = styles[0]
    swapped = pastiche.swap_layers(style.base, style.tuned, 16)
    path = tmp_path / "swapped.safetensors"
    pastiche.save(Checkpoint(architecture="stylegan2", generator=swapped, source="test"), path)
    w_plus = codes(swapped)
    assert torch.equal(pastiche.load(path).generator.synthesis(w_plus), swapped.synthesis(w_plus))


def test_in_inference_mode(base, tuned, codes):
    with torch.inference_mode():
        swapped = pastiche.swap_layers(base, tuned, 8)
    w_plus = codes(base).requires_grad_()
    swapped.synthesis(w_plus).sum().backward()
    assert w_plus.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"most": 8}, r"input\.input has the shape \[1, 12, 4, 4\] in the base \(32 pixels\) and \[1, 8, 4, 4\]"),
        ({"resolution": 64}, r"(of nothing.*32 pixels.*64 pixels|shape \[.*64 pixels)"),
        ({"mapping_layers": 3}, r"style\.3\.weight has the shape of nothing in the base"),
        ({"resample_filter": (1.0, 1.0)}, "resamples with"),
    ],
)
def test_generators_of_other_sizes(base, small_generator, change, message):
    with pytest.raises(CheckpointError, match=message):
        pastiche.swap_layers(base, small_generator(**{"resolution": 32, **change}), 8)


def test_a_generator_that_is_more_than_a_stylegan2(base):
    class More(Generator):
        pass

    with pytest.raises(CheckpointError, match="the tuned generator is a More"):
        pastiche.swap_layers(base, More(base.config), 8)


@pytest.mark.parametrize(
    ("border", "message"),
    [
        ({}, "give one of the two"),
        ({"at": 8, "row": 2}, "give one of the two"),
        ({"at": 12}, "no resolution 12.*choose one of 4, 8, 16, 32"),
        ({"at": 64}, "no resolution 64 in a generator of 32 pixels"),
        ({"row": 8}, "no row 8 in a generator of 8 rows"),
        ({"at": 8, "softness": -1}, "softness -1"),
        ({"at": 8, "low_from": "both"}, "low_from 'both'"),
    ],
)
def test_borders_that_do_not_exist(base, tuned, border, message):
    with pytest.raises(PasticheError, match=message):
        pastiche.swap_layers(base, tuned, **border)


def test_in_every_path_of_an_agilegan(base, tuned, codes):
    """Each path takes its layers below the border from the base, and those above it from itself."""
    styled = with_paths(tuned, ["female", "male"], split=16)
    styled.branches[0].convs[3].activate.bias.add_(0.5)
    styled.w_avg.add_(1)
    swapped = pastiche.swap_layers(base, styled, at=16, softness=0)
    assert isinstance(swapped, AgileGenerator)
    for index in range(2):
        wanted = pastiche.swap_layers(base, styled.path(index), at=16, softness=0)
        w_plus = codes(base)
        torch.testing.assert_close(swapped.synthesis(w_plus, path=index), wanted.synthesis(w_plus))
    assert torch.equal(swapped.w_avg, base.w_avg)
    assert not torch.equal(swapped.branches[0].convs[3].activate.bias, swapped.convs[3].activate.bias)
