"""Files of DualStyleGAN.

    STYLE/generator.pt     {"g_ema"}
    generator-pretrain.pt  {"g", "d", "g_ema", "g_optim", "d_optim", "args", "ada_aug_p"}
    STYLE/sampler.pt       {"color", "structure"}

    ours                   theirs
    (rosinality's names)   generator.*
    extrinsic.style        style       the structure transform, not the mapping network
    extrinsic.res          res

Its encoder is a pSp. Its tables of codes (exstyle_code.npy) are not checkpoints: see `..exemplars`.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from itertools import count
from typing import Any

from torch import Tensor

from ...dualstylegan import DualStyleConfig, SamplerConfig
from ...errors import CheckpointError
from ...stylegan2 import GeneratorConfig
from ..files import Content, StateDict, state_dict
from ..plan import Part, Plan, Request
from ..registry import Format
from .networks import common_row, discriminator_part, filled_in, generator_part, is_discriminator, lacking, shape_of, with_w_avg

__all__ = ["DUALSTYLEGAN", "DUALSTYLEGAN_SAMPLER"]

GENERATOR_KEYS = {"generator.input.input", "generator.conv1.conv.weight", "res.0.conv.0.weight"}
SAMPLER_KEYS = {"lin1.weight", "bn1.weight", "lin2.weight", "bn2.weight", "lin_out.weight"}
NETWORKS = ("structure", "color")
STRUCTURE_ROWS = 7  # of a sampler, whose flat codes do not tell
INTRINSIC = "generator."
EXTRINSIC = ("style.", "res.")


def detect(content: Content) -> bool:
    """Whether there is a generator with an extrinsic style path."""
    return _generator(content.root) is not None


def read(content: Content, _request: Request) -> Plan:
    """Read the generator, and the discriminator if there is one."""
    where = str(content.path)
    state = _generator(content.root)
    assert state is not None
    latent_avg = content.root.get("latent_avg")
    w_avg = common_row(latent_avg) if isinstance(latent_avg, Tensor) else None
    part = with_w_avg(_part(_renamed(state), f"{where}: its generator"), w_avg)
    options, parts = filled_in(part), {"generator": part}
    discriminator = state_dict(content.root.get("d"))
    if discriminator is not None and is_discriminator(discriminator):
        parts["discriminator"] = discriminator_part(discriminator, f"{where}: its discriminator")
    return Plan(format="dualstylegan", architecture="dualstylegan", parts=parts, options=options, notes=lacking(options))


def _generator(root: Mapping[Any, Any]) -> StateDict | None:
    found = (state_dict(value) for value in (root.get("g_ema"), root.get("g"), root))
    return next((state for state in found if state is not None and state.keys() >= GENERATOR_KEYS), None)


def _renamed(state: StateDict) -> StateDict:
    """The tensors under our names."""

    def ours(key: str) -> str:
        return f"extrinsic.{key}" if key.startswith(EXTRINSIC) else key.removeprefix(INTRINSIC)

    return {ours(key): tensor for key, tensor in state.items()}


def _part(state: StateDict, where: str) -> Part:
    part = generator_part(state, where)
    sizes = {field.name: getattr(part.config, field.name) for field in fields(GeneratorConfig)}
    rows = next(row for row in count() if f"extrinsic.res.{row}.conv.0.weight" not in state)
    layers = next(layer for layer in count(1) if f"extrinsic.style.{layer}.weight" not in state) - 1
    try:
        config = DualStyleConfig(**sizes, structure_rows=rows, structure_layers=layers)
    except ValueError as error:
        raise CheckpointError(f"{where} has inconsistent sizes ({error}); download the file again") from error
    return replace(part, kind="dualstylegan.generator", config=config)


def detect_sampler(content: Content) -> bool:
    """Whether there are two networks that generate codes."""
    return all((_network(content, name) or {}).keys() >= SAMPLER_KEYS for name in NETWORKS)


def read_sampler(content: Content, _request: Request) -> Plan:
    """Read the two networks as one module."""
    state = {f"{name}.{key}": tensor for name in NETWORKS for key, tensor in (_network(content, name) or {}).items()}
    part = Part(kind="dualstylegan.sampler", config=_sampler_config(state, str(content.path)), state=state)
    return Plan(format="dualstylegan-sampler", architecture="dualstylegan-sampler", parts={"sampler": part})


def _network(content: Content, name: str) -> StateDict | None:
    return state_dict(content.root.get(name))


def _sampler_config(state: StateDict, where: str) -> SamplerConfig:
    hidden, noise_dim = shape_of(state, "structure.lin1.weight", 2, where)
    structure, color = (shape_of(state, f"{name}.lin_out.weight", 2, where)[0] for name in NETWORKS)
    w_dim = structure // STRUCTURE_ROWS
    if not w_dim or structure % STRUCTURE_ROWS or color % w_dim or not color:
        raise CheckpointError(
            f"{where}: its networks generate {structure} and {color} numbers; "
            f"expected {STRUCTURE_ROWS} rows and some more of one length"
        )
    return SamplerConfig(color_rows=color // w_dim, w_dim=w_dim, noise_dim=noise_dim, hidden=hidden)


DUALSTYLEGAN = Format(name="dualstylegan", detect=detect, read=read, before=("rosinality",))
DUALSTYLEGAN_SAMPLER = Format(name="dualstylegan-sampler", detect=detect_sampler, read=read_sampler)
