"""AgileGAN's files."""

import pytest
import torch

from pastiche import checkpoints
from pastiche.agilegan import AgileConfig, AgileGenerator
from pastiche.checkpoints.files import open_file
from pastiche.checkpoints.registry import find_format
from pastiche.errors import CheckpointError

CONFIGS = [(8, 8, 1), (16, 8, 2), (32, 16, 8), (32, 32, 3), (64, 16, 2)]


@pytest.fixture
def build(published):
    def make(resolution=32, split=16, depth=2, seed=0):
        torch.manual_seed(seed)
        sizes = {"channels": published.random_channels(resolution, seed), "z_dim": 12, "w_dim": 16, "mapping_layers": depth}
        return published.randomized(AgileGenerator(AgileConfig(resolution=resolution, split=split, **sizes)), seed)

    return make


def their_name(key, own):
    if key.startswith("branches.0."):
        group, rest = key.removeprefix("branches.0.").split(".", 1)
        return f"{group}B.{rest}"
    group, *rest = key.split(".")
    if group not in ("convs", "to_rgbs"):
        return key
    first, index = own * (2 if group == "convs" else 1), int(rest[0])
    path, index = ("A", index) if index < first else ("C", index - first)
    return ".".join([group + path, str(index), *rest[1:]])


def released(published, generator):
    """{"g_ema"} in the release's names, kernels included."""
    own = generator.config.own_stages
    state = {their_name(key, own): tensor for key, tensor in published.generator_state(generator).items()}
    for index in range(own):
        state[f"convsB.{2 * index}.conv.blur.kernel"] = state["convsA.0.conv.blur.kernel"]
        state[f"to_rgbsB.{index}.upsample.kernel"] = state["to_rgbsA.0.upsample.kernel"]
    return {"g_ema": state}


@pytest.mark.parametrize(("resolution", "split", "depth"), CONFIGS)
def test_every_size_is_found_in_the_shapes(published, build, through, equal, tmp_path, resolution, split, depth):
    generator = build(resolution, split, depth)
    checkpoint = through(released(published, generator))
    assert checkpoint.architecture == "agilegan"
    assert checkpoint.generator.config == generator.config
    assert checkpoint.options == {"w_avg": "estimated from 10,000 samples of seed 0"}
    generator.w_avg.copy_(generator.estimate_w_avg())
    equal(checkpoint.generator, generator)
    checkpoints.save(checkpoint, tmp_path / "own.safetensors")
    again = checkpoints.load(tmp_path / "own.safetensors").generator
    assert again.config == generator.config
    equal(again, generator)
    w_plus = again.mapping(torch.randn(1, again.num_layers, 12))
    for found, wanted in zip(again.synthesis(w_plus, path=None), generator.synthesis(w_plus, path=None), strict=True):
        assert torch.equal(found, wanted)


def test_other_numbers_of_paths_in_our_own_format(published, equal, tmp_path):
    config = AgileConfig(resolution=16, channels={4: 4, 8: 4, 16: 4}, z_dim=8, w_dim=8, split=8, attributes=("a", "b", "c"))
    generator = published.randomized(AgileGenerator(config), 0)
    checkpoint = checkpoints.Checkpoint(architecture="agilegan", generator=generator)
    checkpoints.save(checkpoint, tmp_path / "own.safetensors")
    loaded = checkpoints.load(tmp_path / "own.safetensors").generator
    assert loaded.config == config
    equal(loaded, generator)


def test_a_bare_state_dict(published, build, through):
    assert through(released(published, build())["g_ema"]).architecture == "agilegan"


def test_noise_maps_may_be_missing_or_too_many(published, build, through):
    root = released(published, build())
    spare = {"noises.noise_7": torch.zeros(1, 1, 64, 64), "noises.noise_8": torch.zeros(1, 1, 64, 64)}
    assert through({"g_ema": root["g_ema"] | spare}).generator.config.resolution == 32
    without = {key: tensor for key, tensor in root["g_ema"].items() if not key.startswith("noises")}
    checkpoint = through({"g_ema": without})
    assert checkpoint.options["noises"] == "drawn from fixed seeds"
    again = through({"g_ema": without})
    assert torch.equal(checkpoint.generator.noises.noise_3, again.generator.noises.noise_3)


def test_what_is_left_out_is_noted(published, build, saved):
    root = released(published, build())
    root["g_ema"]["noises.noise_7"] = torch.zeros(1, 1, 64, 64)
    facts = checkpoints.inspect(saved(root))
    assert facts.architecture == "agilegan"
    assert facts.resolution == 32
    assert facts.num_layers == 8
    assert "Surplus noise maps are dropped: noises.noise_7." in facts.notes


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("convsB.1.conv.weight", r"lacks branches\.0\.convs\.1\.conv\.weight"),
        ("convsA.1.conv.weight", r"lacks convs\.1\.conv\.weight"),
        ("to_rgbsC.0.bias", "to_rgbs|lacks|unexpected"),
    ],
)
def test_files_that_are_cut_short(published, build, through, missing, message):
    root = released(published, build())
    del root["g_ema"][missing]
    with pytest.raises(CheckpointError, match=message):
        through(root)


def test_other_keys_have_to_fit(published, build, through):
    root = released(published, build())
    with pytest.raises(CheckpointError, match=r"has the unexpected keys branches\.0\.convs\.9\.conv\.weight"):
        through({"g_ema": root["g_ema"] | {"convsB.9.conv.weight": torch.zeros(1, 4, 4, 3, 3)}})
    with pytest.raises(CheckpointError, match="has other shapes or types for branches"):
        through({"g_ema": root["g_ema"] | {"convsB.1.noise.weight": torch.zeros(2)}})


def test_too_many_own_blocks(published, build, through):
    root = released(published, build(16, 16))
    with pytest.raises(CheckpointError):
        through({"g_ema": root["g_ema"] | {f"to_rgbsA.{index}.bias": torch.zeros(1, 3, 1, 1) for index in range(40)}})


def test_it_is_not_taken_for_another(published, build, saved):
    plain = saved(published.rosinality(published.generator()), "plain.pt")
    assert find_format(open_file(plain)).name == "rosinality"
    with_discriminator = released(published, build()) | {"d": published.discriminator_state(published.discriminator())}
    assert find_format(open_file(saved(with_discriminator, "both.pt"))).name == "agilegan"
