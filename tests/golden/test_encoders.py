"""Encoders as the authors' code computes them."""

import pytest
import torch

CASES = [
    pytest.param(("e4e_ffhq_256", False), id="e4e-256"),
    pytest.param(("e4e_ffhq_256", True), id="e4e-256-ours", marks=pytest.mark.slow),
    pytest.param(("psp_ffhq_256", False), id="psp-256"),
    pytest.param(("psp_ffhq_256", True), id="psp-256-ours", marks=pytest.mark.slow),
    pytest.param(("e4e_ffhq", False), id="e4e-1024", marks=(pytest.mark.published, pytest.mark.slow)),
    pytest.param(("psp_ffhq", False), id="psp-1024", marks=(pytest.mark.published, pytest.mark.slow)),
]


@pytest.fixture(scope="module", params=CASES)
def case(request, load_case):
    name, ours = request.param
    return load_case(name, ours=ours)


def test_codes_and_latents(case):
    encoder, images = case.checkpoint.encoder, case.enlarged("image", 256)
    codes = encoder.codes(images)
    case.close(codes, "encoder_output")
    latent = encoder(images)
    assert latent.space == "w+"
    case.close(latent.codes, "latents")


def test_images(case):
    if "image_small" not in case.expected:
        pytest.skip("the case keeps no images")
    case.close(case.checkpoint.generator.synthesis(case["latents"]), "image")


def test_mixing(case):
    if "mixed_latents" not in case.expected:
        pytest.skip("the case keeps no mixing")
    mixed = case["latents"].clone()
    mixed[:, 8:14] = torch.lerp(mixed[:, 8:14], case["inject_latent"][:, 8:14], 0.7)
    case.close(mixed, "mixed_latents")
    case.close(case.checkpoint.generator.synthesis(mixed), "mixed")


@pytest.mark.slow
@pytest.mark.published
@pytest.mark.parametrize("name", ["dualstylegan_encoder_256", "dualstylegan_encoder"])
def test_dualstylegan(load_case, name):
    """A pSp whose codes are in z+."""
    case = load_case(name, space="z+")
    generator, latent = case.checkpoint.generator, case.checkpoint.encoder(case.enlarged("image", 256))
    assert latent.space == "z+"
    case.close(latent.codes, "z_plus")
    w_plus = generator.to_w_plus(latent).codes
    if "w_plus" in case.expected:
        case.close(w_plus, "w_plus")
    if "image_small" in case.expected and name.endswith("256"):
        case.close(generator.synthesis(w_plus), "image")


@pytest.mark.slow
@pytest.mark.published
def test_blendgan(load_case):
    """A file without options: the caller says what it is; the mean code is added always."""
    case = load_case("blendgan_psp", architecture="psp")
    images = torch.nn.functional.interpolate(case["image"], size=(512, 512), mode="bilinear", align_corners=False)
    images = torch.nn.functional.adaptive_avg_pool2d(images, 256)
    case.close(case.checkpoint.encoder(images).codes, "latents_512")
