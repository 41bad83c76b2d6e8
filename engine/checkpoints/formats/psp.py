"""Encoder checkpoints of pSp and its descendants: {"state_dict": {"encoder.*", "decoder.*"}, "latent_avg", "opts"}.

The keys tell the family: pSp and e4e, ReStyle, AgileGAN's variational encoder, or one of pSp's two plain variants. pSp and e4e
have the same keys, and so do ReStyle's two encoders; only the options of the training script tell them apart. Without options
the caller has to say which it is, since a wrong guess would silently give wrong codes.

DualStyleGAN's encoder is a pSp whose codes are in z+, which the file does not say: ``load(path, space="z+")``. BlendGAN's is a
pSp without options.
"""

import argparse
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from ...encoders import EncoderConfig, FaceEncoder
from ...encoders.backbone import DESIGNS
from ...errors import Advice, CheckpointError
from ...stylegan2 import Generator
from ..files import Content, StateDict, state_dict, stripped
from ..plan import Part, Plan, Request
from ..registry import Format
from .networks import common_row, filled_in, generator_part, is_plain_generator, lacking, shape_of, with_w_avg
from .plain import plain

__all__ = ["PSP"]

SIZE_OPTIONS = {"stylegan_size": "e4e", "output_size": "psp"}  # the option with the generator's resolution in each release
PROGRESSIVE = ("e4e", "restyle-e4e")

SPACE = "The file does not say in which space its codes are: w+ is assumed; DualStyleGAN's encoder gives z+."
AREA = "The file has no options, like BlendGAN's: images are averaged down to 256 pixels, as BlendGAN does."
DECODER = "The decoder is not a plain StyleGAN2, and is left out."

# Options about the encoder; the others are about training and the machine.
KEPT = (
    "dataset_type",
    "encoder_type",
    "input_nc",
    "label_nc",
    "output_size",
    "stylegan_size",
    "start_from_latent_avg",
    "learn_in_w",
    "n_iters_per_batch",
)


@dataclass(frozen=True, kw_only=True)
class Family:
    """Encoders whose files have the same keys.

    Attributes:
        kind: of the module.
        keys: present in every encoder of the family.
        types: values of the option encoder_type, and the architecture that each means.
        habits: fields of the config that are the same in the whole family.
        adds: whether the mean code is added, if the options do not decide it.
    """

    kind: str
    keys: frozenset[str]
    types: Mapping[str, str]
    habits: Mapping[str, Any] = field(default_factory=dict)
    adds: bool | None = None

    @property
    def architectures(self) -> list[str]:
        return list(dict.fromkeys(self.types.values()))


PYRAMID = frozenset({"styles.0.convs.0.weight", "latlayer1.weight", "latlayer2.weight"})

HVAE = Family(
    kind="hvae.encoder",
    keys=PYRAMID | {"fc_mu.weight", "fc_var.weight"},
    types={"VAEStyleEncoder": "hvae"},
    habits={"space": "z+"},
    adds=False,
)
PYRAMIDS = Family(kind="pyramid.encoder", keys=PYRAMID, types={"GradualStyleEncoder": "psp", "Encoder4Editing": "e4e"})
RESTYLE = Family(
    kind="restyle.encoder",
    keys=frozenset({"styles.0.convs.0.weight"}),
    types={
        "BackboneEncoder": "restyle-psp",
        "ResNetBackboneEncoder": "restyle-psp",
        "GradualStyleEncoder": "restyle-psp",
        "ResNetGradualStyleEncoder": "restyle-psp",
        "ProgressiveBackboneEncoder": "restyle-e4e",
        "ResNetProgressiveBackboneEncoder": "restyle-e4e",
    },
    adds=True,
)
LAST_LAYER = Family(
    kind="last_layer_wplus.encoder",
    keys=frozenset({"output_layer_2.3.weight", "linear.weight"}),
    types={"BackboneEncoderUsingLastLayerIntoWPlus": "psp"},
)
INTO_W = Family(
    kind="last_layer_w.encoder",
    keys=frozenset({"linear.weight"}),
    types={"BackboneEncoderUsingLastLayerIntoW": "psp"},
    habits={"space": "w"},
)
RESTYLE_CHANNELS = 6  # input channels of ReStyle's encoders

STEMS = {"input_layer.0.weight": "irse50", "conv1.weight": "resnet34"}
LAST_OF_UNIT = {"irse50": "body.{}.res_layer.3.weight", "resnet34": "body.{}.conv2.weight"}  # last convolution of a unit


def detect(content: Content) -> bool:
    """Whether there is an encoder of one of the families."""
    return _family(_networks(content)[0]) is not None


def _networks(content: Content) -> tuple[StateDict, StateDict]:
    """The state dicts of encoder and decoder; empty if missing."""
    state = state_dict(content.root.get("state_dict")) or state_dict(content.root) or {}
    return stripped(state, "encoder."), stripped(state, "decoder.")


def _stem(state: StateDict) -> str | None:
    return next((key for key in STEMS if key in state), None)


def _family(state: StateDict) -> Family | None:
    stem = _stem(state)
    if stem is None:
        return None
    if state[stem].ndim == 4 and state[stem].shape[1] == RESTYLE_CHANNELS and state.keys() >= RESTYLE.keys:
        return RESTYLE
    return next((family for family in (HVAE, PYRAMIDS, LAST_LAYER, INTO_W) if state.keys() >= family.keys), None)


def read(content: Content, request: Request) -> Plan:
    """Read the encoder, and the generator that it was trained for if the file has it."""
    where = str(content.path)
    encoder, decoder = _networks(content)
    family = _family(encoder)
    assert family is not None
    options = _options(content.root.get("opts"))
    architecture, doubt = _architecture(family, options, request)
    advice = None if doubt is None else _how_to_decide(family, where)
    latent_avg = content.root.get("latent_avg")
    average = latent_avg if isinstance(latent_avg, Tensor) else None
    averaging = architecture == "psp" and (request.space == "z+" or "opts" not in content.root)
    parts: dict[str, Part] = {}
    if is_plain_generator(decoder):
        w_avg = None if average is None else common_row(average)
        parts["generator"] = with_w_avg(generator_part(decoder, f"{where}: its decoder"), w_avg)
    filled = filled_in(parts["generator"]) if parts else {}
    config = EncoderConfig(
        **_sizes(encoder, family, f"{where}: its encoder"),
        progressive=architecture in PROGRESSIVE,
        add_average=_adds_mean_code(family, options, average),
        resize="area" if averaging else "bilinear",
    )
    parts["encoder"] = _encoder_part(encoder, average, family.kind, config, parts.get("generator"), f"{where}: its encoder")
    notes = {
        SPACE: family is PYRAMIDS and architecture == "psp" and request.space is None,
        AREA: averaging and request.space != "z+" and request.resize is None,
        DECODER: bool(decoder) and not is_plain_generator(decoder),
    }
    return Plan(
        format="psp",
        architecture=architecture,
        parts=parts,
        options={**filled, **options},
        notes=(*(note for note, holds in notes.items() if holds), *lacking(filled)),
        refusal=doubt,
        advice=advice,
    )


def _options(opts: object) -> dict[str, Any]:
    table = vars(opts) if isinstance(opts, argparse.Namespace) else opts
    return plain({name: table[name] for name in KEPT if name in table}) if isinstance(table, Mapping) else {}


def _architecture(family: Family, options: Mapping[str, Any], request: Request) -> tuple[str | None, str | None]:
    """The architecture within the family, or None and the reason why the file does not tell."""
    known = family.architectures
    if len(known) == 1:
        return known[0], None
    kind = options.get("encoder_type")
    found = _from_options(family, options)
    if found is not None:
        return found, None
    if request.architecture in known:
        return request.architecture, None
    if isinstance(kind, str):
        types = " or ".join(f"{kind} ({name})" for kind, name in family.types.items())
        return None, f"its encoder_type is {kind!r}; expected {types}"
    return None, f"it fits both {' and '.join(known)}, and has no options that tell which"


def _how_to_decide(family: Family, where: str) -> Advice:
    """How the user can say what it is, with the space that pSp's codes have. The catalog knows both for published files."""
    first, second = family.architectures
    command = f"pastiche convert {shlex.quote(where)} --architecture"
    if family is not PYRAMIDS:
        return Advice(
            python=f"pass architecture={first!r} or {second!r}",
            command=f"run `{command} {first}`, or with {second}: it writes a .safetensors file that states it",
            node=f"set architecture in Load Face Encoder to {first} or {second}",
        )
    return Advice(
        python="pass architecture='psp' or 'e4e'; for DualStyleGAN's encoder.pt, also space='z+'",
        command=f"for a pSp, such as BlendGAN's psp_encoder.pt, run `{command} psp --space w+`; for DualStyleGAN's encoder.pt "
        f"`{command} psp --space z+`; for an e4e `{command} e4e`. This writes a .safetensors file that states it",
        node="set architecture in Load Face Encoder to psp or e4e; for DualStyleGAN's encoder.pt, also set space to z+",
    )


def _from_options(family: Family, options: Mapping[str, Any]) -> str | None:
    """The architecture according to the options, or None."""
    kind = options.get("encoder_type")
    if isinstance(kind, str):
        return family.types.get(kind)
    by_size = {name for option, name in SIZE_OPTIONS.items() if option in options} & set(family.architectures)
    return by_size.pop() if len(by_size) == 1 else None


def _adds_mean_code(family: Family, options: Mapping[str, Any], average: Tensor | None) -> bool:
    """Whether the mean code is added: as the options say, otherwise if there is one."""
    if family.adds is not None:
        return family.adds
    return bool(options.get("start_from_latent_avg", average is not None))


def _sizes(state: StateDict, family: Family, where: str) -> dict[str, Any]:
    """Fields of the config from the shapes, and those that the family fixes."""
    key = _stem(state)
    assert key is not None
    backbone = STEMS[key]
    stem, in_channels, *_ = shape_of(state, key, 4, where)
    ends = DESIGNS[backbone].ends
    rows, dim = _rows_and_dim(state, family, where)
    return {
        "num_layers": rows,
        "w_dim": dim,
        "in_channels": in_channels,
        "stem": stem,
        "widths": tuple(shape_of(state, LAST_OF_UNIT[backbone].format(end - 1), 4, where)[0] for end in ends),
        "backbone": backbone,
        "pyramid": state.keys() >= PYRAMID,
        **family.habits,
    }


def _rows_and_dim(state: StateDict, family: Family, where: str) -> tuple[int, int]:
    if family is INTO_W:
        return 1, shape_of(state, "linear.weight", 2, where)[0]
    if family is LAST_LAYER:
        total, dim = shape_of(state, "linear.weight", 2, where)
        return total // max(dim, 1), dim
    rows = sum(key.startswith("styles.") and key.endswith(".linear.weight") for key in state)
    return rows, shape_of(state, "styles.0.linear.weight", 2, where)[0]


def _encoder_part(
    state: StateDict, average: Tensor | None, kind: str, config: EncoderConfig, generator: Part | None, where: str
) -> Part:
    """The encoder with its mean code ``[L, D]``. The file may hold one row for all, or more rows than needed."""
    counters = [key.removesuffix("running_mean") + "num_batches_tracked" for key in state if key.endswith("running_mean")]
    part = Part(kind=kind, config=config, state=state, fill=dict.fromkeys(counters, torch.zeros))
    if average is not None:
        rows = average[None] if average.ndim == 1 else average
        rows = rows.expand(config.num_layers, -1) if rows.ndim == 2 and len(rows) == 1 else rows
        rows = rows[:1] if config.space == "w" and common_row(rows) is not None else rows
        return replace(part, state={**state, "latent_avg": rows})
    if config.add_average and (generator is None or generator.config.w_dim != config.w_dim):
        raise CheckpointError(f"{where} adds a mean code to its output, and the file has no latent_avg; get the complete file")
    finish = _take_w_avg if config.add_average else None
    return replace(part, fill={**part.fill, "latent_avg": torch.zeros}, finish=finish)


def _take_w_avg(encoder: FaceEncoder, modules: Mapping[str, nn.Module]) -> None:
    """As in e4e, replace a missing mean code by the generator's mean w in every row."""
    generator = modules["generator"]
    assert isinstance(generator, Generator)
    encoder.latent_avg.copy_(generator.w_avg.expand_as(encoder.latent_avg))


PSP = Format(name="psp", detect=detect, read=read)
