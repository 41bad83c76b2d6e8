"""AgileGAN's generator with two paths, as the released code computes it."""

import pytest
import torch

CASES = [
    pytest.param(("agilegan_generator_256", False), id="256", marks=pytest.mark.published),
    pytest.param(("agilegan_generator_256", True), id="256-ours", marks=(pytest.mark.published, pytest.mark.slow)),
    pytest.param(("agilegan_generator_1024", False), id="1024", marks=(pytest.mark.published, pytest.mark.slow)),
]


@pytest.fixture(scope="module")
def case(request, load_case):
    name, ours = request.param
    return load_case(name, ours=ours)


@pytest.fixture
def generator(case):
    return case.checkpoint.generator


@pytest.mark.parametrize("case", CASES, indirect=True)
def test_both_paths(case, generator):
    assert case.checkpoint.architecture == "agilegan"
    assert generator.config.attributes == ("female", "male")
    assert generator.config.split == 64
    for noise, name in (("fixed", "buffers"), ("none", "silent")):
        female, male = generator.synthesis(case["latent"], path=None, noise=noise)
        case.close(female, f"{name}_a")
        case.close(male, f"{name}_b")


@pytest.mark.parametrize("case", CASES, indirect=True)
def test_one_path(case, generator):
    for path, name in enumerate("ab"):
        case.close(generator.synthesis(case["latent"], path=path), f"buffers_{name}")


@pytest.mark.parametrize("case", CASES[:2], indirect=True)
def test_from_z(case, generator):
    w = 0.7 * generator.mapping(case["z"])  # truncated towards zero, and not towards the mean
    case.close(w, "z_w")
    images = generator.synthesis(generator.broadcast(w), path=None)
    case.close(torch.cat(images)[:1], "z_a")
    case.close(torch.cat(images)[1:], "z_b")
