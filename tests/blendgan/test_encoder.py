"""The style encoder. The numbers are in tests/golden."""

import pytest
import torch
import torch.nn.functional as F

from pastiche.bench.published import blendgan as published
from pastiche.blendgan import StyleEncoderConfig
from pastiche.blendgan.encoder import gram
from pastiche.errors import ImageError


def test_gram_matrices(draw):
    features = draw(2, 3, 5, 4)
    wanted = [[[(f[i] * f[j]).sum() / (3 * 5 * 4) for j in range(3)] for i in range(3)] for f in features]
    torch.testing.assert_close(gram(features), torch.tensor(wanted).flatten(1))


@pytest.mark.parametrize("size", [(256, 256), (512, 512), (300, 411), (64, 100)])
def test_pictures_of_any_size_are_pooled(style_encoder, draw, size):
    images = draw(2, 3, *size)
    codes = style_encoder(images)
    assert codes.shape == (2, 10)
    torch.testing.assert_close(codes, style_encoder(F.adaptive_avg_pool2d(images, 256)))


def test_the_published_formulation_agrees(style_encoder, draw, relative_error):
    images = draw(2, 3, 512, 512)
    wanted = published.encode_style(style_encoder, images)
    assert relative_error(style_encoder(images), wanted) < 1e-4


def test_pictures_of_a_batch_do_not_see_each_other(style_encoder, draw):
    images = draw(2, 3, 256, 256)
    torch.testing.assert_close(style_encoder(images)[1:], style_encoder(images[1:]), rtol=1e-4, atol=1e-5)


def test_the_large_weight_is_neither_copied_nor_changed(style_encoder, draw, monkeypatch):
    """Whatever the first fully connected layer makes is as small as what goes in and out."""
    layer, grams = style_encoder.embedder_mlp[0], draw(1, style_encoder.config.gram_dim)
    made = []
    linear = F.linear
    monkeypatch.setattr(F, "linear", lambda x, weight, *more: made.append(weight) or linear(x, weight, *more))
    layer(grams)
    assert made[0] is layer.weight


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_lower_precision(style_encoder, draw, dtype):
    images = draw(1, 3, 256, 256).tanh()
    wanted = style_encoder(images)
    with torch.autocast("cpu", dtype):
        found = style_encoder(images)
    assert found.dtype == torch.float32
    assert F.cosine_similarity(found, wanted).item() > 0.99


def test_pictures_that_are_not_rgb(style_encoder, draw):
    for shape in ((1, 1, 256, 256), (3, 256, 256)):
        with pytest.raises(ImageError, match=r"a style is read from RGB images \[N, 3, H, W\]"):
            style_encoder(draw(*shape))


def test_sizes_that_no_network_has():
    assert StyleEncoderConfig().gram_dim == 610304
    with pytest.raises(ValueError, match="VGG19 has 5 blocks, and 4"):
        StyleEncoderConfig(widths=(4, 4, 4, 4))
    with pytest.raises(ValueError, match="2 to 32 are possible"):
        StyleEncoderConfig(code_layers=1)
