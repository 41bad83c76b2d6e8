"""AgileGAN's stylized generators: {"g_ema"}, with the lower blocks twice, as convsA and convsB.

    ours                 theirs
    convs, to_rgbs       convsA and then convsC, to_rgbsA and then to_rgbsC
    branches.0           convsB, to_rgbsB

The release loads its files with ``strict=False``, so files may have too few or too many noise maps. Missing ones are drawn and
surplus ones dropped; every other key must match.
"""

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from ...agilegan import AgileConfig
from ...errors import CheckpointError
from ...stylegan2 import GeneratorConfig
from ..files import Content, StateDict, state_dict
from ..plan import Part, Plan, Request
from ..registry import Format
from .networks import filled_in, generator_part, lacking, with_w_avg

__all__ = ["AGILEGAN"]

KEYS = {"input.input", "conv1.conv.weight", "convsA.0.conv.weight", "to_rgbsA.0.bias"}
ATTRIBUTES = ("female", "male")  # in the order of A and B
NUMBERED = re.compile(r"(convs|to_rgbs)([ABC])\.(\d{1,3})\.(.+)")
NOISE = re.compile(r"noises\.noise_\d{1,3}")


def detect(content: Content) -> bool:
    """Whether there is a generator with the lower blocks of path A."""
    return _generator(content.root) is not None


def read(content: Content, _request: Request) -> Plan:
    """Read the generator."""
    state = _generator(content.root)
    assert state is not None
    part, dropped = _without_spare_noise(_part(state, f"{content.path}: its generator"))
    options = filled_in(part)
    spare = f"Surplus noise maps are dropped: {', '.join(dropped[:4])}{', ...' if dropped[4:] else ''}."
    notes = (*lacking(options), *([spare] if dropped else ()))
    return Plan(format="agilegan", architecture="agilegan", parts={"generator": part}, options=options, notes=notes)


def _generator(root: Mapping[Any, Any]) -> StateDict | None:
    found = (state_dict(value) for value in (root.get("g_ema"), root))
    return next((state for state in found if state is not None and state.keys() >= KEYS), None)


def _part(state: StateDict, where: str) -> Part:
    """The generator. The number of path A's blocks tells where the paths split."""
    own = _count(state, "to_rgbsA")
    part = generator_part(_renamed(state, {"convs": _count(state, "convsA"), "to_rgbs": own}), where)
    sizes = {field.name: getattr(part.config, field.name) for field in fields(GeneratorConfig)}
    try:
        config = AgileConfig(**sizes, attributes=ATTRIBUTES, split=4 * 2**own)
    except ValueError as error:
        raise CheckpointError(f"{where} has inconsistent sizes ({error}); download the file again") from error
    return with_w_avg(replace(part, kind="agilegan.generator", config=config), None)


def _count(state: StateDict, group: str) -> int:
    return len({key.split(".")[1] for key in state if key.startswith(f"{group}.")})


def _renamed(state: StateDict, own: Mapping[str, int]) -> StateDict:
    """The tensors under our names."""

    def ours(key: str) -> str:
        found = NUMBERED.fullmatch(key)
        if found is None:
            return key
        group, path, index, rest = found.groups()
        if path == "C":
            return f"{group}.{int(index) + own[group]}.{rest}"
        return f"{'branches.0.' if path == 'B' else ''}{group}.{index}.{rest}"

    return {ours(key): tensor for key, tensor in state.items()}


def _without_spare_noise(part: Part) -> tuple[Part, list[str]]:
    spare = [key for key in part.state if NOISE.fullmatch(key) and key not in part.fill]
    return replace(part, state={key: tensor for key, tensor in part.state.items() if key not in spare}), spare


AGILEGAN = Format(name="agilegan", detect=detect, read=read, before=("rosinality",))
