"""Gradients, and gradients of gradients, against the published form in float64."""

import copy
from math import sqrt

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck, gradgradcheck
from torch.utils._python_dispatch import TorchDispatchMode

from pastiche.bench.published import stylegan2 as published
from pastiche.losses import path_length_penalty, path_lengths, r1_penalty
from pastiche.stylegan2.layers import bias_act
from pastiche.stylegan2.modulated import Form, ModulatedConv
from pastiche.stylegan2.resample import downsample, filter2d, upfirdn, upsample

CLOSE = 1e-4  # float32 against float64, through a whole network and back

# Tests that compare gradients in float32 sum thousands of products; those that check an operation by itself do it
# in float64, where gradcheck's own tolerances apply.


@pytest.fixture
def same_gradients(relative_error):
    """Whether every parameter of a network has the gradient that its copy has."""

    def check(network, wanted, tolerance=CLOSE):
        others = dict(wanted.named_parameters())
        seen = 0
        for name, value in network.named_parameters():
            if others[name].grad is None:
                assert value.grad is None or not value.grad.any(), f"{name} should have no gradient"
                continue
            error = relative_error(value.grad, others[name].grad)
            assert error < tolerance, f"the gradient of {name} differs by {error:.2e}"
            seen += 1
        return seen

    return check


@pytest.mark.parametrize("taps", [(1.0, 1.0), (1.0, 2.0, 1.0), (1.0, 3.0, 3.0, 1.0), (1.0, 2.0, 4.0, 3.0)])
@pytest.mark.parametrize(("up", "down"), [(1, 1), (2, 1), (1, 2), (2, 2)])
@pytest.mark.parametrize("pad", [(0, 0), (1, 1), (2, 1), (1, 2), (-1, 2)])
def test_upfirdn(taps, up, down, pad):
    torch.manual_seed(0)
    x = torch.randn(2, 3, 8, 6, dtype=torch.float64, requires_grad=True)
    options = {"up": up, "down": down, "pad": pad, "gain": 1.5}
    wanted = published.upfirdn(x, published.fir(taps, 1.5, x), up, down, pad) if min(pad) >= 0 else None
    found = upfirdn(x, taps, **options)
    if wanted is not None:
        assert torch.allclose(found, wanted)
    assert gradcheck(lambda x: upfirdn(x, taps, **options), x, fast_mode=True)
    assert gradgradcheck(lambda x: upfirdn(x, taps, **options), x, fast_mode=True)


class TransposedTypes(TorchDispatchMode):
    """Notes the types of transposed convolutions, and whether they are in channels-last layout."""

    def __init__(self):
        super().__init__()
        self.types = []
        self.channels_last = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten.convolution.default and args[6]:
            self.types.append(args[0].dtype)
            self.channels_last.append(args[0].is_contiguous(memory_format=torch.channels_last))
        return func(*args, **(kwargs or {}))


def test_bfloat16_is_upsampled_by_way_of_float32():
    """Which is ten times faster on a CPU, also in the gradient of `downsample`, and rounds once."""
    torch.manual_seed(0)
    x = torch.randn(2, 16, 8, 8).bfloat16().contiguous(memory_format=torch.channels_last)
    wide = torch.randn(2, 16, 16, 16).bfloat16().requires_grad_()
    taps = (1.0, 3.0, 3.0, 1.0)
    with TransposedTypes() as seen:
        found = upsample(x, taps)
        (gradient,) = torch.autograd.grad(downsample(wide, taps), wide, x)
    assert seen.types == [torch.float32, torch.float32]
    assert found.dtype == gradient.dtype == torch.bfloat16
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(found, upsample(x.float(), taps).bfloat16())
    assert torch.equal(gradient, (upsample(x.float(), taps) / 4).bfloat16())


def test_pictures_are_upsampled_in_channels_last_layout():
    """Which is four to ten times faster on a CPU; they keep their own layout."""
    torch.manual_seed(0)
    x, taps = torch.randn(2, 3, 8, 8), (1.0, 3.0, 3.0, 1.0)
    with TransposedTypes() as seen:
        found = upsample(x, taps)
    assert seen.channels_last == [True]
    assert found.is_contiguous()
    assert torch.equal(found, upsample(x.contiguous(memory_format=torch.channels_last), taps))


@pytest.mark.parametrize("taps", [(1.0, 1.0), (1.0, 2.0, 1.0), (1.0, 3.0, 3.0, 1.0), (1.0, 5.0, 10.0, 10.0, 5.0, 1.0)])
def test_resampling_keeps_the_mean(taps):
    """A flat picture stays flat, and sizes double and halve."""
    x = torch.ones(1, 2, 16, 16)
    assert upsample(x, taps).shape[-2:] == (32, 32)
    assert downsample(x, taps).shape[-2:] == (8, 8)
    for y in (upsample(x, taps), downsample(x, taps), filter2d(x, taps, pad=(len(taps) // 2, (len(taps) - 1) // 2))):
        margin = len(taps)
        assert torch.allclose(y[..., margin:-margin, margin:-margin], torch.ones(()))


def test_a_filter_that_is_not_symmetric_is_not_turned_around():
    x = torch.zeros(1, 1, 5, 5)
    x[..., 2, 2] = 1
    y = upfirdn(x, (0.0, 1.0, 3.0), pad=(1, 1), gain=16.0)
    assert torch.equal(y[0, 0, 1:4, 1:4], torch.tensor([[0.0, 0, 0], [0, 1, 3], [0, 3, 9]]))


@pytest.mark.parametrize("shape", [(2, 3, 4, 4), (3, 5)])
@pytest.mark.parametrize("noise", [None, 1, 2])
def test_bias_act(shape, noise):
    torch.manual_seed(0)
    x = torch.randn(shape, dtype=torch.float64)
    bias = torch.randn(shape[1], dtype=torch.float64)
    given = None if noise is None or len(shape) == 2 else torch.randn(noise, 1, *shape[2:], dtype=torch.float64)
    total = x + bias.view(1, -1, *[1] * (len(shape) - 2)) + (0 if given is None else given)
    assert torch.allclose(bias_act(x.clone(), bias, given), F.leaky_relu(total, 0.2))
    inputs = [value.requires_grad_() for value in (x, bias, given) if value is not None]
    assert gradcheck(lambda x, *rest: bias_act(x * 1, *rest), inputs)
    assert gradgradcheck(lambda x, *rest: bias_act(x * 1, *rest), inputs)


class AddedShapes(TorchDispatchMode):
    """Notes whether additions in place had to broadcast along channels."""

    def __init__(self):
        super().__init__()
        self.broadcast = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten.add_.Tensor:
            self.broadcast.append(args[0].stride()[1:] != args[1].stride()[1:])
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("noise", [1, 2])
@pytest.mark.parametrize(("dtype", "channels"), [(torch.bfloat16, 16), (torch.float32, 8)])
def test_bias_act_adds_whole_vectors_where_channels_are_few(dtype, channels, noise):
    """PyTorch adds what it broadcasts one number at a time if the innermost axis is shorter than a vector."""
    torch.manual_seed(0)
    x = torch.randn(2, channels, 8, 8).to(dtype).contiguous(memory_format=torch.channels_last)
    bias, given = torch.randn(channels).to(dtype), torch.randn(noise, 1, 8, 8).to(dtype)
    wanted = F.leaky_relu((x + bias[:, None, None]) + given, 0.2)
    with AddedShapes() as seen:
        found = bias_act(x.clone(), bias, given)
    assert seen.broadcast == [False, False]
    assert torch.equal(found, wanted)
    assert found.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("upsampling", [False, True])
def test_modulated_convolution(monkeypatch, folded, upsampling):
    torch.manual_seed(0)
    conv = ModulatedConv(3, 2, 3, 4, upsample=upsampling).double()
    monkeypatch.setattr(ModulatedConv, "_form", lambda *_: Form(folded=folded, winograd=False))
    # squares are summed in float32, which is what gradcheck would stumble over
    monkeypatch.setattr(torch.Tensor, "float", lambda self: self)
    x = torch.randn(2, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    style = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)

    def convolve(x, style, _weight):
        return conv(x, style, gain=1.3)

    wanted = published.modulated(x, style, conv.weight, conv.scale, True, upsampling)
    assert torch.allclose(convolve(x, style, None), 1.3 * wanted)
    assert gradcheck(convolve, (x, style, conv.weight), fast_mode=True)
    assert gradgradcheck(convolve, (x, style, conv.weight), fast_mode=True)


@pytest.mark.parametrize("resolution", [8, 32])
def test_gradients_of_the_generator(small_generator, codes, same_gradients, relative_error, resolution):
    generator = small_generator(resolution, train=True)
    reference = copy.deepcopy(generator).double()
    w_plus = codes(generator, 2).requires_grad_()
    wanted_codes = w_plus.detach().double().requires_grad_()
    generator.synthesis(w_plus).square().mean().backward()
    published.synthesis(reference, wanted_codes).square().mean().backward()
    assert relative_error(w_plus.grad, wanted_codes.grad) < CLOSE
    layers = len(generator.layers)
    assert same_gradients(generator, reference) == 1 + 4 * layers + (len(generator.convs) + 1)


def test_gradients_of_the_mapping(small_generator, same_gradients):
    generator = small_generator(8, train=True)
    reference = copy.deepcopy(generator).double()
    z = torch.randn(2, 16)
    generator.synthesis(generator.broadcast(generator.mapping(z))).square().mean().backward()
    w = z.double() * (z.double().square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()
    for layer in reference.style[1:]:
        w = F.leaky_relu(F.linear(w, layer.weight * 0.01 / sqrt(w.shape[1]), layer.bias * 0.01), 0.2) * sqrt(2)
    published.synthesis(reference, w[:, None].expand(-1, 4, -1)).square().mean().backward()
    assert same_gradients(generator, reference) > 4


def test_gradients_of_the_noise(small_generator, codes, relative_error):
    """As inversion needs them: with the weights frozen, and one map for all images or one for each."""
    generator = small_generator(16)
    w_plus = codes(generator, 2)
    shared = [level.clone().requires_grad_() for level in generator.noise_maps()]
    own = [level.detach().repeat(2, 1, 1, 1).requires_grad_() for level in shared]
    generator.synthesis(w_plus, noise=shared).square().mean().backward()
    generator.synthesis(w_plus, noise=own).square().mean().backward()
    reference = copy.deepcopy(generator).double()
    wanted = [level.detach().double().requires_grad_() for level in shared]
    for index, level in enumerate(wanted):
        setattr(reference.noises, f"noise_{index}", level)
    published.synthesis(reference, w_plus.double()).square().mean().backward()
    for one, two, expected in zip(shared, own, wanted, strict=True):
        assert relative_error(one.grad, expected.grad) < CLOSE
        assert relative_error(two.grad.sum(dim=0, keepdim=True), expected.grad) < CLOSE


def test_frozen_weights_get_no_gradient(small_generator, codes):
    generator = small_generator(16)
    generator.synthesis(codes(generator).requires_grad_()).sum().backward()
    assert all(value.grad is None for value in generator.parameters())


@pytest.mark.parametrize("resolution", [8, 32])
def test_path_length_penalty(small_generator, codes, same_gradients, relative_error, resolution):
    """Derivatives of the derivative in w+, as the published regulariser takes them."""
    generator = small_generator(resolution, train=True)
    reference = copy.deepcopy(generator).double()
    noise = torch.randn(2, 3, resolution, resolution)
    mean = torch.tensor(0.3)

    w_plus = codes(generator, 2).requires_grad_()
    lengths = path_lengths(generator.synthesis(w_plus), w_plus, noise)
    penalty, updated = path_length_penalty(lengths, mean)
    penalty.backward()

    w_plus = w_plus.detach().double().requires_grad_()
    weighted = (published.synthesis(reference, w_plus) * noise.double() / sqrt(resolution**2)).sum()
    (gradient,) = torch.autograd.grad(weighted, w_plus, create_graph=True)
    wanted = torch.sqrt(gradient.pow(2).sum(2).mean(1))
    wanted_mean = mean.double() + 0.01 * (wanted.mean() - mean.double())
    (wanted - wanted_mean).pow(2).mean().backward()

    assert relative_error(lengths.detach(), wanted.detach()) < CLOSE
    assert relative_error(updated, wanted_mean.detach()) < CLOSE
    assert same_gradients(generator, reference) >= 4 * len(generator.layers) - 3


def plain_logits(discriminator, images, group=4):
    """The published discriminator, written plainly."""
    last = len(discriminator.convs) - 1
    (x,) = published.discriminator_features(discriminator, images, (last,))
    group = min(len(x), group)
    deviation = torch.sqrt(x.reshape(group, -1, 1, *x.shape[1:]).var(0, unbiased=False) + 1e-8)  # [N/G, 1, C, 4, 4]
    deviation = deviation.mean([2, 3, 4], keepdim=True).squeeze(2).repeat(group, 1, 4, 4)
    x = torch.cat([x, deviation], dim=1)
    conv, bias = discriminator.final_conv
    x = published.activate(F.conv2d(x, conv.weight / sqrt(x.shape[1] * 9), padding=1), bias.bias)
    first, second = discriminator.final_linear
    x = F.leaky_relu(F.linear(x.flatten(1), first.weight / sqrt(first.weight.shape[1]), first.bias), 0.2) * sqrt(2)
    return F.linear(x, second.weight / sqrt(second.weight.shape[1]), second.bias)


@pytest.mark.parametrize("batch", [1, 2, 3, 4, 8])
def test_logits(small_discriminator, relative_error, batch):
    discriminator = small_discriminator(32)
    images = torch.randn(batch, 3, 32, 32)
    wanted = plain_logits(copy.deepcopy(discriminator).double(), images.double())
    found = discriminator(images)
    assert found.shape == (batch, 1)
    assert ((found - wanted).abs() / wanted.abs().max()).max() < 1e-5


@pytest.mark.parametrize("resolution", [8, 32])
def test_gradients_of_the_discriminator(small_discriminator, same_gradients, relative_error, resolution):
    discriminator = small_discriminator(resolution, train=True)
    reference = copy.deepcopy(discriminator).double()
    images = torch.randn(4, 3, resolution, resolution, requires_grad=True)
    wanted = images.detach().double().requires_grad_()
    F.softplus(discriminator(images)).mean().backward()
    F.softplus(plain_logits(reference, wanted)).mean().backward()
    assert relative_error(images.grad, wanted.grad) < CLOSE
    assert same_gradients(discriminator, reference) == len(list(discriminator.parameters()))


@pytest.mark.parametrize("resolution", [8, 32])
def test_r1(small_discriminator, same_gradients, relative_error, resolution):
    discriminator = small_discriminator(resolution, train=True)
    reference = copy.deepcopy(discriminator).double()
    images = torch.randn(4, 3, resolution, resolution, requires_grad=True)
    found = r1_penalty(discriminator(images), images)
    found.backward()

    wanted_images = images.detach().double().requires_grad_()
    (gradient,) = torch.autograd.grad(plain_logits(reference, wanted_images).sum(), wanted_images, create_graph=True)
    wanted = gradient.pow(2).reshape(len(images), -1).sum(1).mean()
    wanted.backward()
    assert relative_error(found.detach(), wanted.detach()) < CLOSE
    assert same_gradients(discriminator, reference) >= 2 * len(discriminator.convs)
