"""Pickles of NVlabs' StyleGAN2-ADA."""

import pickle
import random

import numpy as np
import pytest
import torch

from pastiche import checkpoints
from pastiche.errors import CheckpointError, UnsafeCheckpointError


@pytest.fixture
def written(published, tmp_path):
    def write(**networks):
        return published.write_nvlabs(tmp_path / "network.pkl", **networks)

    return write


@pytest.mark.parametrize(
    ("resolution", "depth", "z_dim", "w_dim", "clamp", "group"),
    [(8, 1, 8, 8, None, 4), (16, 2, 12, 16, 256, 8), (32, 8, 16, 12, 256, 32), (64, 4, 12, 12, None, 4)],
)
def test_every_size_is_found(published, written, equal, resolution, depth, z_dim, w_dim, clamp, group):
    sizes = {"mapping_layers": depth, "z_dim": z_dim, "w_dim": w_dim, "conv_clamp": clamp}
    generator = published.generator(resolution, **sizes)
    discriminator = published.discriminator(resolution, conv_clamp=clamp, group_size=group)
    other = published.generator(resolution, **sizes)
    published.randomized(other, 9)
    path = written(
        G=published.nvlabs_generator(other),
        D=published.nvlabs_discriminator(discriminator),
        G_ema=published.nvlabs_generator(generator),
    )
    checkpoint = checkpoints.load(path)
    assert checkpoint.architecture == "stylegan2"
    assert checkpoint.generator.config == generator.config
    assert checkpoint.discriminator.config == discriminator.config
    equal(checkpoint.generator, generator)
    equal(checkpoint.discriminator, discriminator)


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_every_protocol(published, tmp_path, equal, protocol):
    generator = published.generator()
    path = published.write_nvlabs(tmp_path / "a.pkl", protocol=protocol, G=published.nvlabs_generator(generator))
    equal(checkpoints.load(path).generator, generator)


def test_a_network_alone(published, written, equal):
    discriminator = published.discriminator()
    checkpoint = checkpoints.load(written(D=published.nvlabs_discriminator(discriminator)))
    equal(checkpoint.discriminator, discriminator)
    assert list(checkpoint.modules) == ["discriminator"]


def test_numbers_of_numpy_are_read_and_arrays_passed_over(published, written, equal):
    generator = published.generator(conv_clamp=256)
    network = published.nvlabs_generator(generator, gain=np.float64(1.5), size=np.array([4, 4]), flag=np.bool_(True))
    for block in network.state["_modules"]["synthesis"].state["_modules"].values():
        for layer in block.state["_modules"].values():
            layer.state["conv_clamp"] = np.float32(256)
    checkpoint = checkpoints.load(written(G_ema=network))
    assert checkpoint.generator.config.conv_clamp == 256
    equal(checkpoint.generator, generator)


def test_buffers_that_are_not_persistent_are_left_out(published, written, equal):
    generator = published.generator()
    network = published.nvlabs_generator(generator)
    network.state["_buffers"]["scratch"] = torch.zeros(3)
    network.state["_non_persistent_buffers_set"] = {"scratch"}
    equal(checkpoints.load(written(G_ema=network)).generator, generator)


def conditional(published):
    return {"G_ema": published.nvlabs_generator(published.generator(), c_dim=10)}


def residual(published):
    return {"G_ema": published.nvlabs_generator(published.generator(), architecture="resnet")}


def grey(published):
    return {"G_ema": published.nvlabs_generator(published.generator(), img_channels=1)}


def fast(published):
    network = published.nvlabs_generator(published.generator())
    network.state["_modules"]["mapping"].state["_init_kwargs"] = {"lr_multiplier": 1}
    return {"G_ema": network}


REFUSED = [
    (conditional, "stylegan2", "c_dim of its MappingNetwork is 10; class-conditional models can't be loaded"),
    (residual, "stylegan2", "architecture of its SynthesisBlock is 'resnet'"),
    (grey, "stylegan2", "img_channels of its Generator is 1; only RGB models"),
    (fast, "stylegan2", "lr_multiplier 1"),
]


@pytest.mark.parametrize(("build", "architecture", "reason"), REFUSED, ids=[case[0].__name__ for case in REFUSED])
def test_what_can_not_be_loaded_is_described(published, written, build, architecture, reason):
    path = written(**build(published))
    with pytest.raises(CheckpointError) as error:
        checkpoints.load(path)
    assert str(error.value).startswith(f"{path}: ")
    assert reason in str(error.value)
    facts = checkpoints.inspect(path)
    assert facts.architecture == architecture
    assert (facts.resolution, facts.num_layers, facts.z_dim, facts.w_dim, facts.mapping_layers) == (16, 6, 12, 16, 2)
    assert reason in facts.notes[-1]


def test_layers_that_clamp_differently(published, written):
    network = published.nvlabs_generator(published.generator())
    network.state["_modules"]["synthesis"].state["_modules"]["b8"].state["_modules"]["conv0"].state["conv_clamp"] = 256
    with pytest.raises(CheckpointError, match="different values of conv_clamp"):
        checkpoints.load(written(G_ema=network))


def test_a_missing_weight_is_named_in_our_terms(published, written):
    network = published.nvlabs_generator(published.generator())
    del network.state["_modules"]["synthesis"].state["_modules"]["b8"].state["_modules"]["conv1"].state["_parameters"]["bias"]
    with pytest.raises(CheckpointError, match=r"lacks convs\.1\.activate\.bias"):
        checkpoints.load(written(G_ema=network))


def test_a_module_within_itself(published, written):
    network = published.Network("Generator")
    network.state["_modules"]["again"] = network
    with pytest.raises((CheckpointError, RecursionError)) as error:
        checkpoints.load(written(G_ema=published.nvlabs_generator(published.generator()), D=network))
    assert error.type is not CheckpointError or "a cycle" in str(error.value)


def test_another_version_of_persistence(published, tmp_path):
    path = published.write_nvlabs(tmp_path / "a.pkl", G_ema=published.nvlabs_generator(published.generator()))
    path.write_bytes(path.read_bytes().replace(b"version\x94K\x06", b"version\x94K\x07"))
    with pytest.raises(CheckpointError, match="version 7 of the persistence format"):
        checkpoints.load(path)


def test_a_pickle_of_tensorflow(tmp_path):
    path = tmp_path / "karras2019stylegan-ffhq-1024x1024.pkl"
    path.write_bytes(b"\x80\x02cdnnlib.tflib.network\nNetwork\nq\x00)\x81q\x01.")
    with pytest.raises(CheckpointError, match=r"TensorFlow pickle of the original StyleGAN; convert it with legacy\.py"):
        checkpoints.load(path)


def test_a_pickle_of_something_else(tmp_path):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps({"G_ema": random.Random(0)}))
    with pytest.raises(UnsafeCheckpointError, match=r"random\.Random"):
        checkpoints.load(path)
    path.write_bytes(pickle.dumps([1, 2]))
    with pytest.raises(CheckpointError, match="holds a list"):
        checkpoints.load(path)
