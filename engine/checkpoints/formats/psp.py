"""Encoder checkpoints of pSp and e4e: {"state_dict": {"encoder.*", "decoder.*"}, "latent_avg", "opts"}.

Both releases write the same keys, and only the options of the training script tell which encoder it is.
Where they don't, the caller has to: a wrong guess would give codes, and wrong ones.

DualStyleGAN's encoder is a pSp whose codes are in z+, which nothing in the file says: ``load(path, space="z+")``.
"""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from ...encoders import EncoderConfig, PyramidEncoder
from ...errors import CheckpointError
from ...stylegan2 import Generator
from ..files import Content, StateDict, state_dict, stripped
from ..plan import Part, Plan, Request
from ..registry import Format
from .networks import common_row, filled_in, generator_part, is_plain_generator, lacking, shape_of, with_w_avg
from .plain import plain

__all__ = ["PSP"]

ENCODER_KEYS = {"input_layer.0.weight", "styles.0.convs.0.weight", "latlayer1.weight", "latlayer2.weight"}
STAGES = ("body.0", "body.3", "body.7", "body.21")  # first units of the backbone's stages

ENCODER_TYPES = {"GradualStyleEncoder": "psp", "Encoder4Editing": "e4e"}
SIZE_OPTIONS = {"stylegan_size": "e4e", "output_size": "psp"}  # how each release calls the generator's resolution
PROGRESSIVE = {"psp": False, "e4e": True}

SPACE = "The file does not say in which space its codes are: w+ is taken; DualStyleGAN's encoder gives z+."
DECODER = "The decoder is no plain StyleGAN2, and is left out."

# Options that say something about the encoder; the rest is about training, and the machine it was done on.
KEPT = (
    "dataset_type",
    "encoder_type",
    "input_nc",
    "label_nc",
    "output_size",
    "stylegan_size",
    "start_from_latent_avg",
    "learn_in_w",
)


def detect(content: Content) -> bool:
    """Whether there is an encoder with a feature pyramid."""
    return _networks(content)[0].keys() >= ENCODER_KEYS


def _networks(content: Content) -> tuple[StateDict, StateDict]:
    """The state dicts of encoder and decoder; empty where there is none."""
    state = state_dict(content.root.get("state_dict")) or state_dict(content.root) or {}
    return stripped(state, "encoder."), stripped(state, "decoder.")


def read(content: Content, request: Request) -> Plan:
    """The encoder, and the generator that it was trained for, where the file has it."""
    where = str(content.path)
    encoder, decoder = _networks(content)
    options = _options(content.root.get("opts"))
    architecture, doubt = _architecture(options, request)
    latent_avg = content.root.get("latent_avg")
    average = latent_avg if isinstance(latent_avg, Tensor) else None
    parts: dict[str, Part] = {}
    if is_plain_generator(decoder):
        w_avg = None if average is None else common_row(average)
        parts["generator"] = with_w_avg(generator_part(decoder, f"{where}: its decoder"), w_avg)
    filled = filled_in(parts["generator"]) if parts else {}
    config = _config(encoder, options, architecture, adds=average is not None, where=f"{where}: its encoder")
    parts["encoder"] = _encoder_part(encoder, average, config, parts.get("generator"), f"{where}: its encoder")
    return Plan(
        format="psp",
        architecture=architecture,
        parts=parts,
        options={**filled, **options},
        notes=(
            *([SPACE] if architecture == "psp" and request.space is None else []),
            *([DECODER] if decoder and not is_plain_generator(decoder) else []),
            *lacking(filled),
        ),
        refusal=doubt,
    )


def _options(opts: object) -> dict[str, Any]:
    table = vars(opts) if isinstance(opts, argparse.Namespace) else opts
    return plain({name: table[name] for name in KEPT if name in table}) if isinstance(table, Mapping) else {}


def _architecture(options: Mapping[str, Any], request: Request) -> tuple[str | None, str | None]:
    """psp or e4e, or None and the reason why that can't be told."""
    if request.architecture in PROGRESSIVE:
        return request.architecture, None
    kind = options.get("encoder_type")
    if isinstance(kind, str):
        found = ENCODER_TYPES.get(kind)
        known = " or ".join(f"{kind} ({name})" for kind, name in ENCODER_TYPES.items())
        return found, None if found else f"its encoder_type is {kind!r}; expected {known}, or say architecture='psp' or 'e4e'"
    found_by_size = {name for option, name in SIZE_OPTIONS.items() if option in options}
    if len(found_by_size) == 1:
        return found_by_size.pop(), None
    return None, "it fits pSp and e4e alike, and has no options that tell which; say architecture='psp' or 'e4e'"


def _config(state: StateDict, options: Mapping[str, Any], architecture: str | None, *, adds: bool, where: str) -> EncoderConfig:
    """Sizes from the shapes; `adds` is what a file without options does with its mean code."""
    stem, in_channels, *_ = shape_of(state, "input_layer.0.weight", 4, where)
    return EncoderConfig(
        num_layers=sum(key.startswith("styles.") and key.endswith(".linear.weight") for key in state),
        w_dim=shape_of(state, "styles.0.linear.weight", 2, where)[0],
        progressive=PROGRESSIVE.get(architecture or "psp", False),
        add_average=bool(options.get("start_from_latent_avg", adds)),
        in_channels=in_channels,
        stem=stem,
        widths=tuple(shape_of(state, f"{unit}.res_layer.3.weight", 4, where)[0] for unit in STAGES),
    )


def _encoder_part(state: StateDict, average: Tensor | None, config: EncoderConfig, generator: Part | None, where: str) -> Part:
    """The encoder with its mean code ``[L, D]``, of which the file may hold one row for all."""
    counters = [key.removesuffix("running_mean") + "num_batches_tracked" for key in state if key.endswith("running_mean")]
    part = Part(kind="pyramid.encoder", config=config, state=state, fill=dict.fromkeys(counters, torch.zeros))
    if average is not None:
        rows = average[None] if average.ndim == 1 else average
        rows = rows.expand(config.num_layers, -1) if rows.ndim == 2 and len(rows) == 1 else rows
        return replace(part, state={**state, "latent_avg": rows})
    if config.add_average and (generator is None or generator.config.w_dim != config.w_dim):
        raise CheckpointError(f"{where} adds a mean code to what it gives, and the file has no latent_avg; get the whole file")
    finish = _take_w_avg if config.add_average else None
    return replace(part, fill={**part.fill, "latent_avg": torch.zeros}, finish=finish)


def _take_w_avg(encoder: PyramidEncoder, modules: Mapping[str, nn.Module]) -> None:
    """What e4e does where the mean code is missing: the mean w of its generator, for every row."""
    generator = modules["generator"]
    assert isinstance(generator, Generator)
    encoder.latent_avg.copy_(generator.w_avg.expand_as(encoder.latent_avg))


PSP = Format(name="psp", detect=detect, read=read)
