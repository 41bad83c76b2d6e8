"""Small checkpoints, laid out as the authors' code would save them."""

import pickle
import sys
import types
from contextlib import contextmanager

import torch

from pastiche.encoders import EncoderConfig, PyramidEncoder
from pastiche.encoders.compact import CompactEncoder, CompactEncoderConfig
from pastiche.stylegan2 import Discriminator, DiscriminatorConfig, Generator, GeneratorConfig

TAPS = (1.0, 3.0, 3.0, 1.0)


def kernel(gain, taps=TAPS):
    row = torch.tensor(taps)
    square = torch.outer(row, row)
    return square * (gain / square.sum())


def randomized(module, seed):
    """Parameters and buffers that all differ, so that no two can be confused."""
    rng = torch.Generator().manual_seed(seed)
    for key, tensor in module.state_dict().items():
        if tensor.is_floating_point():
            tensor.copy_(torch.randn(tensor.shape, generator=rng) * (0.2 if "weight" in key else 0.1))
            if key.endswith("running_var"):
                tensor.copy_(tensor.abs() + 0.5)
    return module.eval()


def random_channels(resolution, seed):
    rng = torch.Generator().manual_seed(seed)
    sides = [2**power for power in range(2, resolution.bit_length())]
    return {side: 4 * int(torch.randint(1, 5, (), generator=rng)) for side in sides}


def generator(resolution=16, seed=0, **sizes):
    config = {"channels": random_channels(resolution, seed), "z_dim": 12, "w_dim": 16, "mapping_layers": 2, **sizes}
    return randomized(Generator(GeneratorConfig(resolution=resolution, **config)), seed)


def discriminator(resolution=16, seed=0, **sizes):
    config = {"channels": random_channels(resolution, seed + 1), **sizes}
    return randomized(Discriminator(DiscriminatorConfig(resolution=resolution, **config)), seed + 1)


def encoder(num_layers=6, seed=0, **sizes):
    config = {"w_dim": 16, "stem": 8, "widths": (8, 16, 16, 32), **sizes}
    return randomized(PyramidEncoder(EncoderConfig(num_layers=num_layers, **config)), seed + 2)


def compact_encoder(num_layers=6, seed=0, **sizes):
    config = {"w_dim": 16, "split": 3, "channels": (8, 8, 16, 16, 16, 16), "hidden": 24, **sizes}
    return randomized(CompactEncoder(CompactEncoderConfig(num_layers=num_layers, **config)), seed + 3)


def generator_state(module):
    """As rosinality's Generator.state_dict(): with kernels, and without the mean w, which lies beside it."""
    state = {key: tensor.clone() for key, tensor in module.state_dict().items() if key != "w_avg"}
    taps = module.config.resample_filter
    for k in range(len(module.to_rgbs)):
        state[f"convs.{2 * k}.conv.blur.kernel"] = kernel(4, taps)
        state[f"to_rgbs.{k}.upsample.kernel"] = kernel(4, taps)
    return state


def discriminator_state(module):
    state = {key: tensor.clone() for key, tensor in module.state_dict().items()}
    taps = module.config.resample_filter
    for block in range(1, len(module.convs)):
        state[f"convs.{block}.conv2.0.kernel"] = kernel(1, taps)
        state[f"convs.{block}.skip.0.kernel"] = kernel(1, taps)
    return state


def rosinality(g=None, d=None):
    root = {}
    if g is not None:
        root |= {"g_ema": generator_state(g), "latent_avg": g.w_avg.clone()}
    if d is not None:
        root["d"] = discriminator_state(d)
    return root


def psp(module, decoder=None, **opts):
    """As pSp and e4e save: the mean code lies beside the state dict."""
    state = {f"encoder.{key}": tensor for key, tensor in module.state_dict().items() if key != "latent_avg"}
    if decoder is not None:
        state |= {f"decoder.{key}": tensor for key, tensor in generator_state(decoder).items()}
    return {"state_dict": state, "latent_avg": module.latent_avg.clone(), "opts": opts}


class Network:
    """A module as torch_utils.persistence pickles it: a call with one dict."""

    def __init__(self, class_name, parameters=None, buffers=None, modules=None, **attributes):
        self.class_name = class_name
        self.state = {
            "training": False,
            "_parameters": parameters or {},
            "_buffers": buffers or {},
            "_non_persistent_buffers_set": set(),
            "_modules": modules or {},
            "_init_args": (),
            "_init_kwargs": {},
            **attributes,
        }

    def __reduce__(self):
        source = 'raise SystemError("the source text inside a checkpoint was executed")'
        meta = {"type": "class", "version": 6, "module_src": source, "class_name": self.class_name, "state": self.state}
        return sys.modules["torch_utils.persistence"]._reconstruct_persistent_obj, (meta,)


@contextmanager
def nvlabs_modules():
    """Their package, as far as pickle looks at it while it writes."""

    def _reconstruct_persistent_obj(meta):
        raise SystemError("a checkpoint was executed")

    persistence = types.ModuleType("torch_utils.persistence")
    _reconstruct_persistent_obj.__module__ = persistence.__name__
    _reconstruct_persistent_obj.__qualname__ = "_reconstruct_persistent_obj"
    persistence._reconstruct_persistent_obj = _reconstruct_persistent_obj
    sys.modules |= {"torch_utils": types.ModuleType("torch_utils"), persistence.__name__: persistence}
    try:
        yield
    finally:
        del sys.modules["torch_utils"], sys.modules[persistence.__name__]


def write_nvlabs(path, *, protocol=4, **networks):
    with nvlabs_modules():
        path.write_bytes(pickle.dumps({"training_set_kwargs": {}, **networks, "augment_pipe": None}, protocol=protocol))
    return path


def _layer(state, ours, side, clamp, noise):
    modules = {"affine": _affine(state, ours)}
    parameters = {
        "weight": state[f"{ours}.conv.weight"][0],
        "noise_strength": state[f"{ours}.noise.weight"].reshape(()),
        "bias": state[f"{ours}.activate.bias"],
    }
    buffers = {"resample_filter": kernel(1), "noise_const": state[f"noises.noise_{noise}"].reshape(side, side)}
    return Network("SynthesisLayer", parameters, buffers, modules, activation="lrelu", use_noise=True, conv_clamp=clamp)


def _affine(state, ours):
    parameters = {key: state[f"{ours}.conv.modulation.{key}"] for key in ("weight", "bias")}
    return Network("FullyConnectedLayer", parameters, activation="linear")


def _to_rgb(state, ours, clamp):
    parameters = {"weight": state[f"{ours}.conv.weight"][0], "bias": state[f"{ours}.bias"].flatten()}
    return Network("ToRGBLayer", parameters, modules={"affine": _affine(state, ours)}, conv_clamp=clamp)


def nvlabs_generator(module, *, architecture="skip", c_dim=0, **attributes):
    state, config = module.state_dict(), module.config
    blocks = {}
    for k, side in enumerate(config.channels):
        if k == 0:
            layers = {"conv1": _layer(state, "conv1", side, config.conv_clamp, 0)}
            parameters = {"const": state["input.input"][0]}
        else:
            names = {"conv0": 2 * k - 2, "conv1": 2 * k - 1}
            layers = {n: _layer(state, f"convs.{j}", side, config.conv_clamp, j + 1) for n, j in names.items()}
            parameters = {}
        layers["torgb"] = _to_rgb(state, f"to_rgbs.{k - 1}" if k else "to_rgb1", config.conv_clamp)
        filters = {"resample_filter": kernel(1)}
        blocks[f"b{side}"] = Network("SynthesisBlock", parameters, filters, layers, architecture=architecture)
    linears = {
        f"fc{i}": Network("FullyConnectedLayer", {key: state[f"style.{i + 1}.{key}"] for key in ("weight", "bias")})
        for i in range(config.mapping_layers)
    }
    mapping = Network(
        "MappingNetwork", buffers={"w_avg": state["w_avg"]}, modules=linears, c_dim=c_dim, num_layers=config.mapping_layers
    )
    modules = {"synthesis": Network("SynthesisNetwork", modules=blocks), "mapping": mapping}
    sizes = {"z_dim": config.z_dim, "w_dim": config.w_dim, "img_resolution": config.resolution, "img_channels": 3}
    return Network("Generator", modules=modules, c_dim=c_dim, num_ws=config.num_layers, **{**sizes, **attributes})


def nvlabs_discriminator(module):
    state, config = module.state_dict(), module.config

    def conv(ours, bias=None, clamp=config.conv_clamp):
        parameters = {"weight": state[f"{ours}.weight"], **({"bias": state[f"{bias}.bias"]} if bias else {})}
        return Network("Conv2dLayer", parameters, {"resample_filter": kernel(1)}, conv_clamp=clamp)

    def linear(ours):
        return Network("FullyConnectedLayer", {key: state[f"{ours}.{key}"] for key in ("weight", "bias")})

    blocks = {}
    for b, side in enumerate(sorted(config.channels, reverse=True)[:-1], start=1):
        layers = {
            "conv0": conv(f"convs.{b}.conv1.0", f"convs.{b}.conv1.1"),
            "conv1": conv(f"convs.{b}.conv2.1", f"convs.{b}.conv2.2"),
            "skip": conv(f"convs.{b}.skip.1", clamp=None),
        }
        if b == 1:
            layers = {"fromrgb": conv("convs.0.0", "convs.0.1"), **layers}
        blocks[f"b{side}"] = Network("DiscriminatorBlock", modules=layers, architecture="resnet")
    blocks["b4"] = Network(
        "DiscriminatorEpilogue",
        modules={
            "mbstd": Network("MinibatchStdLayer", group_size=config.group_size, num_channels=1),
            "conv": conv("final_conv.0", "final_conv.1"),
            "fc": linear("final_linear.0"),
            "out": linear("final_linear.1"),
        },
        architecture="resnet",
    )
    return Network("Discriminator", modules=blocks, c_dim=0, img_resolution=config.resolution)
