"""BlendGAN as the authors' code computes it."""

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from pastiche.blendgan import BlendStyle, StyleEncoderConfig
from pastiche.blendgan.encoder import StyleEmbedder
from pastiche.latents import Latent

PUBLISHED = pytest.mark.published
OURS = [pytest.param(False, id="theirs"), pytest.param(True, id="ours", marks=pytest.mark.slow)]


@pytest.fixture(scope="module", params=OURS)
def case(request, load_case):
    return load_case("blendgan_256", ours=request.param)


@pytest.fixture
def generator(case):
    return case.checkpoint.generator


@PUBLISHED
@pytest.mark.parametrize("indicator", [0, 6, 14])
def test_an_inverted_face_in_a_style(case, generator, indicator):
    case.close(generator.synthesis(case["w_plus"], case["z_embed"], indicator=indicator), f"wplus_index{indicator}")


@PUBLISHED
def test_the_style(case, generator):
    style = BlendStyle(generator, case["z_embed"][0])
    case.close(style.w, "style_w")
    case.close(generator.blend(case["w_plus"], style.w, 6), "blended_w_index6")
    case.close(style(Latent(case["w_plus"], "w+")), "wplus_index6")
    case.close(style(Latent(case["w_plus"], "w+"), strength=0), "wplus_index14")


@PUBLISHED
def test_what_the_face_keeps(case, generator):
    assert not torch.equal(generator.add_weight, case["add_weight_after"])
    case.close(1 - generator.style_share(0)[None], "add_weight_after")


@PUBLISHED
def test_random_faces(case, generator):
    generator.w_avg.copy_(case["mean_latent"][0])
    w_plus = generator.broadcast(generator.truncate(generator.mapping(case["z"]), 0.75))
    case.close(generator.synthesis(w_plus), "z_natural")
    case.close(generator.synthesis(w_plus, case["z_embed"], indicator=6), "z_index6")
    case.close(generator.synthesis(w_plus, case["z_embed"]), "z_index_none")


def grams_and_norms(embedder, image, side):
    """Gram matrices of the case's image at another size, the five parts, and the norms of all of them."""
    found = embedder(F.interpolate(image, size=(side, side), mode="bilinear", align_corners=False))
    parts = found.split([width**2 for width in (64, 128, 256, 512, 512)], dim=1)
    return found, parts, torch.stack([part.norm() for part in (found, *parts)])


def test_gram_matrices(rule_made, golden_file, relative_error, device):
    """Of a style encoder the case has VGG19 alone."""
    expected = load_file(golden_file("blendgan_gram.safetensors", "blendgan_gram"))
    state = rule_made("blendgan_gram")["g_ema"]
    embedder = StyleEmbedder(StyleEncoderConfig())
    embedder.load_state_dict({key.removeprefix("embedder.embedder."): tensor for key, tensor in state.items()})
    embedder, image = embedder.to(device), expected["image_64"].to(device)
    found, parts, norms = grams_and_norms(embedder, image, 256)
    larger, _, _ = grams_and_norms(embedder, image, 512)
    compared = {
        "gram_norms": norms,
        "gram_first": found[:, :4096],
        "gram_last": found[:, -4096:],
        "gram_first_from_512": larger[:, :1024],
        **{f"gram_part{number}": part[:, :512] for number, part in enumerate(parts, start=1)},
    }
    assert compared.keys() == expected.keys() - {"image_64"}
    errors = {name: relative_error(tensor.cpu(), expected[name]) for name, tensor in compared.items()}
    assert max(errors.values()) < (1e-4 if device.type == "cpu" else 1e-3), errors


@pytest.mark.slow
@PUBLISHED
@pytest.mark.parametrize("ours", [False, True], ids=["theirs", "ours"])
def test_style_encoder(load_case, ours):
    case = load_case("blendgan_style_encoder", ours=ours)
    assert list(case.checkpoint.modules) == ["style_encoder"]
    encoder = case.checkpoint.style_encoder
    found, _, norms = grams_and_norms(encoder.embedder, case["image_64"], 256)
    case.close(norms, "gram_norms")
    case.close(found[:, :4096], "gram_first")
    case.close(found[:, -4096:], "gram_last")
    case.close(encoder(case.enlarged("image_64", 256)), "z_embed")


@pytest.mark.slow
@PUBLISHED
@pytest.mark.parametrize("ours", [False, True], ids=["theirs", "ours"])
def test_discriminators(load_case, ours):
    case = load_case("blendgan_discriminators_256", ours=ours)
    face, images, codes = case.checkpoint.discriminator, case.enlarged("images_64", 256), case["style_codes"]
    case.close(face(images), "face_batch4")
    case.close(torch.cat([face(image) for image in images.split(1)]), "face_single")
    case.close(torch.cat([face.style(pair) for pair in images.split(2)]), "style_batch2")
    case.close(face.latent(images, codes), "latent_batch4")
    case.close(face.latent(images, codes.flip(0)), "latent_shuffled")
