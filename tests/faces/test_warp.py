"""Affine maps between pictures, and the shape of a face."""

import numpy as np
import pytest
import torch

from pastiche import images
from pastiche.errors import ImageError
from pastiche.faces.shape import MEAN_SHAPE, MIRROR, anchors, similarity
from pastiche.faces.warp import apply, inverse, normalised, scaling, warp


def turn(degrees, scale=1.0, shift=(0.0, 0.0)):
    c, s = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    return np.array([[c, -s, shift[0]], [s, c, shift[1]], [0, 0, 1]])


class TestMaps:
    def test_scaling_keeps_the_outer_edges(self):
        corners = np.array([(-0.5, -0.5), (39.5, 19.5)])
        assert np.allclose(apply(scaling((20, 40), (60, 10)), corners), [(-0.5, -0.5), (9.5, 59.5)])

    def test_normalised_places_are_those_of_grid_sample(self):
        assert np.allclose(apply(normalised((20, 40)), np.array([(-0.5, -0.5), (39.5, 19.5)])), [(-1, -1), (1, 1)])

    def test_inverse(self):
        points = np.random.default_rng(0).normal(size=(5, 2))
        matrix = turn(-50, 0.3, (1, -9))
        assert np.allclose(apply(inverse(matrix), apply(matrix, points)), points)


class TestWarp:
    def test_the_identity(self):
        image = torch.rand(1, 3, 9, 9)
        assert torch.allclose(warp(image, np.eye(3), 9), image, atol=1e-5)

    def test_a_shift_by_whole_pixels(self):
        image = torch.rand(1, 3, 20, 30)
        assert torch.allclose(warp(image, turn(0, 1, (11, 4)), 6), image[..., 4:10, 11:17], atol=1e-5)

    def test_a_turn(self, smooth):
        image = smooth(200, 200)
        found = warp(image, turn(30, 0.5, (90, 40)), 64)
        x, y = apply(turn(30, 0.5, (90, 40)), np.array([[40.0, 10.0]]))[0]
        assert torch.allclose(found[..., 10, 40], image[..., round(y), round(x)], atol=0.02)

    def test_reduction_does_not_alias(self):
        stripes = torch.tensor([-1.0, 1.0]).repeat(200).expand(1, 3, 400, 400)
        assert warp(stripes, turn(0, 8, (3.5, 3.5)), 40).abs().max() < 0.05

    def test_reduction_keeps_places(self, smooth):
        image = smooth(400, 400)
        found = warp(image, turn(0, 8, (3.5, 3.5)), 50)
        assert torch.allclose(found, images.resize(image, 50, "bilinear"), atol=0.01)

    def test_beyond_the_edge_its_last_pixels_go_on(self):
        image = torch.rand(1, 3, 8, 8)
        found = warp(image, turn(0, 1, (-4, 0)), 8)
        assert torch.allclose(found[..., :4], image[..., :1].expand(-1, -1, -1, 4), atol=1e-5)
        assert torch.isfinite(warp(image, turn(0, 1, (500, 500)), 8)).all()

    def test_places_are_float32_wherever_networks_compute_in_less(self, smooth):
        image, matrix = smooth(300, 300), turn(20, 0.9, (70, 30))
        with torch.autocast("cpu", torch.bfloat16):
            found = warp(image, matrix, 128)
        assert torch.equal(found, warp(image, matrix, 128))


class TestShape:
    def test_it_is_whole_and_symmetric(self):
        assert MEAN_SHAPE.shape == (68, 2)
        assert np.isfinite(MEAN_SHAPE).all()
        assert np.allclose(MEAN_SHAPE[list(MIRROR)] * (-1, 1), MEAN_SHAPE)
        assert [MIRROR[k] for k in MIRROR] == list(range(68))

    def test_it_is_a_face(self):
        left, right, mouth = anchors(MEAN_SHAPE)
        assert left[0] < 0 < right[0]
        assert left[1] < MEAN_SHAPE[30, 1] < mouth[1] < MEAN_SHAPE[8, 1]
        assert (MEAN_SHAPE[17:27, 1] < left[1]).all()

    def test_similarity_is_found_again(self):
        matrix = turn(25, 3, (100, -40))
        assert np.allclose(similarity(MEAN_SHAPE, apply(matrix, MEAN_SHAPE)), matrix)

    def test_similarity_does_not_mirror(self):
        found = similarity(MEAN_SHAPE, MEAN_SHAPE * (-1, 1))
        assert np.linalg.det(found[:2, :2]) > 0

    @pytest.mark.parametrize("points", [np.zeros((68, 2)), np.full((68, 2), np.nan)])
    def test_no_similarity_starts_from_one_point(self, points):
        with pytest.raises(ImageError, match="that span a face"):
            similarity(points, MEAN_SHAPE)
