"""Encoders as the authors' code computes them."""

import pytest
import torch

from pastiche.images import from_uint8
from pastiche.inversion import encode
from pastiche.jojogan import OneShot, one_shot
from pastiche.latents import Latent

CASES = [
    pytest.param(("e4e_ffhq_256", False), id="e4e-256"),
    pytest.param(("e4e_ffhq_256", True), id="e4e-256-ours", marks=pytest.mark.slow),
    pytest.param(("psp_ffhq_256", False), id="psp-256", marks=pytest.mark.published),
    pytest.param(("psp_ffhq_256", True), id="psp-256-ours", marks=(pytest.mark.published, pytest.mark.slow)),
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


SEVERAL_STEPS = 5e-4  # each step of ReStyle multiplies the rounding of the one before; 1e-4 is just missed after three
BOTH = pytest.mark.parametrize("ours", [False, True], ids=["theirs", "ours"])


@pytest.mark.slow
@pytest.mark.published
@BOTH
@pytest.mark.parametrize("name", ["dualstylegan_encoder_256", "dualstylegan_encoder"])
def test_dualstylegan(load_case, name, ours):
    """A pSp whose codes are in z+."""
    case = load_case(name, space="z+", ours=ours)
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
@BOTH
def test_dualstylegan_w_plus(load_case, ours):
    case = load_case("dualstylegan_encoder_wplus", ours=ours)
    assert case.checkpoint.architecture == "psp"
    case.close(case.checkpoint.encoder(case.enlarged("image", 256)).codes, "latents")


@pytest.mark.slow
@pytest.mark.published
@BOTH
def test_blendgan(load_case, ours):
    """A file without options: the caller says what it is; the mean code is added always, and pictures are averaged."""
    case = load_case("blendgan_psp", architecture="psp", ours=ours)
    encoder = case.checkpoint.encoder
    case.close(encoder(encoder.prepare(case.enlarged("image", 512))).codes, "latents_512")
    bgr = case["image_bgr"].to("cpu", torch.uint8).numpy()
    image = from_uint8(bgr[..., ::-1].copy())
    case.close(image[:, :, 112:208, 112:208], "image_tensor_crop")
    latent = encode(image, encoder)
    assert latent.space == "w+"
    case.close(latent.codes, "latents")


@pytest.mark.slow
@pytest.mark.published
@BOTH
def test_agilegan(load_case, ours):
    """The variational encoder, and the decoder in its file, whose mapping network its codes are for."""
    case = load_case("agilegan_encoder", ours=ours)
    encoder, generator = case.checkpoint.encoder, case.checkpoint.generator
    assert case.checkpoint.architecture == "hvae"
    images = case.enlarged("image", 256)
    mean, log_variance = encoder.distribution(images)
    case.close(mean, "mu")
    case.close(log_variance, "logvar")
    latent = encoder(images)
    assert latent.space == "z+"
    case.close(latent.codes, "mu")
    case.close(generator.to_w_plus(latent).codes, "w_plus")
    sample = mean + (log_variance / 2).exp() * case["epsilon"]
    case.close(sample, "sample")
    case.close(generator.mapping(sample), "sample_w_plus")


@pytest.mark.slow
@pytest.mark.published
@BOTH
@pytest.mark.parametrize("name", ["restyle_psp_ffhq", "restyle_e4e_ffhq"])
def test_one_step_of_restyle(load_case, name, ours):
    case = load_case(name, ours=ours)
    encoder = case.checkpoint.encoder
    assert case.checkpoint.architecture == name.removesuffix("_ffhq").replace("_", "-")
    pair = torch.cat([case.enlarged("image", 256), case.enlarged("previous_image", 256)], dim=1)
    codes = encoder.codes(pair)
    case.close(codes, "encoder_output")
    case.close(codes + case["previous_latent"], "latents")
    case.close(encoder(pair).codes, "first_latents")


@pytest.mark.slow
@pytest.mark.published
@BOTH
@pytest.mark.parametrize("name", ["restyle_psp_256", "restyle_e4e_256", "restyle_e4e_resnet34"])
def test_restyle(load_case, name, ours):
    """Three steps: the encoder sees its own attempts, of which the first is the mean code's."""
    case = load_case(name, ours=ours)
    encoder, generator = case.checkpoint.encoder, case.checkpoint.generator
    images, attempts = case.enlarged("image", 256), []
    case.close(generator.synthesis(encoder.latent_avg[None]), "average")
    latent = encoder.refine(images, generator, steps=3, progress=lambda step: attempts.append(step.preview()))
    assert latent.space == "w+"
    case.close(latent.codes, "latents_3", tolerance=SEVERAL_STEPS)
    for index, attempt in enumerate(attempts, start=1):
        case.close(attempt, f"image_{index}", tolerance=SEVERAL_STEPS)
    for steps in (1, 2):
        codes = encoder.refine(images, generator, steps=steps).codes
        case.close(codes, f"latents_{steps}", tolerance=SEVERAL_STEPS)


@pytest.mark.slow
@BOTH
def test_arcface(load_case, ours):
    case = load_case("arcface_irse50", ours=ours)
    encoder = case.checkpoint.encoder
    assert case.checkpoint.architecture == "arcface"
    found = {name: encoder(encoder.prepare(case.enlarged(name, 256))) for name in ("image", "other", "source")}
    for name, wanted in (("image", "embedding"), ("other", "other_embedding"), ("source", "source_embedding")):
        case.close(found[name], wanted)
    case.close(encoder(case.enlarged("image", 112)), "raw_embedding")
    case.close((1 - (found["image"] * found["other"]).sum(dim=1)).mean()[None], "id_loss")


def test_faces_of_any_size_are_identified(load_case):
    case = load_case("arcface_irse50")
    case.close(case.checkpoint.encoder.identify(case["image"]), "embedding")  # kept at 64 pixels
    twice = case.enlarged("image", 256).repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    case.close(case.checkpoint.encoder.identify(twice), "embedding")


def test_a_style_is_learned_with_the_published_identity_network(load_case, small_generator, small_discriminator, codes):
    case, generator, seen = load_case("arcface_irse50"), small_generator(64, most=8), []
    one_shot(
        generator,
        small_discriminator(64, most=8),
        case["source"][:1],
        latents=Latent(codes(generator, 1, seed=4), "w+"),
        settings=OneShot(steps=2, lr=0.01, identity=1.0),
        identity=case.checkpoint.encoder,
        progress=lambda step: seen.append(step.losses["identity"]),
    )
    assert seen[0] == pytest.approx(0, abs=1e-5), "nothing was learned yet"
    assert seen[1] > 1e-6
