"""From a photo to its faces."""

import logging

import numpy as np
import pytest
import torch

from pastiche import images
from pastiche.errors import ImageError, NoFaceError
from pastiche.faces import Box, align, crop_by_hand, ffhq
from pastiche.faces.frame import FRAME, frame_matrix
from pastiche.faces.shape import anchors
from pastiche.faces.warp import apply, inverse, warp


class TestAlign:
    def test_the_photo(self, face, truth):
        assert face.crop.shape == (1, 3, 256, 256)
        assert face.landmarks.shape == (68, 2)
        assert face.photo_shape == (512, 512)
        assert face.score == face.box.score > 0.6
        eyes = apply(inverse(face.matrix.numpy()), np.stack([truth["eye_left"], truth["eye_right"]])) / 256
        assert np.allclose(eyes, [(0.37, 0.48), (0.63, 0.48)], atol=0.06)  # where they are in every picture of FFHQ

    @pytest.mark.parametrize("size", [64, 100])
    def test_any_size_shows_the_same(self, photo, face, size):
        (other,) = align(photo, size)
        assert torch.allclose(other.quad, face.quad, atol=0.7)
        assert (images.resize(face.crop, size) - other.crop).abs().mean() < 0.06

    def test_files_are_read(self, photo, face, tmp_path):
        images.write(photo, tmp_path / "a.png")
        (found,) = align(tmp_path / "a.png", 256)
        assert torch.equal(found.crop, face.crop)
        (found,) = align(images.to_pil(photo), 256)
        assert torch.equal(found.crop, face.crop)

    def test_faces_come_in_the_detector_s_order_and_no_more_than_the_limit(self, smooth, finder):
        tools = finder((100, 100, 60, 0), (220, 130, 40, 10), (60, 60, 30, -20))
        photo = smooth()
        assert [face.box.side for face in align(photo, 32, **tools)] == [60, 40, 30]
        assert [face.box.side for face in align(photo, 32, limit=2, **tools)] == [60, 40]

    def test_supersampling_changes_pixels_and_not_places(self, photo, face):
        (plain,) = align(photo, 256, supersample=False)
        assert torch.equal(plain.matrix, face.matrix)
        assert not torch.equal(plain.crop, face.crop)

    def test_a_face_at_the_edge_is_padded(self, smooth, finder):
        (face,) = align(smooth(), 64, **finder((10, 120, 80, 0)))
        assert 0.3 < face.inside.mean() < 0.8
        assert face.inside[..., 0].max() == 0
        assert face.inside[..., -1].min() == 1
        assert torch.isfinite(face.crop).all()

    def test_no_face(self):
        with pytest.raises(NoFaceError, match=r"320 x 240.*aligned=True.*crop_by_hand"):
            align(torch.zeros(1, 3, 240, 320))

    def test_a_batch_is_refused(self):
        with pytest.raises(ImageError, match="one at a time"):
            align(torch.zeros(2, 3, 64, 64), aligned=True)

    @pytest.mark.parametrize("wrong", [{"size": 0}, {"size": -5}, {"limit": 0}, {"limit": -1}])
    def test_less_than_one(self, smooth, finder, wrong):
        with pytest.raises(ImageError, match=next(iter(wrong))):
            align(smooth(), **finder((100, 100, 60, 0)), **wrong)

    @pytest.mark.parametrize("shape", [(1, 1), (2, 3), (1, 400)])
    def test_tiny_pictures_have_no_face(self, shape):
        with pytest.raises(NoFaceError):
            align(torch.rand(1, 3, *shape))


class TestAligned:
    def test_a_declared_one_is_resized(self, smooth):
        picture = smooth(128, 128)
        (face,) = align(picture, 64, aligned=True)
        assert torch.equal(face.crop, images.resize(picture, 64))
        edges = np.array([(-0.5, -0.5), (63.5, 63.5)])
        assert np.allclose(apply(face.matrix.numpy(), edges), [(-0.5, -0.5), (127.5, 127.5)])
        left, right, mouth = anchors(face.landmarks.numpy() / 128)
        assert 0.3 < left[0] < 0.5 < right[0] < 0.7
        assert mouth[1] > 0.6
        assert face.inside.min() == 1

    @pytest.mark.parametrize("side", [128, 256, 640])
    def test_its_surroundings_are_its_edge(self, smooth, side):
        picture = smooth(side, side)
        (face,) = align(picture, 64, aligned=True)
        wanted = warp(picture, frame_matrix(face.matrix.numpy(), 64), FRAME)
        assert (face.surroundings - wanted).abs().max() < 0.02

    def test_it_must_be_square(self, smooth):
        with pytest.raises(ImageError, match="square, and this one has 320 x 240"):
            align(smooth(), aligned=True)

    def test_one_is_recognised(self, photo, face, truth, caplog):
        by_hand = crop_by_hand(
            photo, points=np.stack([truth["eye_left"], truth["eye_right"], truth["mouth_left"], truth["mouth_right"]]), size=512
        )
        with caplog.at_level(logging.INFO):
            (found,) = align(by_hand.crop, 512)
        assert torch.equal(found.crop, by_hand.crop)
        assert "already an aligned face" in caplog.text
        assert found.score > 0.5

    def test_one_may_be_denied(self, face):
        (found,) = align(face.crop, 256, aligned=False)
        assert not torch.equal(found.crop, face.crop)

    def test_a_face_elsewhere_in_a_square_picture_is_not_taken_for_one(self, face):
        assert face.size != face.photo_shape[0]
        assert np.abs(face.quad.numpy() - 256).max() < 256


class TestByHand:
    def test_by_points_is_what_landmarks_give(self, smooth, landmarks_at):
        photo, landmarks = smooth(), landmarks_at(150, 120, 60, 12)
        left, right, mouth = anchors(landmarks.numpy())
        face = crop_by_hand(photo, points=[left, right, mouth], size=64)
        assert torch.equal(face.crop, ffhq.cut(photo, ffhq.quad(landmarks.numpy()), 64).image)
        assert torch.allclose(face.landmarks, landmarks, atol=1e-6)
        assert face.box.side == pytest.approx(60, rel=0.02)
        assert face.box.angle == pytest.approx(12)

    def test_two_corners_of_the_mouth_are_its_middle(self, smooth):
        three = crop_by_hand(smooth(), points=[(100, 90), (140, 90), (120, 130)], size=32)
        four = crop_by_hand(smooth(), points=torch.tensor([(100, 90), (140, 90), (110, 130), (130, 130)]), size=32)
        assert torch.equal(three.crop, four.crop)

    def test_by_square(self, smooth):
        photo = smooth()
        face = crop_by_hand(photo, square=(100, 50, 164, 114), size=64)
        assert torch.allclose(face.quad, torch.tensor([(99.5, 49.5), (99.5, 113.5), (163.5, 113.5), (163.5, 49.5)]).double())
        assert (face.crop - photo[..., 50:114, 100:164]).abs().max() < 0.02

    def test_the_longer_side_counts(self, smooth):
        face = crop_by_hand(smooth(), square=(100, 50, 140, 114), size=64)
        assert face.quad[:, 0].tolist() == [87.5, 87.5, 151.5, 151.5]

    def test_it_may_leave_the_photo(self, smooth):
        face = crop_by_hand(smooth(), square=(-30, -30, 70, 70), size=50)
        assert face.inside.mean() == pytest.approx(0.49, abs=0.03)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({}, "either square or points"),
            ({"square": (0, 0, 9, 9), "points": [(1, 1), (3, 1), (2, 3)]}, "not both"),
            ({"square": (9, 0, 0, 9)}, "left < right"),
            ({"square": (0, 0, 9)}, "left < right"),
            ({"points": [(1, 1), (3, 1)]}, r"\[3, 2\] or \[4, 2\]"),
            ({"points": [(1, 1), (1, 1), (1, 1)]}, "span"),
            ({"square": (900, 900, 950, 950)}, "outside"),
        ],
    )
    def test_what_can_not_be_cut(self, smooth, options, message):
        with pytest.raises(ImageError, match=message):
            crop_by_hand(smooth(), **options)


def test_a_face_knows_its_corners(smooth, finder):
    (face,) = align(smooth(), 64, **finder((150, 120, 60, 30)))
    assert isinstance(face.box, Box)
    assert np.allclose(face.quad, ffhq.quad(face.landmarks.numpy()), atol=0.5)
