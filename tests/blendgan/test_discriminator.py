"""The three discriminators. The numbers are in tests/golden."""

import pytest
import torch

from pastiche.blendgan import BlendDiscriminator, ProjectionConfig, ProjectionDiscriminator
from pastiche.errors import StyleError

SMALL = {"resolution": 16, "channels": {4: 12, 8: 8, 16: 4}, "code_dim": 10}


@pytest.fixture
def images(draw):
    return draw(4, 3, 16, 16)


@pytest.fixture(scope="module")
def critic():
    torch.manual_seed(0)
    return ProjectionDiscriminator(ProjectionConfig(**SMALL)).requires_grad_(False)


def test_the_projection(critic, images, draw):
    codes = draw(4, 10)
    h = critic.final_features(critic.features(images, [2])[0]).sum(dim=(2, 3))
    wanted = critic.l_out(h) + torch.stack([critic.l_style(code) @ maps for code, maps in zip(codes, h, strict=True)])[:, None]
    torch.testing.assert_close(critic(images, codes), wanted)


def test_the_code_counts(critic, images, draw):
    codes = draw(4, 10)
    assert critic(images, codes).shape == (4, 1)
    assert not torch.allclose(critic(images, codes), critic(images, codes.flip(0)))


def test_a_code_for_each_image(critic, images, draw):
    for shape in ((1, 10), (4, 9), (40,)):
        with pytest.raises(StyleError, match=r"a style code for each image, \[4, 10\]"):
            critic(images, draw(*shape))


def test_three_in_one(images, draw):
    """The face discriminator is what any code that takes a discriminator sees."""
    torch.manual_seed(0)
    three = BlendDiscriminator(ProjectionConfig(**SMALL))
    assert three(images).shape == three.style(images).shape == three.latent(images, draw(4, 10)).shape == (4, 1)
    assert not torch.equal(three(images), three.style(images))
    three(images).sum().backward()
    assert three.convs[0][0].weight.grad is not None
    assert three.style.convs[0][0].weight.grad is None
