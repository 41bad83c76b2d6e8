"""BlendGAN's files."""

from collections import OrderedDict

import pytest
import torch

from pastiche import checkpoints
from pastiche.blendgan import (
    BlendConfig,
    BlendDiscriminator,
    BlendGenerator,
    ProjectionConfig,
    StyleEncoder,
    StyleEncoderConfig,
)
from pastiche.errors import CheckpointError

CONFIGS = [(8, 1, 8, 8, 1, 8), (16, 2, 12, 20, 3, 16), (32, 3, 20, 12, 5, 4), (64, 8, 16, 16, 8, 12)]
WRAPPERS = {
    "bare": lambda state: state,
    "embedder": lambda state: {f"embedder.{key}": tensor for key, tensor in state.items()},
    "module": lambda state: {f"module.{key}": tensor for key, tensor in state.items()},
    "both": lambda state: {f"module.embedder.{key}": tensor for key, tensor in state.items()},
    "state_dict": lambda state: {"state_dict": state, "iteration": 500_000},
    "embedder_dict": lambda state: {"embedder": OrderedDict(state)},
    "g_ema": lambda state: {"g_ema": {f"embedder.{key}": tensor for key, tensor in state.items()}},
    "in_training": lambda state: {"e": state, "e_optim": {"state": {}, "param_groups": [{"lr": 0.002}]}, "iter": 7},
}


@pytest.fixture
def make(published):
    class Make:
        @staticmethod
        def generator(resolution=16, depth=2, z_dim=12, w_dim=16, code_layers=2, code_dim=8, seed=0):
            config = BlendConfig(
                resolution=resolution,
                channels=published.random_channels(resolution, seed),
                z_dim=z_dim,
                w_dim=w_dim,
                mapping_layers=depth,
                code_layers=code_layers,
                code_dim=code_dim,
            )
            return published.randomized(BlendGenerator(config), seed)

        @staticmethod
        def encoder(widths=(4, 4, 8, 8, 12), code_dim=8, code_layers=4):
            config = StyleEncoderConfig(widths=widths, code_dim=code_dim, code_layers=code_layers)
            return published.randomized(StyleEncoder(config), 5)

        @staticmethod
        def discriminator(resolution=16, code_dim=8):
            channels = published.random_channels(resolution, 1)
            return published.randomized(
                BlendDiscriminator(ProjectionConfig(resolution=resolution, channels=channels, code_dim=code_dim)), 6
            )

        @staticmethod
        def root(generator=None, encoder=None, discriminator=None):
            """As the authors save: the style encoder inside the generator, and the kernels in their places."""
            root, state = {}, {}
            if encoder is not None:
                state |= {f"embedder.{key}": tensor for key, tensor in encoder.state_dict().items()}
            if generator is not None:
                state |= published.generator_state(generator)
                root["latent_avg"] = generator.w_avg.clone()
            if state:
                root["g_ema"] = state
            if discriminator is not None:
                own = {k: v for k, v in discriminator.state_dict().items() if not k.startswith(("style.", "latent."))}
                trunk = {k: v for k, v in published.discriminator_state(discriminator).items() if k in own or ".kernel" in k}
                root["d_face"] = trunk
                root["d_style"] = published.discriminator_state(discriminator.style)
                root["d_latent"] = published.discriminator_state(discriminator.latent)
            return root

    return Make


def same(found, wanted, equal):
    assert list(found.modules) == list(wanted)
    for slot, module in wanted.items():
        assert found.modules[slot].config == module.config
        equal(found.modules[slot], module)


@pytest.mark.parametrize(("resolution", "depth", "z_dim", "w_dim", "code_layers", "code_dim"), CONFIGS)
def test_every_size_is_found_in_the_shapes(
    make, through, equal, tmp_path, resolution, depth, z_dim, w_dim, code_layers, code_dim
):
    wanted = {
        "generator": make.generator(resolution, depth, z_dim, w_dim, code_layers, code_dim, seed=depth),
        "discriminator": make.discriminator(resolution, code_dim),
        "style_encoder": make.encoder(code_dim=code_dim, code_layers=2 + depth % 3),
    }
    checkpoint = through(make.root(wanted["generator"], wanted["style_encoder"], wanted["discriminator"]))
    assert checkpoint.architecture == "blendgan"
    same(checkpoint, wanted, equal)

    own = tmp_path / "own.safetensors"
    checkpoints.save(checkpoint, own)
    again = checkpoints.load(own)
    assert (again.architecture, again.source) == ("blendgan", "checkpoint.pt")
    same(again, wanted, equal)


def test_the_loaded_networks_compute_the_same(make, through):
    generator, encoder, discriminator = make.generator(), make.encoder(), make.discriminator()
    checkpoint = through(make.root(generator, encoder, discriminator))
    rng = torch.Generator().manual_seed(0)
    picture, faces = torch.rand(2, 3, 100, 80, generator=rng) * 2 - 1, torch.randn(2, 6, 16, generator=rng)
    codes = encoder(picture)
    assert torch.equal(checkpoint.style_encoder(picture), codes)
    images = generator.synthesis(faces, codes, indicator=2)
    assert torch.equal(checkpoint.generator.synthesis(faces, codes, indicator=2), images)
    for part in (lambda d: d(images), lambda d: d.style(images), lambda d: d.latent(images, codes)):
        assert torch.equal(part(checkpoint.discriminator), part(discriminator))


def test_a_generator_alone(make, through, equal):
    generator = make.generator()
    same(through(make.root(generator)), {"generator": generator}, equal)


def test_a_bare_state_dict(make, published, through, equal):
    generator, encoder = make.generator(), make.encoder()
    generator.w_avg.copy_(generator.estimate_w_avg())
    state = make.root(generator, encoder)["g_ema"]
    same(through(state), {"generator": generator, "style_encoder": encoder}, equal)


def test_the_mean_w_and_the_truncation(make, through, saved):
    generator = make.generator()
    root = make.root(generator)
    with_all = through(root | {"latent_avg": generator.w_avg.expand(6, -1).clone(), "truncation": 0.7})
    assert torch.equal(with_all.w_avg, generator.w_avg)
    assert with_all.options == {"truncation": 0.7}
    del root["latent_avg"]
    lacking = saved(root)
    assert torch.equal(checkpoints.load(lacking).w_avg, generator.estimate_w_avg())
    assert checkpoints.inspect(lacking).notes == ("The file lacks w_avg: estimated from 10,000 samples of seed 0.",)


def test_facts(make, saved):
    facts = checkpoints.inspect(saved(make.root(make.generator(), make.encoder())))
    assert (facts.format, facts.architecture, facts.parts) == ("blendgan", "blendgan", ("generator", "style_encoder"))
    assert (facts.resolution, facts.num_layers, facts.z_dim) == (16, 6, 12)


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("head", [False, True], ids=["plain", "with_its_head"])
def test_a_style_encoder_alone(make, through, equal, wrapper, head):
    encoder = make.encoder()
    state = encoder.state_dict()
    if head:
        state |= {"projector.0.weight": torch.zeros(8, 8), "projector.0.bias": torch.zeros(8)}
    checkpoint = through(WRAPPERS[wrapper](state))
    assert checkpoint.architecture == "blendgan"
    same(checkpoint, {"style_encoder": encoder}, equal)


def test_a_plain_stylegan2_is_something_else(make, published, through):
    generator, discriminator = published.generator(), published.discriminator()
    assert through(published.rosinality(generator, discriminator)).architecture == "stylegan2"


@pytest.mark.parametrize(
    ("key", "complaint"),
    [
        ("add_weight", "its generator lacks add_weight"),
        ("embedding.2.bias", r"its generator lacks embedding\.2\.bias"),
        ("embedder.embedder_mlp.1.bias", r"its style encoder lacks embedder_mlp\.1\.bias"),
        ("embedder.embedder.feature_extractor.vgg_layers.19.weight", r"lacks embedder\.feature_extractor\.vgg_layers\.19"),
        ("embedder.embedder.feature_extractor.vgg_layers.34.bias", r"lacks embedder\.feature_extractor\.vgg_layers\.34"),
    ],
)
def test_a_tensor_that_is_missing(make, through, key, complaint):
    root = make.root(make.generator(), make.encoder())
    del root["g_ema"][key]
    with pytest.raises(CheckpointError, match=complaint):
        through(root)


@pytest.mark.parametrize("gone", ["embedder_mlp", "vgg_layers"])
def test_a_style_encoder_cut_short(make, through, gone):
    root = make.root(make.generator(), make.encoder())
    root["g_ema"] = {key: tensor for key, tensor in root["g_ema"].items() if gone not in key}
    with pytest.raises(CheckpointError, match=rf"its style encoder: lacks .*{gone}.* is it truncated"):
        through(root)


def test_a_tensor_of_another_shape(make, through):
    root = make.root(make.generator(), make.encoder())
    root["g_ema"]["embedder.embedder_mlp.0.weight"] = torch.zeros(8, 7)
    with pytest.raises(CheckpointError, match=r"embedder_mlp\.0\.weight \(expected \[8, 304\], found \[8, 7\]\)"):
        through(root)
    root = make.root(make.generator())
    root["g_ema"]["add_weight"] = torch.zeros(1, 18, 1)
    with pytest.raises(CheckpointError, match=r"add_weight \(expected \[1, 6, 1\], found \[1, 18, 1\]\)"):
        through(root)


@pytest.mark.parametrize("name", ["d_face", "d_style", "d_latent"])
def test_a_discriminator_that_is_missing(make, through, name):
    root = make.root(make.generator(), discriminator=make.discriminator())
    del root[name]
    with pytest.raises(CheckpointError, match=f"{name} holds no discriminator; expected three"):
        through(root)
