"""The terms between images, and the networks whose features they compare."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from pastiche.encoders import ArcFace, ArcFaceConfig, EncoderConfig, PyramidEncoder
from pastiche.encoders.compact import CompactEncoder, CompactEncoderConfig
from pastiche.encoders.training import Identity, MoCo, identity_of, paper, perception_of
from pastiche.encoders.training.criterion import Criterion
from pastiche.errors import CheckpointError
from pastiche.losses.perceptual import LPIPS


@pytest.fixture
def pair():
    rng = torch.Generator().manual_seed(0)
    return torch.rand(2, 3, 64, 64, generator=rng) * 2 - 1, torch.rand(2, 3, 256, 256, generator=rng) * 2 - 1


def colour(images):
    return F.normalize(images.mean(dim=(2, 3)), dim=1)


COLOUR = Identity("mean colours", colour, torch.nn.Identity())


def test_terms_are_weighted_and_computed_at_one_size(pair, perception):
    settings = replace(paper("psp")[0], side=32, l2=2.0, perceptual=0.5, identity=0.3, similarity=0.7)
    found = Criterion(settings, perception, COLOUR, COLOUR)(*pair)
    images, targets = (F.adaptive_avg_pool2d(x, 32) for x in pair)
    cosine = (1 - (colour(images) * colour(targets)).sum(dim=1)).mean()
    assert list(found) == ["l2", "perceptual", "identity", "similarity"]
    assert torch.allclose(found["l2"], 2 * (images - targets).square().mean())
    assert torch.allclose(found["perceptual"], 0.5 * perception.network(images, targets).mean())
    assert torch.allclose(found["identity"], 0.3 * cosine)
    assert torch.allclose(found["similarity"], 0.7 * cosine)


def test_frontalization_also_compares_the_face_alone(perception):
    """The published crop of 256 pixels: rows 35 to 222, columns 32 to 219."""
    images = torch.zeros(1, 3, 256, 256)
    targets = torch.zeros(1, 3, 256, 256)
    targets[:, :, 35:223, 32:220] = 1
    found = Criterion(paper("psp", "frontalization")[0], perception, COLOUR)(images, targets)
    assert found["crop_l2"].item() == pytest.approx(0.01)
    assert found["l2"].item() == pytest.approx(0.001 * 188**2 / 256**2, rel=1e-4)


def test_weightless_terms_are_not_computed(pair):
    def refuse(*_):
        raise AssertionError("computed")

    settings = replace(paper("psp")[0], perceptual=0.0, identity=0.0)
    perception = replace(perception_of(LPIPS()), compare=refuse)
    assert list(Criterion(settings, perception, replace(COLOUR, embed=refuse))(*pair)) == ["l2"]


def test_gradients_reach_the_image_only(pair, perception):
    images, targets = (x.requires_grad_() for x in pair)
    sum(Criterion(paper("psp")[0], perception, COLOUR)(images, targets).values()).backward()
    assert images.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in perception.network.parameters())


def test_features_have_honest_names(small_discriminator, perception):
    discriminator = small_discriminator(32)
    arcface = ArcFace(ArcFaceConfig(embedding_dim=8, stem=4, widths=(4, 8, 8, 16)))
    compact = CompactEncoder(CompactEncoderConfig(num_layers=8, w_dim=16, channels=(8, 8, 8, 8, 8), hidden=16))
    names = [found.name for found in (perception_of(discriminator), perception, perception_of(LPIPS()))]
    names += [identity_of(network).name for network in (arcface, MoCo(4), compact)]
    assert names == [
        *("the discriminator's features", "Pastiche's perceptual network", "LPIPS (VGG16)"),
        *("ArcFace", "MoCo v2", "the shape codes of the checkpoint's encoder"),
    ]
    config = EncoderConfig(num_layers=8, w_dim=16, stem=4, widths=(4, 8, 8, 16))
    with pytest.raises(TypeError, match="PyramidEncoder gives no embeddings"):
        identity_of(PyramidEncoder(config))


def test_embeddings_are_unit_and_networks_rest(pair):
    torch.manual_seed(0)
    arcface = ArcFace(ArcFaceConfig(embedding_dim=8, stem=4, widths=(4, 8, 8, 16))).train()
    compact = CompactEncoder(CompactEncoderConfig(num_layers=8, w_dim=16, channels=(8, 8, 8, 8, 8), hidden=16))
    for network in (arcface, MoCo(4), compact):
        found = identity_of(network)
        embedded = found.embed(pair[0])
        assert torch.allclose(embedded.norm(dim=1), torch.ones(2), atol=1e-5)
        assert not network.training, "batch statistics would mix the images of a batch"
        assert torch.allclose(found.embed(pair[0][:1]), embedded[:1], atol=1e-4)


def test_a_discriminator_compares_images_of_any_size(small_discriminator):
    compare = perception_of(small_discriminator(32)).compare
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert compare(images, images) == 0
    assert compare(images, -images) > 0


def test_moco_reads_the_published_layout(tmp_path):
    torch.manual_seed(0)
    model = MoCo(4).eval()
    published = {f"module.encoder_q.{key}": value for key, value in model.state_dict().items()}
    published |= {"module.encoder_q.fc.0.weight": torch.zeros(2, 2), "module.encoder_k.conv1.weight": torch.zeros(1)}
    torch.save({"state_dict": published, "epoch": 800}, tmp_path / "moco.pth.tar")
    images = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert MoCo.load(tmp_path / "moco.pth.tar")(images).equal(model(images))
    assert sum(value.numel() for value in MoCo().parameters()) == 23_508_032, "ResNet-50 without its last layer"
    torch.save({"g_ema": {}}, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match="is not MoCo v2"):
        MoCo.load(tmp_path / "other.pt")
