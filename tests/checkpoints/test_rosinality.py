"""Files of rosinality/stylegan2-pytorch and what was derived from it."""

import argparse
from collections import OrderedDict

import pytest
import torch

from pastiche import checkpoints
from pastiche.errors import CheckpointError

CONFIGS = [
    (resolution, depth, z_dim, w_dim)
    for resolution in (8, 16, 32, 64)
    for depth, z_dim, w_dim in ((1, 8, 8), (2, 12, 20), (3, 20, 12), (5, 8, 16), (7, 16, 8), (8, 16, 16))
]


@pytest.mark.parametrize(("resolution", "depth", "z_dim", "w_dim"), CONFIGS)
def test_every_size_is_found_in_the_shapes(published, through, equal, tmp_path, resolution, depth, z_dim, w_dim):
    sizes = {"mapping_layers": depth, "z_dim": z_dim, "w_dim": w_dim}
    generator = published.generator(resolution, seed=depth, **sizes)
    discriminator = published.discriminator(resolution, seed=depth)
    checkpoint = through(published.rosinality(generator, discriminator))
    assert checkpoint.architecture == "stylegan2"
    assert checkpoint.generator.config == generator.config
    assert checkpoint.discriminator.config == discriminator.config
    equal(checkpoint.generator, generator)
    equal(checkpoint.discriminator, discriminator)

    own = tmp_path / "own.safetensors"
    checkpoints.save(checkpoint, own)
    again = checkpoints.load(own)
    assert again.generator.config == generator.config
    assert again.discriminator.config == discriminator.config
    equal(again.generator, generator)
    equal(again.discriminator, discriminator)
    assert again.source == checkpoint.source == "checkpoint.pt"


def test_the_loaded_networks_compute_the_same(published, through):
    generator, discriminator = published.generator(32), published.discriminator(32)
    checkpoint = through(published.rosinality(generator, discriminator))
    z = torch.randn(4, 12, generator=torch.Generator().manual_seed(0))
    w = generator.truncate(generator.mapping(z), 0.7)
    images = generator.synthesis(generator.broadcast(w))
    loaded = checkpoint.generator
    assert torch.equal(loaded.synthesis(loaded.broadcast(loaded.truncate(loaded.mapping(z), 0.7))), images)
    assert torch.equal(checkpoint.discriminator(images), discriminator(images))


def test_modules_are_ready_to_run(published, through):
    checkpoint = through(published.rosinality(published.generator(), published.discriminator()))
    for module in checkpoint.modules.values():
        assert not module.training
        assert all(not p.requires_grad and p.dtype == torch.float32 and p.device.type == "cpu" for p in module.parameters())
    assert torch.equal(checkpoint.w_avg, checkpoint.generator.w_avg)


def test_the_averaged_generator_comes_first(published, through, equal):
    average, last = published.generator(seed=1), published.generator(seed=1)
    published.randomized(last, 5)
    root = published.rosinality(average) | {"g": published.generator_state(last)}
    equal(through(root).generator, average)


def test_a_style_file_of_jojogan(published, through):
    generator = published.generator()
    checkpoint = through({"g": published.generator_state(generator)})
    assert torch.equal(checkpoint.w_avg, generator.estimate_w_avg())
    assert checkpoint.options == {"w_avg": "estimated from 10,000 samples of seed 0"}


def test_a_training_checkpoint(published, through, equal):
    generator, discriminator = published.generator(), published.discriminator()
    optimizer = torch.optim.Adam(discriminator.parameters())
    discriminator(torch.zeros(2, 3, 16, 16)).sum().backward()
    optimizer.step()
    root = {
        "g": OrderedDict(published.generator_state(published.generator(seed=3))),
        "d": OrderedDict(published.discriminator_state(discriminator)),
        "g_ema": OrderedDict(published.generator_state(generator)),
        "g_optim": optimizer.state_dict(),
        "d_optim": optimizer.state_dict(),
        "args": argparse.Namespace(size=16, path="/data/faces", augment_p=0.0, mixing=0.9, distributed=False),
        "ada_aug_p": torch.tensor(0.25),
    }
    root["g_ema"]._metadata = OrderedDict({"": {"version": 1}})
    checkpoint = through(root)
    equal(checkpoint.discriminator, discriminator)
    assert checkpoint.generator.style[1].weight.equal(generator.style[1].weight)


@pytest.mark.parametrize("file", [{}, {"_use_new_zipfile_serialization": False}], ids=["zip", "legacy"])
@pytest.mark.parametrize("part", ["generator", "discriminator"])
def test_a_bare_state_dict(published, through, equal, part, file):
    module = getattr(published, part)()
    checkpoint = through(getattr(published, f"{part}_state")(module), file=file)
    if part == "generator":
        module.w_avg.copy_(module.estimate_w_avg())
    equal(getattr(checkpoint, part), module)
    assert list(checkpoint.modules) == [part]


@pytest.mark.parametrize("shape", [(16,), (1, 16), (6, 16)])
def test_the_mean_w_in_every_shape(published, through, shape):
    root = published.rosinality(published.generator())
    root["latent_avg"] = root["latent_avg"].expand(shape).clone()
    assert torch.equal(through(root).w_avg, root["latent_avg"].reshape(-1, 16)[0])


def test_missing_noise_is_drawn_and_said_so(published, saved):
    generator = published.generator()
    root = published.rosinality(generator)
    root["g_ema"] = {key: value for key, value in root["g_ema"].items() if not key.startswith("noises.")}
    path = saved(root)
    first, second = checkpoints.load(path), checkpoints.load(path)
    maps = [tensor for key, tensor in first.generator.state_dict().items() if key.startswith("noises.")]
    assert all(0.5 < float(tensor.std()) < 1.5 for tensor in maps)
    assert all(torch.equal(a, b) for a, b in zip(maps, second.generator.noise_maps(), strict=True))
    assert first.options == {"noises": "drawn from fixed seeds"}
    assert checkpoints.inspect(path).notes == ("The file lacks noises: drawn from fixed seeds.",)


def test_loading_draws_nothing_from_the_global_generator(published, saved):
    root = published.rosinality(published.generator())
    path = saved({"g_ema": {k: v for k, v in root["g_ema"].items() if "noise_" not in k}})
    before = torch.get_rng_state()
    checkpoints.load(path)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_become_float32(published, through, dtype):
    root = published.rosinality(published.generator())
    root["g_ema"] = {key: tensor.to(dtype) for key, tensor in root["g_ema"].items()}
    loaded = through(root).generator.conv1.conv.weight
    assert torch.equal(loaded, root["g_ema"]["conv1.conv.weight"].float())


def test_weights_keep_the_layout_that_convolves_fast(published, through):
    loaded = through(published.rosinality(published.generator())).generator
    assert loaded.conv1.conv.weight[0].is_contiguous(memory_format=torch.channels_last)


def test_a_module_loaded_in_inference_mode_can_be_trained(published, saved):
    path = saved(published.rosinality(published.generator()))
    with torch.inference_mode():
        generator = checkpoints.load(path).generator
    generator.requires_grad_(True)
    generator.synthesis(torch.zeros(1, 6, 16)).sum().backward()
    assert generator.conv1.conv.weight.grad is not None


def test_the_default_device_does_not_matter(published, saved, equal):
    generator = published.generator()
    path = saved({"g": {k: v for k, v in published.generator_state(generator).items() if "noise_" not in k}})
    wanted = checkpoints.load(path).generator
    torch.set_default_device("meta")
    try:
        found = checkpoints.load(path).generator
    finally:
        torch.set_default_device("cpu")
    equal(found, wanted)


@pytest.mark.parametrize(
    "taps", [(1.0, 3.0, 3.0, 1.0), (1.0, 2.0, 1.0), (1.0, 1.0), (0.1, 0.2, 0.3, 0.4), (1.0, 5.0, 10.0, 10.0, 5.0, 1.0)]
)
def test_the_filter_is_read_from_its_kernels(published, through, taps):
    generator = published.generator(resample_filter=taps)
    discriminator = published.discriminator(resample_filter=taps)
    checkpoint = through(published.rosinality(generator, discriminator))
    images = generator.synthesis(torch.ones(2, 6, 16))
    assert torch.allclose(checkpoint.generator.synthesis(torch.ones(2, 6, 16)), images, atol=1e-5)
    assert torch.allclose(checkpoint.discriminator(images), discriminator(images), atol=1e-5)


def test_without_kernels_the_filter_is_the_published_one(published, through):
    root = published.rosinality(published.generator())
    root["g_ema"] = {key: value for key, value in root["g_ema"].items() if "kernel" not in key}
    assert through(root).generator.config.resample_filter == (1.0, 3.0, 3.0, 1.0)


@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        (torch.eye(4), "not the outer product"),
        (torch.ones(4, 4), "sums up to 16"),
        (torch.full((4, 4), 0.25), "differs from the first one"),
        (torch.full((2, 2), 1.0), "differs from the first one"),
        (torch.ones(4, 3), "shape [4, 3]"),
        (torch.full((4, 4), torch.nan), "sums up to nan"),
    ],
)
def test_a_kernel_that_is_not_the_filter(published, through, kernel, message):
    root = published.rosinality(published.generator())
    root["g_ema"]["to_rgbs.1.upsample.kernel"] = kernel
    with pytest.raises(CheckpointError) as error:
        through(root)
    assert message in str(error.value)
    assert "to_rgbs.1.upsample.kernel" in str(error.value)


def test_a_wrong_shape_is_named_with_both_shapes(published, through):
    root = published.rosinality(published.generator())
    root["g_ema"]["convs.1.conv.modulation.bias"] = torch.zeros(3)
    with pytest.raises(CheckpointError, match=r"convs\.1\.conv\.modulation\.bias \(expected \[\d+\], found \[3\]\)"):
        through(root)


def test_missing_and_foreign_keys_are_named(published, through):
    root = published.rosinality(published.generator())
    del root["g_ema"]["convs.1.activate.bias"]
    root["g_ema"]["add_weight"] = torch.zeros(1)
    with pytest.raises(CheckpointError, match=r"lacks convs\.1\.activate\.bias, has the unexpected keys add_weight"):
        through(root)


def test_a_generator_that_is_cut_short(published, through):
    root = published.rosinality(published.generator())
    del root["g_ema"]["convs.2.conv.weight"]
    with pytest.raises(CheckpointError, match=r"lacks convs\.2\.conv\.weight"):
        through(root)


def test_whole_numbers_are_no_weights(published, through):
    root = published.rosinality(published.generator())
    root["g_ema"]["conv1.noise.weight"] = torch.zeros(1, dtype=torch.int64)
    with pytest.raises(CheckpointError, match=r"conv1\.noise\.weight \(expected torch\.float32, found torch\.int64\)"):
        through(root)


@pytest.mark.parametrize("root", [{}, {"latent": torch.zeros(18, 512)}, {"a": {"b": torch.zeros(1)}}, {1: 2}])
def test_an_unknown_layout_says_what_it_found(saved, root):
    path = saved(root)
    for use in (checkpoints.load, checkpoints.inspect):
        with pytest.raises(CheckpointError, match="matches no known checkpoint format") as error:
            use(path)
        assert str(path) in str(error.value)
        assert all(repr(key) in str(error.value) for key in root)


def test_another_architecture_than_the_one_asked_for(published, saved):
    path = saved(published.rosinality(published.generator()))
    with pytest.raises(CheckpointError, match="is a stylegan2 checkpoint, not 'psp'"):
        checkpoints.load(path, architecture="psp")
    with pytest.raises(CheckpointError, match="holds no encoder"):
        checkpoints.load(path, space="z+")
