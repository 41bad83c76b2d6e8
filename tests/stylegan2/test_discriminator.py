"""The discriminator: sizes, the minibatch standard deviation, features. Its logits are checked in test_training."""

import pytest
import torch

from pastiche.bench.published import stylegan2 as published
from pastiche.stylegan2 import Discriminator, DiscriminatorConfig, published_channels
from pastiche.stylegan2.discriminator import minibatch_stddev


@pytest.mark.parametrize("resolution", [8, 64, 256, 1024, 2048])
def test_every_resolution_builds(resolution):
    with torch.device("meta"):
        discriminator = Discriminator(DiscriminatorConfig(resolution=resolution))
    widths = published_channels(resolution)
    assert len(discriminator.convs) == resolution.bit_length() - 2
    assert discriminator.convs[0][0].weight.shape == (widths[resolution], 3, 1, 1)
    assert discriminator.convs[1].conv2[1].weight.shape == (widths[resolution // 2], widths[resolution], 3, 3)
    assert discriminator.final_conv[0].weight.shape == (512, 513, 3, 3)
    assert discriminator.final_linear[0].weight.shape == (512, 8192)


def test_parameter_names_are_the_published_ones(small_discriminator):
    assert set(small_discriminator(8).state_dict()) == {
        "convs.0.0.weight",
        "convs.0.1.bias",
        "convs.1.conv1.0.weight",
        "convs.1.conv1.1.bias",
        "convs.1.conv2.1.weight",
        "convs.1.conv2.2.bias",
        "convs.1.skip.1.weight",
        "final_conv.0.weight",
        "final_conv.1.bias",
        "final_linear.0.weight",
        "final_linear.0.bias",
        "final_linear.1.weight",
        "final_linear.1.bias",
    }


@pytest.mark.parametrize(
    ("batch", "size", "groups"),
    [
        (1, 4, [[0]]),
        (2, 4, [[0, 1]]),
        (3, 4, [[0, 1, 2]]),
        (4, 4, [[0, 1, 2, 3]]),
        (8, 4, [[0, 2, 4, 6], [1, 3, 5, 7]]),
        (9, 3, [[0, 3, 6], [1, 4, 7], [2, 5, 8]]),
        (5, 5, [[0, 1, 2, 3, 4]]),
        (5, 1, [[0], [1], [2], [3], [4]]),
        (6, 8, [[0, 1, 2, 3, 4, 5]]),
    ],
)
def test_groups(batch, size, groups):
    x = torch.randn(batch, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    found = minibatch_stddev(x, size)
    assert found.shape == (batch, 4, 4, 4)
    assert torch.equal(found[:, :3], x)
    for members in groups:
        wanted = (x[members].std(dim=0, correction=0).square() + 1e-8).sqrt().mean()
        for member in members:
            assert torch.allclose(found[member, 3], wanted.expand(4, 4))


@pytest.mark.parametrize(("batch", "size"), [(5, 4), (6, 4), (7, 2)])
def test_batches_that_can_not_be_split(batch, size):
    with pytest.raises(ValueError, match=f"a batch of {batch} can't be split into groups of {size}"):
        minibatch_stddev(torch.zeros(batch, 3, 4, 4), size)


def test_equal_images_have_a_gradient():
    """The root has none at zero."""
    x = torch.ones(4, 3, 4, 4, requires_grad=True)
    minibatch_stddev(x, 4).sum().backward()
    assert x.grad.isfinite().all()


def test_the_group_size_is_the_configs(small_discriminator):
    pairs, all_four = small_discriminator(8, group_size=2), small_discriminator(8)
    all_four.load_state_dict(pairs.state_dict())
    images = torch.randn(4, 3, 8, 8)
    assert torch.allclose(pairs(images)[::2], all_four(images[::2]), atol=1e-5)
    assert not torch.allclose(pairs(images), all_four(images), atol=1e-5)


def test_features_of_each_block(small_discriminator, relative_error):
    discriminator = small_discriminator(64)
    images = torch.randn(2, 3, 64, 64)
    blocks = tuple(range(1, len(discriminator.convs)))
    wanted = published.discriminator_features(discriminator, images, blocks)
    for found, expected in zip(discriminator.features(images, blocks), wanted, strict=True):
        assert relative_error(found, expected) < 1e-5
    (first,) = discriminator.features(images, [0])
    assert first.shape == (2, discriminator.config.channels[64], 64, 64)


def test_features_come_in_the_order_asked_for(small_discriminator):
    discriminator = small_discriminator(32)
    images = torch.randn(1, 3, 32, 32)
    one, three = discriminator.features(images, [1, 3])
    found = discriminator.features(images, [3, 1, 3])
    assert all(torch.equal(a, b) for a, b in zip(found, [three, one, three], strict=True))


def test_features_stop_after_the_last_block(small_discriminator):
    discriminator = small_discriminator(32)
    ran = []
    for index, block in enumerate(discriminator.convs):
        block.register_forward_hook(lambda *_, index=index: ran.append(index))
    discriminator.features(torch.zeros(1, 3, 32, 32), [0, 2])
    assert ran == [0, 1, 2]


def test_features_of_an_image_do_not_depend_on_its_batch(small_discriminator, relative_error):
    discriminator = small_discriminator(32)
    images = torch.randn(3, 3, 32, 32)
    together = discriminator.features(images, [1, 3])
    for alone, part in zip(discriminator.features(images[1:2], [1, 3]), together, strict=True):
        assert relative_error(part[1:2], alone) < 1e-5


@pytest.mark.parametrize("blocks", [[4], [-1], [1, 9], []])
def test_blocks_that_do_not_exist(small_discriminator, blocks):
    with pytest.raises(ValueError, match="of this discriminator"):
        small_discriminator(32).features(torch.zeros(1, 3, 32, 32), blocks)


@pytest.mark.parametrize("shape", [(1, 3, 16, 16), (1, 1, 32, 32), (1, 3, 32, 16), (3, 32, 32)])
def test_images_of_another_size(small_discriminator, shape):
    with pytest.raises(ValueError, match=r"takes images \[N, 3, 32, 32\]"):
        small_discriminator(32)(torch.zeros(shape))


def test_the_image_is_left_alone(small_discriminator):
    """Activations are computed in place where no gradient is wanted."""
    images = torch.randn(2, 3, 16, 16)
    before = images.clone()
    discriminator = small_discriminator(16)
    first = discriminator.features(images, [0, 1, 2])
    assert torch.equal(images, before)
    assert all(torch.equal(a, b) for a, b in zip(first, discriminator.features(images, [0, 1, 2]), strict=True))


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.bfloat16, 0.1), (torch.float16, 1e-5)])
def test_autocast(small_discriminator, relative_error, dtype, tolerance):
    """Convolutions in lower precision (eight bits in bfloat16; CPUs compute float16 as float32), logits in full."""
    discriminator = small_discriminator(32)
    images = torch.randn(4, 3, 32, 32)
    with torch.autocast("cpu", dtype):
        features = discriminator.features(images, [1, 3])
        logits = discriminator(images)
    assert logits.dtype == torch.float32
    assert {found.dtype for found in features} == {torch.bfloat16 if dtype == torch.bfloat16 else torch.float32}
    for found, wanted in zip(features, discriminator.features(images, [1, 3]), strict=True):
        assert relative_error(found, wanted) < tolerance
    assert ((logits - discriminator(images)).abs().max() / discriminator(images).abs().max()) < tolerance


def test_activations_are_bounded(small_discriminator):
    bounded = small_discriminator(16, conv_clamp=0.25)
    images = torch.randn(2, 3, 16, 16)
    inside = bounded.features(images, [1, 2])
    assert max(found.abs().max() for found in inside) <= 0.25 * 2**0.5 + 1e-6  # main and skip, each 0.25 / sqrt 2
    free = small_discriminator(16)
    assert max(found.abs().max() for found in free.features(images, [1, 2])) > 0.5
    quick = bounded(images)
    assert torch.allclose(bounded(images.requires_grad_()), quick, atol=1e-6)
