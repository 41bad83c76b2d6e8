"""FID and KID against closed forms and against sums that are written out."""

import itertools
import math
import sys

import pytest
import torch

from pastiche.errors import ImageError, PasticheError
from pastiche.metrics import frechet_distance, kernel_distance, with_error


def normal(count, dimensions=3, seed=0):
    return torch.randn(count, dimensions, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def with_moments(count, mean, covariance, seed=0):
    """Features whose sample mean and covariance are exactly these."""
    x = normal(count, len(mean), seed)
    x = x - x.mean(dim=0)
    white = x @ torch.linalg.inv(torch.linalg.cholesky(torch.cov(x.T))).T
    return white @ torch.linalg.cholesky(covariance).T + mean


def test_the_frechet_distance_of_gaussians_with_one_basis():
    """Where covariances commute it is ``|m - n|^2 + sum (sqrt a - sqrt b)^2`` over their eigenvalues."""
    basis = torch.linalg.qr(normal(4, 4, seed=1)).Q
    first, second = torch.tensor([1.0, 4.0, 0.25, 2.0]).double(), torch.tensor([9.0, 1.0, 0.25, 0.5]).double()
    mean = torch.tensor([1.0, -2.0, 0.0, 0.5]).double()
    a = with_moments(50, mean, basis @ first.diag() @ basis.T)
    b = with_moments(70, mean * 0, basis @ second.diag() @ basis.T, seed=2)
    wanted = (mean.square().sum() + (first.sqrt() - second.sqrt()).square().sum()).item()
    assert frechet_distance(a, b) == pytest.approx(wanted, rel=1e-6)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-6)


def test_the_frechet_distance_of_covariances_that_do_not_commute():
    """Against the symmetric form ``tr(A + B - 2 sqrt(sqrt(A) B sqrt(A)))``, by eigenvalues."""
    a, b = normal(40, 3) @ normal(3, 3, seed=5), normal(60, 3, seed=6) @ normal(3, 3, seed=7) + 1
    covariances = [torch.cov(x.T) for x in (a, b)]
    values, vectors = torch.linalg.eigh(covariances[0])
    root = vectors @ values.clamp_min(0).sqrt().diag() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ covariances[1] @ root).clamp_min(0).sqrt().sum()
    wanted = (a.mean(dim=0) - b.mean(dim=0)).square().sum() + covariances[0].trace() + covariances[1].trace() - 2 * cross
    assert frechet_distance(a, b) == pytest.approx(wanted.item(), rel=1e-6)


def test_more_dimensions_than_images():
    a, b = normal(6, 20), normal(5, 20, seed=1)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-3)
    assert frechet_distance(a, b) > 1


def kernel(x, y):
    return (x @ y / len(x) + 1) ** 3


def test_the_kernel_distance_is_the_unbiased_estimate():
    a, b = normal(5), normal(5, seed=1) + 0.3
    pairs = list(itertools.permutations(range(5), 2))
    within = sum(kernel(x[i], x[j]) for x in (a, b) for i, j in pairs) / len(pairs)
    across = sum(kernel(x, y) for x in a for y in b) / 25
    assert kernel_distance(a, b) == pytest.approx((within - 2 * across).item(), rel=1e-6)


def test_the_kernel_distance_of_one_distribution_is_0_on_average():
    """For few images, where the Frechet distance is far above 0."""
    found = torch.tensor([kernel_distance(normal(8, seed=seed), normal(8, seed=seed + 1000)) for seed in range(300)])
    error = found.std() / len(found) ** 0.5
    assert abs(found.mean()) < 3 * error
    assert found.min() < 0
    frechet = [frechet_distance(normal(8, seed=seed), normal(8, seed=seed + 1000)) for seed in range(20)]
    assert min(frechet) > 0.1


def test_subsets_are_always_the_same_and_leave_randomness_alone():
    a, b = normal(40), normal(30, seed=1) + 1
    torch.manual_seed(5)
    before = torch.get_rng_state()
    assert kernel_distance(a, b) == kernel_distance(a, b)
    assert torch.equal(torch.get_rng_state(), before)
    assert kernel_distance(a, b) == pytest.approx(kernel_distance(normal(400), normal(400, seed=1) + 1), rel=0.5)


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
def test_features_that_do_not_fit(distance):
    for first, second in ((normal(1), normal(5)), (normal(5), normal(5, 4)), (normal(5)[0], normal(5))):
        with pytest.raises(ImageError, match="can't be compared as distributions"):
            distance(first, second)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchmetrics.image.fid", None)
    with pytest.raises(PasticheError, match=r"pip install \"pastiche\[metrics\]\""):
        frechet_distance(normal(4), normal(4))


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
def test_the_error_is_the_spread_of_repeated_measurements(distance):
    drawn = [(normal(60, seed=2 * seed), normal(80, seed=2 * seed + 1) * 1.5 + 0.5) for seed in range(40)]
    found = [with_error(distance, *sets) for sets in drawn]
    assert [each.mean for each in found[:3]] == [distance(*sets) for sets in drawn[:3]]
    spread = torch.tensor([each.mean for each in found]).std().item()
    error = torch.tensor([each.error for each in found]).square().mean().sqrt().item()
    assert 0.7 * spread < error < 1.5 * spread


def test_images_of_one_face_count_once():
    """Two copies of every image tell no more than one."""
    a, b = normal(40), normal(40, seed=1) + 0.5
    once = with_error(frechet_distance, a, b).error
    assert with_error(frechet_distance, a.repeat_interleave(2, 0), b.repeat_interleave(2, 0)).error == pytest.approx(
        once, rel=0.1
    )


def test_too_few_images_have_no_error():
    assert math.isnan(with_error(frechet_distance, normal(2), normal(9)).error)
