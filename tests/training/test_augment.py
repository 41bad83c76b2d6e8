"""Adaptive discriminator augmentation: each transform against its closed form, and p against its rule."""

import math

import pytest
import torch

from pastiche.training.augment import COLUMNS, NORMAL, PIPELINES, UNIFORM, AdaptiveAugment, Augment, Drawn, Strengths
from pastiche.training.augment_color import color_matrices, recolor
from pastiche.training.augment_corrupt import band_filters, band_gains
from pastiche.training.augment_geometry import _warp, _WarpTransposed, geometry_matrices, warp

SIDE = 32


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def smooth(count=2, side=SIDE):
    """Pictures without detail that a resampling could lose."""
    y, x = torch.meshgrid(torch.linspace(-1, 1, side), torch.linspace(-1, 1, side), indexing="ij")
    waves = [torch.sin(2.2 * x + 0.3 * k) * torch.cos(1.7 * y - 0.5 * k) for k in range(3 * count)]
    return 0.8 * torch.stack(waves).view(count, 3, side, side)


def chosen(count=1, **values):
    """The numbers of `Augment.draw` for which only the transforms given apply, with these values, at any p below 0.9."""
    numbers = torch.zeros(count, len(COLUMNS))
    numbers[:, : len(UNIFORM)] = 0.9999
    for name, value in values.items():
        numbers[:, COLUMNS[name]] = value
    return numbers


def drawn(p=0.5, pipeline="bgcfnc", count=1, **values):
    return Drawn(chosen(count, **values), p, PIPELINES[pipeline])


@pytest.mark.parametrize("pipeline", sorted(PIPELINES))
def test_nothing_changes_at_zero(pipeline):
    images = torch.randn(4, 3, SIDE, SIDE, generator=rng())
    assert Augment(PIPELINES[pipeline]).apply(images, Augment.draw(rng(), 4), 0.0).equal(images)


def test_a_picture_that_nothing_applies_to_stays_to_the_bit():
    images = torch.randn(3, 3, SIDE, SIDE, generator=rng())
    numbers = torch.cat([chosen(), chosen(brightness=0.0, brightness_by=1.0), chosen(x_flip=0.0, x_flip_side=0.0)])
    found = Augment(PIPELINES["bgcfnc"]).apply(images, numbers, 0.5)
    assert found[0].equal(images[0])
    assert found[1].allclose(images[1] + 0.2, atol=1e-6)
    assert not found[2].allclose(images[2], atol=1e-2)


@pytest.mark.parametrize("pipeline", sorted(PIPELINES))
def test_everything_changes_at_one_and_repeats(pipeline):
    images = smooth(4)
    augment, numbers = Augment(PIPELINES[pipeline]), Augment.draw(rng(), 4)
    found = augment.apply(images, numbers, 1.0)
    assert found.isfinite().all()
    assert found.shape == images.shape
    assert ((found - images).abs().mean(dim=(1, 2, 3)) > 0.01).float().mean() >= 0.75
    assert found.equal(augment.apply(images, numbers, 1.0))
    assert not found.equal(augment.apply(images, Augment.draw(rng(1), 4), 1.0))


def test_slices_of_a_batch_agree_with_the_whole():
    images, numbers, augment = smooth(6), Augment.draw(rng(), 6), Augment(PIPELINES["bgcfnc"])
    whole = augment.apply(images, numbers, 0.7)
    parts = torch.stack([augment.apply(images[k::2], numbers[k::2], 0.7) for k in range(2)], dim=1).flatten(0, 1)
    assert torch.allclose(whole, parts, atol=2e-5)


def test_each_transform_is_chosen_with_its_probability():
    numbers, p = Augment.draw(rng(), 20_000), 0.3
    bgc, only = Strengths(x_flip=1), Drawn(numbers, p, PIPELINES["geom"])
    flipped = (geometry_matrices(Drawn(numbers, p, bgc), SIDE)[:, 0, 0] < 0).double().mean()
    assert flipped.item() == pytest.approx(p / 2, abs=0.01)  # half of those chosen are mirrored
    turned = geometry_matrices(Drawn(numbers, p, Strengths(rotate=1)), SIDE)[:, 0, 1] != 0
    assert turned.double().mean().item() == pytest.approx(p, abs=0.01)  # before, after or both
    untouched = (geometry_matrices(only, SIDE) == torch.eye(3)).all(dim=2).all(dim=1).double().mean()
    assert untouched.item() == pytest.approx((1 - p) ** 4, abs=0.01)  # rotation, two scales, translation


def test_the_spread_of_each_transform():
    numbers = Augment.draw(rng(), 20_000)

    def matrices(**strengths):
        return geometry_matrices(Drawn(numbers, 1.0, Strengths(**strengths)), 64)

    assert matrices(scale=1)[:, 0, 0].log2().std().item() == pytest.approx(0.2, rel=0.03)
    stretched = matrices(aniso=1)
    assert stretched[:, 0, 0].log2().std().item() == pytest.approx(0.2, rel=0.03)
    assert (stretched[:, 0, 0] * stretched[:, 1, 1]).allclose(torch.ones(1).double())
    assert (matrices(x_frac=1)[:, :2, 2] / 64).std().item() == pytest.approx(0.125, rel=0.03)
    whole = matrices(x_int=1)[:, :2, 2]
    assert whole.abs().max() == 8
    assert whole.equal(whole.round())
    turns = matrices(rotate90=1)[:, :2, :2]
    assert [
        (turns == torch.tensor(kind)).all(dim=2).all(dim=1).double().mean().item()
        for kind in ([[1, 0], [0, 1]], [[0, -1], [1, 0]], [[-1, 0], [0, -1]], [[0, 1], [-1, 0]])
    ] == pytest.approx([0.25] * 4, abs=0.02)


def test_a_warp_that_changes_nothing_loses_nothing():
    images = torch.randn(2, 3, SIDE, SIDE, generator=rng())  # with every frequency
    assert _warp(images, torch.eye(3).double().expand(2, 3, 3)).allclose(images, atol=1e-4)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"x_flip": 0.0, "x_flip_side": 0.0}, lambda x: x.flip(3)),
        ({"rotate90": 0.0, "rotate90_turns": 0.3}, lambda x: x.rot90(-1, (2, 3))),
        ({"rotate90": 0.0, "rotate90_turns": 0.6}, lambda x: x.flip(2, 3)),
        ({"x_int": 0.0, "x_int_x": 1.0, "x_int_y": 0.5}, lambda x: x.roll(4, 3)),
        ({"x_int": 0.0, "x_int_x": 0.5, "x_int_y": 0.0}, lambda x: x.roll(-4, 2)),
    ],
)
def test_a_warp_moves_pixels_where_it_should(values, expected):
    images = smooth()
    found = Augment(PIPELINES["blit"]).apply(images, chosen(2, **values), 0.5)
    inside = (..., slice(6, -6), slice(6, -6))  # what a translation brings in is a reflection
    assert found[inside].allclose(expected(images)[inside], atol=0.02)


def test_a_scale_magnifies_about_the_centre():
    images = smooth(1, 64)
    found = warp(images, torch.diag(torch.tensor([2.0, 2.0, 1.0])).double()[None])
    assert found[..., 31:33, 31:33].mean(dim=(2, 3)).allclose(images[..., 31:33, 31:33].mean(dim=(2, 3)), atol=0.01)
    wanted = torch.nn.functional.interpolate(images[..., 16:48, 16:48], scale_factor=2, mode="bicubic")
    assert found[..., 4:-4, 4:-4].allclose(wanted[..., 4:-4, 4:-4], atol=0.02)


def test_the_gradient_of_a_warp_is_its_transpose():
    matrix = torch.tensor([[0.8, -0.4, 0.7], [0.3, 1.1, -0.2]]).expand(1, 2, 3)
    x, y = torch.randn(1, 1, 9, 9, generator=rng()), torch.randn(1, 1, 7, 7, generator=rng(1))
    from pastiche.training.augment_geometry import _Warped

    forward = _Warped.apply(x, matrix, 7)
    assert (forward * y).sum().item() == pytest.approx((x * _WarpTransposed.apply(y, matrix, 9, 7)).sum().item(), rel=1e-4)


def test_gradients_flow_twice():
    """R1 differentiates through the transforms, and then once more."""
    augment, numbers = Augment(PIPELINES["bgcfnc"]), Augment.draw(rng(3), 2)

    def transform(x):
        return augment.apply(x.float(), numbers, 0.9).double().pow(3)[..., ::5, ::5]

    images = smooth(2, 24).double().requires_grad_()
    direction = torch.randn(images.shape, generator=rng(1)).double()
    (gradient,) = torch.autograd.grad(transform(images).sum(), images, create_graph=True)
    along = (transform(images + 1e-3 * direction) - transform(images - 1e-3 * direction)).sum() / 2e-3
    assert (gradient * direction).sum().item() == pytest.approx(along.item(), rel=1e-2)
    (second,) = torch.autograd.grad(gradient.square().sum(), images)

    def squared(x):
        x = x.detach().requires_grad_()
        return torch.autograd.grad(transform(x).sum(), x)[0].square().sum()

    along = (squared(images + 1e-3 * direction) - squared(images - 1e-3 * direction)) / 2e-3
    assert (second * direction).sum().item() == pytest.approx(along.item(), rel=1e-2)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"brightness": 0.0, "brightness_by": 2.0}, lambda x: x + 0.4),
        ({"contrast": 0.0, "contrast_by": 2.0}, lambda x: 2 * x),
        ({"luma_flip": 0.0, "luma_flip_side": 0.0}, lambda x: x - 2 * x.mean(dim=1, keepdim=True)),
        ({"hue": 0.0, "hue_angle": 5 / 6}, lambda x: x.roll(1, 1)),
        ({"saturation": 0.0, "saturation_by": -40.0}, lambda x: x.mean(dim=1, keepdim=True).expand_as(x)),
        ({"saturation": 0.0, "saturation_by": 1.0}, lambda x: 2 * x - x.mean(dim=1, keepdim=True)),
    ],
)
def test_colours_follow_their_closed_form(values, expected):
    images = smooth(1)
    assert recolor(images, color_matrices(drawn(**values))).allclose(expected(images), atol=1e-5)


def test_a_hue_turns_about_grey():
    matrix = color_matrices(drawn(hue=0.0, hue_angle=0.77))[0, :3, :3]
    assert (matrix @ matrix.T).allclose(torch.eye(3).double(), atol=1e-9)
    assert matrix.sum(dim=1).allclose(torch.ones(3).double(), atol=1e-9)
    assert ((matrix.trace() - 1) / 2).item() == pytest.approx(math.cos((2 * 0.77 - 1) * math.pi), abs=1e-6)


def test_frequency_bands_share_everything_once():
    bands = band_filters()
    delta = torch.zeros(bands.shape[1]).double()
    delta[len(delta) // 2] = 1
    assert bands.sum(dim=0).allclose(delta, atol=1e-9)
    assert bands.allclose(bands.flip(1), atol=1e-12)
    assert bands.sum(dim=1).allclose(torch.tensor([1.0, 0.0, 0.0, 0.0]).double(), atol=1e-9)  # only the lowest passes grey
    spectrum = torch.fft.rfft(bands, 512).abs()
    assert spectrum.argmax(dim=1).tolist() == sorted(spectrum.argmax(dim=1).tolist())


def test_a_band_keeps_the_expected_power():
    gains = band_gains(drawn(filter_1=0.0, filter_1_by=1.5))[0]
    assert (gains[1] / gains[0]).item() == pytest.approx(2**1.5)
    assert (gains.square() * torch.tensor([10, 1, 1, 1]) / 13).sum().item() == pytest.approx(1)


def test_noise_and_cutout():
    grey = torch.full((1, 3, SIDE, SIDE), 0.5)
    augment = Augment(PIPELINES["bgcfnc"])
    noisy = augment.apply(grey, chosen(noise=0.0, noise_by=-2.0, seed=0.4), 0.5)
    assert noisy.std().item() == pytest.approx(0.2, rel=0.05)
    cut = augment.apply(grey, chosen(cutout=0.0, cutout_x=0.5, cutout_y=0.25), 0.5)
    assert cut[0, 0].eq(0).double().mean().item() == 0.25
    assert cut[0, :, :16, 8:24].eq(0).all()


def test_p_follows_the_signs_of_real_logits():
    p = AdaptiveAugment(Augment(), images=1000)
    for sign in (1.0, 1.0, 0.5):
        p.adjust(sign, 10)
    assert p.p == 0  # every four batches
    p.adjust(0.5, 10)  # a mean of 0.75
    assert p.p == pytest.approx(0.04)
    for sign in (0.5, 0.6, 0.5, 0.6):
        p.adjust(sign, 5)
    assert p.p == pytest.approx(0.02)
    for _ in range(8):
        p.adjust(-1.0, 10)
    assert p.p == 0
    for _ in range(400):
        p.adjust(1.0, 10)
    assert p.p == 1


def test_p_is_saved_between_adjustments():
    one, other = (AdaptiveAugment(Augment(), images=1000) for _ in range(2))
    for _ in range(7):
        one.adjust(1.0, 10)
    other.load_state_dict(one.state_dict())
    one.adjust(1.0, 10)
    other.adjust(1.0, 10)
    assert one.p == other.p == pytest.approx(0.08)


def test_a_fixed_p_stays():
    fixed = AdaptiveAugment(Augment(), p=0.2, fixed=True, images=10)
    for _ in range(8):
        fixed.adjust(1.0, 10)
    assert fixed.p == 0.2
    assert NORMAL[0] in COLUMNS
