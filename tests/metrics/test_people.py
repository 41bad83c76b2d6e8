"""Numbers about people, on pictures and points that are known."""

import pytest
import torch

from pastiche.errors import ImageError
from pastiche.faces.landmarks import shape_in
from pastiche.metrics import diversity, found_again, landmarks_of, psnr, score_style


def points(count=6, seed=0):
    return torch.randn(count, 68, 2, generator=torch.Generator().manual_seed(seed))


def people(count=3, seed=0):
    return torch.rand(count, 3, 32, 32, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def in_the_box(_image, box):
    return torch.from_numpy(shape_in(box))


def by_brightness(image, _box):
    """Landmarks that only depend on how bright the picture is."""
    return torch.full((68, 2), image.mean().item())


def test_psnr_of_a_known_error():
    assert psnr(torch.full((2, 3, 4, 4), 0.2), torch.zeros(2, 3, 4, 4)).tolist() == pytest.approx([20.0, 20.0], abs=1e-4)


def test_people_who_became_one_do_not_differ():
    one = people(1)
    assert diversity(one.expand(4, -1, -1, -1)) == 0
    assert diversity(torch.cat([one * 0, one * 0 + 0.5])) == pytest.approx(0.5)
    with pytest.raises(ImageError, match="at least two pictures, and 1 was given"):
        diversity(one)


def test_people_are_found_again_by_their_landmarks():
    plain = points()
    assert found_again(plain, plain) == 1
    assert found_again(plain * 0.8 + 3 + 0.05 * points(seed=1), plain) == 1, "a style moves everybody alike"
    swapped = plain[[1, 0, 2, 3, 4, 5]]
    assert found_again(swapped, plain) == pytest.approx(4 / 6)
    with pytest.raises(ImageError, match=r"are \[5, 68, 2\], and those of plain ones \[6, 68, 2\]"):
        found_again(plain[:5], plain)


def test_landmarks_are_looked_for_where_aligned_faces_are():
    found = landmarks_of(people(2), in_the_box)
    assert found.shape == (2, 68, 2)
    assert found.min() > 0
    assert found.max() < 32
    assert found[0].mean(dim=0)[0].item() == pytest.approx(15.5, abs=0.5)


def test_a_style_is_scored():
    plain, reference = people(), people(1, seed=1)
    plain = plain * torch.tensor([0.2, 0.5, 1.0]).view(3, 1, 1, 1) + torch.tensor([0.0, 0.3, 0.6]).view(3, 1, 1, 1)
    itself = score_style(plain, plain, reference, by_brightness)
    assert itself.found_again == 1
    assert itself.diversity == diversity(plain) > 0.1
    blurred = score_style(torch.nn.functional.avg_pool2d(plain, 5, 1, 2), plain, reference, by_brightness)
    assert blurred.texture < 0.5 * itself.texture
    assert blurred.grain > itself.grain
    assert blurred.reference_grain == itself.reference_grain
