"""FFHQ's crop; that its pixels are the published ones is tested against golden numbers."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from pastiche import images
from pastiche.errors import ImageError
from pastiche.faces import ffhq
from pastiche.faces.warp import apply, inverse


def square(x, y, side, degrees=0.0):
    c, s = np.cos(np.radians(degrees)) * side / 2, np.sin(np.radians(degrees)) * side / 2
    across, down = np.array([c, s]), np.array([-s, c])
    return np.array([x, y]) + np.stack([-across - down, -across + down, across + down, across - down])


class TestQuad:
    def test_it_is_a_square_that_turns_with_the_face(self, landmarks_at):
        corners = ffhq.quad(landmarks_at(100, 80, 60, 20).numpy())
        sides = np.roll(corners, -1, axis=0) - corners
        assert np.allclose(np.hypot(*sides.T), np.hypot(*sides[0]))
        across = corners[3] - corners[0]
        assert np.degrees(np.arctan2(across[1], across[0])) == pytest.approx(20)

    def test_fractions_of_pixels_count(self, landmarks_at):
        first, second = (ffhq.quad(landmarks_at(x, 80, 60).numpy()) for x in (100, 100.25))
        assert np.allclose(second - first, (0.25, 0))

    @pytest.mark.parametrize("value", [3.0, float("nan")])
    def test_landmarks_in_one_point(self, value):
        with pytest.raises(ImageError, match="span"):
            ffhq.quad(np.full((68, 2), value))


class TestCut:
    @pytest.mark.parametrize("supersample", [1, 4])
    @pytest.mark.parametrize(
        ("side", "size"),
        [(100.0, 64), (150.3, 512), (700.0, 64)],
        ids=["reduced", "enlarged", "shrunk first"],
    )
    def test_the_matrix_tells_where_every_pixel_comes_from(self, smooth, side, size, supersample):
        photo = smooth(1000, 1200)
        crop = ffhq.cut(photo, square(600.2, 500.7, side, 25), size, supersample=supersample)
        index = np.array([(x, y) for x in (0, size // 3, size - 1) for y in (0, size // 2, size - 1)])
        places = apply(crop.matrix, index.astype(float))
        for (x, y), (u, v) in zip(index, places, strict=True):
            wanted = _at(photo, u, v)
            assert torch.allclose(crop.image[0, :, y, x], wanted, atol=0.012)

    def test_the_corners_are_the_outer_edges(self, smooth):
        corners = square(150, 120, 80, 10)
        crop = ffhq.cut(smooth(), corners, 32)
        edges = np.array([(-0.5, -0.5), (-0.5, 31.5), (31.5, 31.5), (31.5, -0.5)])
        assert np.allclose(apply(crop.matrix, edges), corners)

    def test_the_half_pixel_and_the_rounding_of_the_shrunk_photo_are_in_the_matrix(self, smooth):
        """The published crop ignores both, so it shows a place that is off by a fraction of a pixel: the true one."""
        corners = square(301, 251, 400)
        crop = ffhq.cut(smooth(503, 607), corners, 64)
        assert 0.1 < np.abs(apply(crop.matrix, np.array([(-0.5, -0.5)])) - corners[0]).max() < 2

    def test_only_the_part_that_is_needed_is_resized(self):
        array = np.random.default_rng(0).integers(0, 256, (611, 727, 3), dtype=np.uint8)
        shape, (left, top, right, bottom) = (204, 242), (150, 100, 242, 190)
        whole = np.asarray(Image.fromarray(array).resize(shape[::-1], Image.Resampling.LANCZOS)).astype(int)
        part = np.asarray(ffhq._region(images.from_uint8(array), shape, (left, top, right, bottom))).astype(int)
        assert np.abs(part - whole[top:bottom, left:right]).max() <= 1

    def test_a_wide_blur_on_a_reduced_copy(self):
        pixels = np.random.default_rng(0).random((300, 400, 3), dtype=np.float32) * 255
        pixels[:, 200:] += 100
        direct = ndimage.gaussian_filter(pixels, [20, 20, 0])
        assert np.abs(ffhq._blurred(pixels, 20) - direct).max() < 1.5

    @pytest.mark.parametrize("shape", [(1, 1), (2, 7), (5, 5)])
    def test_a_tiny_photo(self, shape):
        photo = torch.rand(1, 3, *shape) * 2 - 1
        crop = ffhq.cut(photo, square(shape[1] / 2, shape[0] / 2, 4), 16)
        assert crop.image.shape == (1, 3, 16, 16)
        assert np.isfinite(inverse(crop.matrix)).all()

    def test_a_face_mostly_outside(self, smooth):
        crop = ffhq.cut(smooth(), square(0, 0, 100), 32)
        assert crop.image.shape == (1, 3, 32, 32)

    @pytest.mark.parametrize("corners", [square(-500, 0, 100), square(100, 900, 100)])
    def test_a_face_outside(self, smooth, corners):
        with pytest.raises(ImageError, match="outside"):
            ffhq.cut(smooth(), corners, 32)

    def test_a_square_that_is_far_too_large(self, smooth):
        with pytest.raises(ImageError, match="can't be cut"):
            ffhq.cut(smooth(), square(100, 100, 1e6), 32)


def _at(photo, x, y):
    """Bilinear."""
    left, top = int(np.floor(x)), int(np.floor(y))
    u, v = x - left, y - top
    a, b = photo[0, :, top, left : left + 2].T, photo[0, :, top + 1, left : left + 2].T
    return torch.lerp(torch.lerp(a[0], a[1], u), torch.lerp(b[0], b[1], u), v)
