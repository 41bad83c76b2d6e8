"""The cascade that finds faces."""

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image

from pastiche import images
from pastiche.errors import ImageError
from pastiche.faces import Box
from pastiche.faces.cascade import CascadeDetector

detect = CascadeDetector()


def turned(photo, degrees):
    """Clockwise."""
    return images.read(images.to_pil(photo).rotate(-degrees, Image.Resampling.BICUBIC, fillcolor=(90, 90, 90)))


def on_face(box, truth, scale=1.0, shift=(0.0, 0.0)):
    """Whether a box is centred between eyes and mouth, and of the right size."""
    middle = (truth["eye_left"] + truth["eye_right"] + truth["mouth_left"] + truth["mouth_right"]) / 4 * scale + shift
    apart = np.hypot(*(truth["eye_right"] - truth["eye_left"])) * scale
    return np.hypot(*(np.array(box.centre) - middle)) < 0.3 * apart and 1.9 < box.side / apart < 2.8


def test_the_photo_has_one_face(box, truth):
    assert on_face(box, truth)
    assert box.score > 0.6
    eyes = truth["eye_right"] - truth["eye_left"]
    assert box.angle == pytest.approx(np.degrees(np.arctan2(eyes[1], eyes[0])), abs=4)


def test_the_same_photo_gives_the_same_boxes(photo):
    assert detect(photo) == detect(photo)


@pytest.mark.parametrize("side", [128, 1100])
def test_at_other_sizes(photo, truth, side):
    (found,) = detect(images.resize(photo, side))
    assert on_face(found, truth, side / 512)


@pytest.mark.parametrize("degrees", [-40, 15])
def test_a_head_that_rolls(photo, degrees):
    found = detect(turned(photo, degrees))
    assert found
    assert found[0].angle == pytest.approx(3.5 + degrees, abs=8)


def test_the_mirrored_photo(photo, truth):
    (found,) = detect(photo.flip(3))
    mirrored = {name: (511, 0) + point * (-1, 1) for name, point in truth.items()}
    assert on_face(found, {**mirrored, "eye_left": mirrored["eye_right"], "eye_right": mirrored["eye_left"]})


def test_several_faces_come_largest_first(photo, truth):
    page = torch.zeros(1, 3, 512, 900)
    page[..., :512] = photo
    page[..., 100:356, 600:856] = images.resize(photo, 256)
    large, small = detect(page)
    assert on_face(large, truth)
    assert on_face(small, truth, 0.5, (600, 100))


def test_a_face_at_the_edge(photo, truth):
    cut = photo[..., 60:300, 175:400]
    found = detect(cut)
    assert on_face(found[0], truth, shift=(-175, -60))


def test_grey_and_noise(photo, truth):
    grey = photo.mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)
    noisy = grey + 0.1 * torch.randn(grey.shape, generator=torch.Generator().manual_seed(0))
    assert on_face(detect(noisy)[0], truth)


@pytest.mark.parametrize("name", ["brick", "coffee", "rocket", "text"])
def test_no_face_where_there_is_none(name):
    array = getattr(skimage.data, name)()
    assert detect(images.from_uint8(array)) == []


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (24, 24), (40, 900), (64, 64)])
def test_pictures_of_any_shape(shape):
    assert detect(torch.zeros(1, 3, *shape)) == []
    assert detect(torch.rand(1, 3, *shape, generator=torch.Generator().manual_seed(0)) * 2 - 1) == []


def test_most_small_press_photos_are_found():
    faces = np.load(skimage.data.__path__[0] + "/lfw_subset.npy")[:24]
    found = 0
    for face in faces:
        large = Image.fromarray((face * 255).astype(np.uint8)).resize((100, 100), Image.Resampling.BICUBIC)
        page = images.from_uint8(np.pad(np.asarray(large), 40, mode="edge"))
        found += len(CascadeDetector(smallest=0.3, tilts=())(page)) == 1
    assert found >= 21


def test_a_batch_is_refused():
    with pytest.raises(ImageError, match="one at a time"):
        detect(torch.zeros(2, 3, 8, 8))


def test_a_box_knows_its_middle():
    box = Box.around(10, 20, 8, score=0.5, angle=3)
    assert box == Box(left=6, top=16, right=14, bottom=24, score=0.5, angle=3)
    assert box.centre == (10, 20)
    assert box.side == 8
