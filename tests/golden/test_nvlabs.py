"""StyleGAN2-ADA as NVlabs' code computes it, from a pickle as it writes them."""

import pytest


@pytest.fixture(scope="module", params=[False, True], ids=["theirs", "ours"])
def case(request, load_pickle):
    return load_pickle("stylegan2_ada_nvlabs", ours=request.param)


@pytest.fixture
def generator(case):
    return case.checkpoint.generator


def test_mapping_and_truncation(case, generator):
    w = generator.mapping(case["z"])
    w_plus = generator.broadcast(w)
    case.close(w_plus, "ws")
    case.close(generator.truncate(w_plus, 0.7), "ws_psi07")
    case.close(generator.truncate(w_plus, 0.5, cutoff=4), "ws_psi05_cutoff4")


def test_images(case, generator):
    w_plus = generator.broadcast(generator.mapping(case["z"]))
    case.close(generator.synthesis(w_plus), "z_image")
    case.close(generator.synthesis(generator.truncate(w_plus, 0.7)), "psi07_image")
    case.close(generator.synthesis(case["ws_in"]), "ws_image")
    case.close(generator.synthesis(case["ws_in"], noise="none"), "nonoise_image")


def test_discriminator(case):
    case.close(case.checkpoint.discriminator(case["images"]), "logits")


def test_weights_are_those_in_the_pickle(rule_made, generator):
    """Bit by bit: the case names them as NVlabs does."""
    theirs = rule_made("stylegan2_ada_nvlabs_pkl")["G_ema"]
    state = {name: tensor.cpu() for name, tensor in generator.state_dict().items()}
    assert state["w_avg"].equal(theirs["mapping.w_avg"])
    assert state["convs.3.conv.weight"][0].equal(theirs["synthesis.b16.conv1.weight"])
    assert state["to_rgbs.2.bias"].flatten().equal(theirs["synthesis.b32.torgb.bias"])
    assert state["noises.noise_8"][0, 0].equal(theirs["synthesis.b64.conv1.noise_const"])
