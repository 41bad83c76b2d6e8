"""StyleGAN2 as rosinality's code computes it."""

import pytest
import torch

PUBLISHED = pytest.mark.published
LARGE = (pytest.mark.published, pytest.mark.slow)

CASES = [
    pytest.param(("stylegan2_small_64", False), id="64"),
    pytest.param(("stylegan2_small_64", True), id="64-ours"),
    pytest.param(("stylegan2_rosinality_256", False), id="256", marks=PUBLISHED),
    pytest.param(("stylegan2_rosinality_256", True), id="256-ours", marks=(*LARGE,)),
]


@pytest.fixture(scope="module", params=CASES)
def case(request, load_case):
    name, ours = request.param
    return load_case(name, ours=ours)


@pytest.fixture
def generator(case):
    return case.checkpoint.generator


def test_mapping(case, generator):
    w = generator.mapping(case["z"])
    case.close(w, "mapping")
    case.close(generator.broadcast(w), "z_latents")


def test_from_z(case, generator):
    case.close(generator.synthesis(generator.broadcast(generator.mapping(case["z"]))), "z_image")


def test_truncation(case, generator):
    w = generator.truncate(generator.mapping(case["z"][:1]), 0.7)
    case.close(generator.synthesis(generator.broadcast(w)), "trunc_image")


def test_from_w(case, generator):
    case.close(generator.synthesis(generator.broadcast(case["w"])), "w_image")


def test_from_w_plus(case, generator):
    case.close(generator.synthesis(case["wplus"]), "wplus_image")


def test_mixing(case, generator):
    first, second = (generator.broadcast(generator.mapping(z)) for z in (case["z"][:1], case["z2"]))
    case.close(generator.synthesis(torch.cat([first[:, :5], second[:, 5:]], dim=1)), "mix_image")


def test_style_space(case, generator):
    names = ["conv1", "to_rgb1"]
    for k in range(len(generator.to_rgbs)):
        names += [f"convs.{2 * k}", f"convs.{2 * k + 1}", f"to_rgbs.{k}"]
    found = dict(zip(names, generator.styles(case["wplus"]), strict=True))
    wanted = [name for name in case.expected if name.startswith("style.")]
    assert {f"style.{name}" for name in found} == set(wanted)
    for name in wanted:
        case.close(found[name.removeprefix("style.")], name)


def test_discriminator(case):
    discriminator = case.checkpoint.discriminator
    images = case.enlarged("images64", discriminator.resolution)
    case.close(discriminator(images), "logits")
    case.close(discriminator(torch.cat([images, images.flip(-1)])), "logits_batch8")


@pytest.mark.slow
@pytest.mark.published
@pytest.mark.parametrize("ours", [False, True], ids=["theirs", "ours"])
def test_1024(load_case, ours):
    case = load_case("stylegan2_rosinality_1024", ours=ours)
    case.close(case.checkpoint.generator.synthesis(case["wplus"]), "wplus_image")
    case.close(case.checkpoint.discriminator(case.enlarged("images64", 1024)), "logits")


def test_features_of_the_discriminator(load_case):
    """JoJoGAN's loss: activations after four blocks."""
    case = load_case("jojogan_discriminator")
    found = case.checkpoint.discriminator.features(case.enlarged("target64", 256), [1, 3, 4, 5])
    for index, features in enumerate(found):
        middle = features.shape[-1] // 2
        case.close(features[:, :, middle - 4 : middle + 4, middle - 4 : middle + 4], f"feat{index}_crop")
        case.close(features.mean(dim=(2, 3)), f"feat{index}_mean")
        case.close(features.abs().mean(dim=(2, 3)), f"feat{index}_abs")
