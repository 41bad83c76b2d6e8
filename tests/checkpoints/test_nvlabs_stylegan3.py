"""Pickles of NVlabs' StyleGAN3, in its configurations T and R."""

import numpy as np
import pytest
import torch

from pastiche import checkpoints, one_shot
from pastiche.errors import CheckpointError, StyleError
from pastiche.stylegan3 import Generator3, Generator3Config

THIN = (9, 8, 8, 8, 8, 8, 8, 8, 8, 8, 7, 6, 5, 4)


@pytest.fixture
def stylegan3(published):
    """A generator of random tensors, no two of them alike."""

    def make(configuration="t", resolution=32, channels=THIN, **sizes):
        radial = configuration == "r"
        config = Generator3Config(
            **{"resolution": resolution, "channels": channels, "z_dim": 10, "w_dim": 12, **sizes},
            kernel_size=1 if radial else 3,
            radial_filters=radial,
        )
        generator = Generator3(config).eval().requires_grad_(False)
        published.randomized(generator, 5)
        for layer in [*generator.layers, generator.to_rgb]:
            layer.magnitude_ema.abs_().add_(0.5)
        return generator

    return make


def tensors(module, **names):
    """Some of a module's tensors, under other names."""
    state = module.state_dict()
    return {name: state[ours] for name, ours in names.items()}


def pickled(published, generator, **attributes):
    """A generator as NVlabs' code would pickle it."""
    network, config = published.Network, generator.config
    affine = {"weight": "affine.weight", "bias": "affine.bias"}
    layers = {
        "input": network(
            "SynthesisInput",
            tensors(generator.input, weight="weight"),
            tensors(generator.input, transform="transform", freqs="freqs", phases="phases"),
            {"affine": network("FullyConnectedLayer", tensors(generator.input, **affine))},
            size=np.array([36, 36]),
            sampling_rate=np.float64(config.rates[0]),
            bandwidth=np.float64(config.cutoffs[0]),
        )
    }
    affine = {"weight": "conv.modulation.weight", "bias": "conv.modulation.bias"}
    for index, (layer, shape) in enumerate(zip([*generator.layers, generator.to_rgb], config.shapes, strict=True)):
        last = layer is generator.to_rgb
        filters = (
            {"up_filter": None, "down_filter": None}
            if last
            else {key: layer.state_dict()[key] for key in ("up_filter", "down_filter")}
        )
        layers[f"L{index}_{shape.out_size}_{shape.out_channels}"] = network(
            "SynthesisLayer",
            {"weight": layer.conv.weight[0], "bias": layer.bias},
            {"magnitude_ema": layer.magnitude_ema, **filters},
            {"affine": network("FullyConnectedLayer", tensors(layer, **affine))},
            in_size=np.array([shape.in_size] * 2),
            in_sampling_rate=shape.in_rate,
            out_sampling_rate=shape.out_rate,
            up_factor=1 if last else shape.up,
            down_factor=1 if last else shape.down,
            conv_clamp=config.conv_clamp,
        )
    synthesis = network("SynthesisNetwork", modules=layers, num_critical=2, margin_size=10, output_scale=0.25)
    linears = {
        f"fc{index}": network("FullyConnectedLayer", tensors(layer, weight="weight", bias="bias"))
        for index, layer in enumerate(generator.style[1:])
    }
    mapping = network(
        "MappingNetwork",
        buffers={"w_avg": generator.w_avg},
        modules={**linears, "embed": None},
        c_dim=0,
        num_layers=len(linears),
    )
    modules = {"synthesis": synthesis, "mapping": mapping}
    sizes = {"z_dim": config.z_dim, "w_dim": config.w_dim, "img_resolution": config.resolution, "img_channels": 3}
    return network("Generator", modules=modules, c_dim=0, num_ws=config.num_layers, **{**sizes, **attributes})


def layer_of(network, index):
    """A pickled layer, and the table that it stands in with its name."""
    table = network.state["_modules"]["synthesis"].state["_modules"]
    name = next(name for name in table if name.startswith(f"L{index}_"))
    return table, name


@pytest.mark.parametrize(
    ("configuration", "resolution", "sizes"),
    [
        ("t", 16, {}),
        ("t", 64, {"mapping_layers": 4, "z_dim": 6, "w_dim": 6}),
        ("t", 256, {"channels": (8, 8, 6, 6, 4), "conv_clamp": None}),
        ("r", 32, {}),
        ("r", 128, {"channels": (6,) * 14}),
    ],
)
def test_every_size_is_found_and_kept(published, stylegan3, tmp_path, equal, configuration, resolution, sizes):
    generator = stylegan3(configuration, resolution, **sizes)
    discriminator = published.discriminator(resolution)
    path = published.write_nvlabs(
        tmp_path / "a.pkl", G_ema=pickled(published, generator), D=published.nvlabs_discriminator(discriminator)
    )
    loaded = checkpoints.load(path)
    checkpoints.save(loaded, tmp_path / "ours.safetensors")
    for found in (loaded, checkpoints.load(tmp_path / "ours.safetensors")):
        assert found.architecture == "stylegan3"
        assert found.generator.config == generator.config
        equal(found.generator, generator)
        equal(found.discriminator, discriminator)
    w_plus = torch.randn(1, generator.num_layers, generator.latent_dim)
    with torch.no_grad():
        assert loaded.generator.synthesis(w_plus).equal(generator.synthesis(w_plus))


def test_inspect(published, stylegan3, tmp_path):
    facts = checkpoints.inspect(published.write_nvlabs(tmp_path / "a.pkl", G_ema=pickled(published, stylegan3())))
    assert (facts.format, facts.architecture, facts.parts) == ("nvlabs", "stylegan3", ("generator",))
    assert (facts.resolution, facts.num_layers, facts.z_dim, facts.w_dim, facts.mapping_layers) == (32, 16, 10, 12, 2)
    assert facts.conv_clamp == 256


def test_what_needs_a_stylegan2_says_so(published, stylegan3, tmp_path):
    generator, discriminator = stylegan3(), published.discriminator(32)
    path = published.write_nvlabs(tmp_path / "a.pkl", G_ema=pickled(published, generator))
    with pytest.raises(CheckpointError, match=r"a\.pkl holds a stylegan3 generator.* expected a StyleGAN2"):
        _ = checkpoints.load(path).stylegan2
    with pytest.raises(StyleError, match="needs a StyleGAN2, but this is a Generator3"):
        one_shot(generator, discriminator, torch.zeros(1, 3, 32, 32))


def other_margin(network):
    network.state["_modules"]["synthesis"].state["margin_size"] = 8


def other_scale(network):
    network.state["_modules"]["synthesis"].state["output_scale"] = 1


def conditional(network):
    network.state["_modules"]["mapping"].state["c_dim"] = 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (other_margin, "margin_size of its SynthesisNetwork is 8; only the paper's 10"),
        (other_scale, "output_scale of its SynthesisNetwork is 1"),
        (conditional, "class-conditional models can't be loaded"),
    ],
)
def test_designs_that_are_described_and_refused(published, stylegan3, tmp_path, change, reason):
    network = pickled(published, stylegan3())
    change(network)
    path = published.write_nvlabs(tmp_path / "a.pkl", G_ema=network)
    with pytest.raises(CheckpointError, match=reason):
        checkpoints.load(path)
    facts = checkpoints.inspect(path)
    assert (facts.architecture, facts.resolution, facts.num_layers) == ("stylegan3", 32, 16)
    assert reason in facts.notes[-1]


def renamed(network):
    table, name = layer_of(network, 5)
    table["L5_40_8"] = table.pop(name)


def faster(network):
    table, name = layer_of(network, 5)
    table[name].state["up_factor"] = 8


def missing(network):
    table, name = layer_of(network, 5)
    del table[name]


def wider(network):
    network.state["_modules"]["synthesis"].state["_modules"]["input"].state["bandwidth"] = np.float64(3)


def unbounded(network):
    table, name = layer_of(network, 5)
    table[name].state["conv_clamp"] = None


def unbiased(network):
    table, name = layer_of(network, 5)
    del table[name].state["_parameters"]["bias"]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (renamed, "its layer L5_40_8 has out_size 40"),
        (faster, "has up_factor 8"),
        (missing, "has 14 layers"),
        (wider, r"Fourier features have the bandwidth 3\.0; only 2\.0"),
        (unbounded, "different values of conv_clamp"),
        (unbiased, r"lacks layers\.5\.bias"),
    ],
)
def test_what_does_not_fit_together(published, stylegan3, tmp_path, damage, message):
    network = pickled(published, stylegan3())
    damage(network)
    with pytest.raises(CheckpointError, match=message):
        checkpoints.load(published.write_nvlabs(tmp_path / "a.pkl", G_ema=network))
