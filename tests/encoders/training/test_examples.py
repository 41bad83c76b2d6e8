"""What encoders see and what they should reproduce."""

import pytest
import torch

from pastiche import images
from pastiche.encoders.inputs import as_input
from pastiche.encoders.training import paper
from pastiche.encoders.training.build import build_encoder
from pastiche.encoders.training.examples import FACTORS, Examples
from pastiche.errors import ImageError, TrainingError
from pastiche.inversion import encode
from pastiche.training.data import PictureDataset
from pastiche.training.sources import open_source
from pastiche.training.task import Moment


@pytest.fixture
def examples(pictures):
    return lambda translation, **parts: Examples(paper("psp", translation)[0], parts.pop("pictures", pictures), **parts)


def drawn(examples, count=4, seed=0):
    return examples.draw(torch.Generator().manual_seed(seed), count)


def flipped(picture, flip):
    return picture.flip(3) if flip else picture


def test_inversion_reproduces_its_input(examples, pictures):
    found = examples("inversion")
    draw = drawn(found)
    inputs, targets = found.batch(draw, Moment())
    assert inputs.equal(targets)
    assert sorted(draw["picture"].tolist()) == [0, 1, 2, 3]
    for number, flip, picture in zip(draw["picture"].tolist(), draw["flip"], inputs, strict=True):
        assert picture[None].equal(flipped(pictures.picture(number), flip))


def test_pictures_are_decoded_once_in_an_iteration(examples, monkeypatch):
    found = examples("inversion")
    draw, asked = drawn(found), []
    decode = found.pictures.batch
    monkeypatch.setattr(type(found.pictures), "batch", lambda _self, *rest: asked.append(1) or decode(*rest))
    first = found.batch(draw, Moment())[0]
    assert found.batch(draw, Moment())[0] is first
    mirrored = found.batch({**draw, "flip": ~draw["flip"]}, Moment())[0]
    assert mirrored.equal(first.flip(3))
    found.batch(draw, Moment(iteration=1))
    assert len(asked) == 3


def test_frontalization_mirrors_input_and_target_independently(examples, pictures):
    found = examples("frontalization")
    draw = drawn(found, 16)
    assert not draw["flip"].equal(draw["flip_target"])
    inputs, targets = found.batch(draw, Moment())
    for index, number in enumerate(draw["picture"].tolist()):
        assert inputs[index : index + 1].equal(flipped(pictures.picture(number), draw["flip"][index]))
        assert targets[index : index + 1].equal(flipped(pictures.picture(number), draw["flip_target"][index]))


def test_super_resolution_sees_fewer_pixels(examples):
    found = examples("super-resolution")
    draw = {**drawn(found), "factor": torch.tensor([0, 2, 4, 5])}
    inputs, targets = found.batch(draw, Moment())
    assert inputs[0].equal(targets[0])
    errors = (inputs - targets).square().mean(dim=(1, 2, 3))
    assert errors.diff().min() > 0
    assert [FACTORS[index] for index in (0, 2, 4, 5)] == [1, 4, 16, 32]
    assert inputs.shape == targets.shape == (4, 3, 256, 256)


@pytest.fixture
def sources(tmp_path):
    """For picture N a map whose left half is of class N, and whose right half is of class 18."""
    for number in range(4):
        labels = torch.full((1, 3, 64, 64), 18 / 127.5 - 1)
        labels[..., :32] = number / 127.5 - 1
        images.write(labels, tmp_path / f"{number}.png")
    return PictureDataset(open_source(tmp_path, 256), 256)


def test_label_maps_become_a_channel_for_each_class(examples, sources):
    found = examples("segmentation", sources=sources)
    draw = drawn(found)
    inputs, _ = found.batch(draw, Moment())
    assert inputs.shape == (4, 19, 256, 256)
    assert inputs.sum(dim=1).eq(1).all()
    for number, flip, seen in zip(draw["picture"].tolist(), draw["flip"], inputs, strict=True):
        left, right = (18, number) if flip else (number, 18)
        assert seen[left, :, :128].eq(1).all()
        assert seen[right, :, 128:].eq(1).all()


def test_sketches_are_grey_from_0_to_1(examples, sources):
    inputs, _ = examples("sketch", sources=sources).batch(drawn(examples("sketch", sources=sources)), Moment())
    assert inputs.shape == (4, 1, 256, 256)
    assert 0 <= inputs.min() < inputs.max() <= 1


def test_unknown_labels_are_refused():
    with pytest.raises(ImageError, match="holds the value 40, and this encoder knows the classes 0 to 18"):
        as_input(torch.full((1, 3, 8, 8), 40 / 127.5 - 1), 19, 16, "bilinear")


def test_sources_belong_to_pictures_of_their_name(examples, sources, pictures):
    with pytest.raises(TrainingError, match="needs sources"):
        examples("sketch")
    with pytest.raises(TrainingError, match="takes no sources"):
        examples("inversion", sources=sources)
    with pytest.raises(TrainingError, match=r"1 of 4 pictures, such as 3\.png, have no source"):
        examples("sketch", sources=sources.subset([0, 1, 2]))
    with pytest.raises(TrainingError, match="pictures of 256 pixels, not 64"):
        examples("inversion", pictures=PictureDataset(pictures.source, 64))


@pytest.mark.parametrize("translation", ["sketch", "segmentation"])
def test_a_trained_translation_takes_pictures_as_it_was_trained_on(examples, sources, settings, generator, translation):
    """`encode` gives the encoder what the training gave it."""
    encoder = build_encoder(settings("psp", translation, backbone="irse50", width=4), generator).eval()
    draw = {"picture": torch.tensor([2]), "flip": torch.tensor([False])}
    inputs, _ = examples(translation, sources=sources).batch(draw, Moment())
    picture = images.read(sources.source.read(sources.indices[2]))
    with torch.no_grad():
        assert encode(picture, encoder).codes.equal(encoder(inputs).codes)
