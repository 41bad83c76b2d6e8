"""DualStyleGAN as the released code computes it."""

import pytest
import torch

from pastiche.dualstylegan import DualSettings, DualStyle
from pastiche.latents import Latent

PUBLISHED = pytest.mark.published
LARGE = (pytest.mark.published, pytest.mark.slow)
OURS = [pytest.param(False, id="theirs", marks=PUBLISHED), pytest.param(True, id="ours", marks=LARGE)]
STRUCTURE = 7


@pytest.fixture(scope="module", params=OURS)
def case(request, load_case):
    return load_case("dualstylegan_256", ours=request.param)


@pytest.fixture(scope="module")
def variants(load_case):
    return load_case("dualstylegan_256_variants")


def amounts(structure, color, rows=14):
    return [structure] * STRUCTURE + [color] * (rows - STRUCTURE)


def test_amounts(case):
    assert case.checkpoint.architecture == "dualstylegan"
    generator = case.checkpoint.generator
    exstyle, face = generator.mapping(case["exstyle_z"]), generator.mapping(case["instyle_z"])
    case.close(exstyle, "exstyle_w")
    case.close(generator.synthesis(face), "no_res")
    case.close(generator.synthesis(face, exstyle=exstyle), "full")
    case.close(generator.synthesis(face, exstyle=exstyle, weights=amounts(1, 0)), "structure_only")
    case.close(generator.synthesis(face, exstyle=exstyle, weights=amounts(0, 1)), "color_only")
    case.close(generator.synthesis(0.7 * face, exstyle=exstyle, weights=amounts(0.75, 0.6)), "partial")


def test_the_style_draws_the_same(case):
    style = DualStyle(case.checkpoint.generator, case["exstyle_z"][0])
    face = Latent(case["instyle_z"], "z+")
    case.close(style(face, structure=1.0, truncation=1.0), "full")
    case.close(style(face, structure=0.75, color=0.6, truncation=0.7), "partial")
    case.close(style(Latent(case["instyle_w"], "w+")), "wplus")
    case.close(style(face, strength=0), "no_res")


@pytest.mark.published
@pytest.mark.parametrize("index", [0, 4, 6, 9])
def test_where_the_extrinsic_path_ends(variants, index):
    generator = variants.checkpoint.generator
    exstyle, face = generator.mapping(variants["exstyle_z"]), generator.mapping(variants["instyle_z"])
    variants.close(generator.synthesis(face, exstyle=exstyle, fuse_index=index), f"fuse{index}")


@pytest.mark.published
def test_codes_for_all_rows(variants):
    generator = variants.checkpoint.generator
    one, two, exstyle = (
        generator.broadcast(generator.mapping(variants[name])) for name in ("instyle_one", "instyle_two", "exstyle_one")
    )
    variants.close(generator.synthesis(one, exstyle=exstyle), "single")
    variants.close(generator.synthesis(torch.cat([one[:, :5], two[:, 5:]], dim=1)), "mix5")


@pytest.mark.published
def test_inner_results(variants):
    generator = variants.checkpoint.generator
    exstyle, face = generator.mapping(variants["exstyle_z"]), generator.mapping(variants["instyle_z"])
    variants.close(generator.extrinsic.structure(exstyle), "ts")
    style = generator.bind_style(exstyle)
    stages = style.into(generator.bind(generator.styles(style.recolor(face)), generator.noise_maps()))
    features, image = generator.run(stages[:4], generator.constant(1))
    variants.close(features[:, :16], "feat_16_channels")
    variants.close(image, "feat_skip")


@pytest.mark.published
@pytest.mark.slow
def test_1024(load_case):
    """The release's program with its defaults."""
    case = load_case("dualstylegan_1024")
    style = DualStyle(case.checkpoint.generator, case["exstyle_z"][0])
    face = Latent(case["instyle_z"], "z+")
    case.close(style(face), "default")
    case.close(style(face, preserve_color=True), "preserve_color")
    keeping = DualStyle(case.checkpoint.generator, case["exstyle_z"][0], DualSettings(preserve_color=True))
    # the same differences, over the spread of a clamped picture, which is a fraction of that of these weights' pictures
    case.close(keeping(face).clamp(-1, 1), "preserve_color_clamped", tolerance=3e-4)


@pytest.mark.parametrize("ours", [False, True], ids=["theirs", "ours"])
def test_the_sampling_network(load_case, ours):
    case = load_case("dualstylegan_sampler", ours=ours)
    sampler = case.checkpoint.sampler
    before = sampler.color.bn1.running_mean.clone()
    for name, kept in (("train", False), ("eval", True)):
        codes = sampler(case["noise_structure"], case["noise_color"], kept_statistics=kept)
        case.close(codes[:2], f"code_{name}_first2")
        case.close(codes.mean(dim=0), f"code_{name}_mean")
    assert torch.equal(sampler.color.bn1.running_mean, before), "sampling changed the model"
