"""StyleGAN3 (configuration T) as NVlabs' code computes it, from a pickle as it writes them."""

import pytest
import torch

from pastiche import checkpoints

pytestmark = pytest.mark.published


@pytest.fixture(scope="module", params=[False, True], ids=["theirs", "ours"])
def case(request, load_pickle):
    return load_pickle("stylegan3_t_nvlabs", ours=request.param)


@pytest.fixture
def generator(case):
    return case.checkpoint.generator


def test_mapping_and_truncation(case, generator):
    w = generator.mapping(case["z"])
    w_plus = generator.broadcast(w)
    case.close(w_plus, "ws")
    case.close(generator.truncate(w_plus, 0.7), "ws_psi07")
    case.close(generator.truncate(w_plus, 0.5, cutoff=4), "ws_psi05_cutoff4")


def test_fourier_features(case, generator):
    case.close(generator.input(case["ws_in"][:1, 0]), "input_features")


def test_images(case, generator):
    w_plus = generator.broadcast(generator.mapping(case["z"]))
    case.close(generator.synthesis(w_plus), "z_image")
    case.close(generator.synthesis(generator.truncate(w_plus, 0.7)), "psi07_image")
    case.close(generator.synthesis(case["ws_in"]), "ws_image")


def test_images_where_gradients_are_wanted(case, generator):
    with torch.enable_grad():
        image = generator.synthesis(case["ws_in"].clone().requires_grad_())
    case.close(image.detach(), "ws_image")


def test_discriminator(case):
    case.close(case.checkpoint.discriminator(case["images"]), "logits")


def test_facts(golden_file):
    facts = checkpoints.inspect(golden_file("stylegan3_t_nvlabs.pkl", "stylegan3_t_nvlabs_pkl"))
    assert (facts.architecture, facts.resolution, facts.num_layers, facts.conv_clamp) == ("stylegan3", 64, 16, 256)
    assert facts.parts == ("generator", "discriminator")
