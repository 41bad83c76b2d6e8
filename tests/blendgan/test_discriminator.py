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
def judge():
    torch.manual_seed(0)
    return ProjectionDiscriminator(ProjectionConfig(**SMALL)).requires_grad_(False)


def test_the_projection(judge, images, draw):
    codes = draw(4, 10)
    h = judge.final_features(judge.features(images, [2])[0]).sum(dim=(2, 3))
    wanted = judge.l_out(h) + torch.stack([judge.l_style(code) @ maps for code, maps in zip(codes, h, strict=True)])[:, None]
    torch.testing.assert_close(judge(images, codes), wanted)


def test_the_code_counts(judge, images, draw):
    codes = draw(4, 10)
    assert judge(images, codes).shape == (4, 1)
    assert not torch.allclose(judge(images, codes), judge(images, codes.flip(0)))


def test_a_code_for_each_image(judge, images, draw):
    for shape in ((1, 10), (4, 9), (40,)):
        with pytest.raises(StyleError, match=r"a style code for each image, \[4, 10\]"):
            judge(images, draw(*shape))


def test_three_in_one(images, draw):
    """The face discriminator is what any code that takes a discriminator sees."""
    torch.manual_seed(0)
    three = BlendDiscriminator(ProjectionConfig(**SMALL))
    assert three(images).shape == three.style(images).shape == three.latent(images, draw(4, 10)).shape == (4, 1)
    assert not torch.equal(three(images), three.style(images))
    three(images).sum().backward()
    assert three.convs[0][0].weight.grad is not None
    assert three.style.convs[0][0].weight.grad is None
