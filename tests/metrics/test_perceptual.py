"""Diversity by perceptual distances, with networks that can be computed by hand."""

import pytest
import torch

from pastiche.errors import ImageError
from pastiche.losses.perceptual_net import PerceptualNet
from pastiche.metrics import Estimate, pairwise_distance, rank_correlation, rank_interval, style_diversity


class Brightness:
    """Squared difference of mean brightness; counts what it embeds."""

    def __init__(self):
        self.seen = 0

    def embed(self, images):
        self.seen += len(images)
        return [images.mean(dim=(1, 2, 3))]

    @staticmethod
    def compare(first, second):
        return (first[0] - second[0]) ** 2


def flat(*levels):
    return torch.tensor(levels).view(-1, 1, 1, 1).expand(-1, 3, 4, 4).float()


def test_all_pairs_count_and_each_image_is_embedded_once():
    network = Brightness()
    assert pairwise_distance(flat(0, 1, 3), network) == pytest.approx((1 + 9 + 4) / 3)
    assert network.seen == 3


def test_the_diversity_of_each_face():
    """Faces differ from each other by 100; only the styles of one face are compared."""
    faces = [flat(0, 1), flat(100, 103, 100)]
    assert style_diversity(iter(faces), Brightness()).tolist() == pytest.approx([1, (9 + 0 + 9) / 3])
    assert style_diversity([flat(5, 5, 5)], Brightness()).tolist() == [0]


def test_it_agrees_with_pairs_that_are_embedded_one_by_one():
    torch.manual_seed(0)
    network, images = PerceptualNet().eval(), torch.rand(5, 3, 32, 32) * 2 - 1
    pairs = [network(images[a : a + 1], images[b : b + 1]) for a in range(5) for b in range(a + 1, 5)]
    assert pairwise_distance(images, network) == pytest.approx(torch.cat(pairs).mean().item(), rel=1e-5)


def test_too_few_pictures():
    with pytest.raises(ImageError, match="at least two of them, and 1 was given"):
        pairwise_distance(flat(1), Brightness())
    with pytest.raises(ImageError, match="at least one face"):
        style_diversity([], Brightness())


def test_rank_correlation():
    assert rank_correlation([0, 2, 4, 6], [1, 10, 11, 500]) == pytest.approx(1)
    assert rank_correlation([0, 2, 4, 6], [3, 2, 1, 0.5]) == pytest.approx(-1)
    differences = [0, 0, 1, 1]  # of the ranks
    assert rank_correlation([1, 2, 3, 4], [1, 2, 4, 3]) == pytest.approx(1 - 6 * sum(differences) / (4 * 15))
    assert str(rank_correlation([1, 2], [5, 5])) == "nan"
    with pytest.raises(ValueError, match="ranks of 2 and 3 numbers"):
        rank_correlation([1, 2], [1, 2, 3])


def test_a_rank_correlation_of_noise_has_a_wide_interval():
    rng = torch.Generator().manual_seed(0)
    falling = torch.tensor([3.0, 2.0, 1.0, 0.0])[:, None]
    noise = torch.randn(4, 50, generator=rng)
    assert rank_interval([0, 2, 4, 6], falling + 0.1 * noise) == pytest.approx((-1, -1))
    low, high = rank_interval([0, 2, 4, 6], noise)
    assert low < -0.3
    assert high > 0.3
    assert rank_interval([0, 2, 4, 6], noise) == (low, high), "drawn in the same way again"
    assert str(rank_interval([0, 2], torch.ones(2, 5))) == "(nan, nan)"


def test_a_mean_and_its_standard_error():
    found = Estimate.of(torch.tensor([1.0, 2.0, 3.0, 4.0]))
    assert float(found) == 2.5
    assert found.error == pytest.approx((5 / 3) ** 0.5 / 2)
    assert found.clear
    assert not Estimate(1.0, 0.6).clear
    assert not Estimate.of(torch.tensor([1.0])).clear, "one number says nothing about its error"
