"""Pickled StyleGAN3 generators, of configurations T and R.

Channels and kernel sizes come from the tensors, sizes and order from the layers' names (L3_52_512 is the fourth layer, of 52
samples and 512 channels). The other settings must be the paper's; files with different ones are refused.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from torch import Tensor

from ...errors import CheckpointError
from ...stylegan3 import Generator3Config
from ...stylegan3.config import CRITICAL_LAYERS, FILTER_SIZE, MARGIN, LayerShape
from ...stylegan3.generator import OUTPUT_SCALE
from ..files import StateDict
from ..plan import Part
from .networks import shape_of
from .nvlabs_network import Network, common_bound
from .plain import plain

__all__ = ["is_stylegan3", "stylegan3_part", "stylegan3_refusal"]

LAYER = re.compile(r"synthesis\.L(\d{1,3})_(\d{1,5})_(\d{1,5})\.weight")
MOST_LAYERS = 30

# Attributes that the paper's design fixes.
DESIGN: tuple[tuple[str, str, float], ...] = (
    ("SynthesisNetwork", "num_critical", CRITICAL_LAYERS),
    ("SynthesisNetwork", "margin_size", MARGIN),
    ("SynthesisNetwork", "output_scale", OUTPUT_SCALE),
)

RENAMED = {
    "weight": "conv.weight",
    "affine.weight": "conv.modulation.weight",
    "affine.bias": "conv.modulation.bias",
}


class LayerName(NamedTuple):
    number: int
    size: int
    channels: int

    def __str__(self) -> str:
        return f"L{self.number}_{self.size}_{self.channels}"


def is_stylegan3(generator: Network) -> bool:
    """Whether it begins with Fourier features."""
    return any(record.class_name == "SynthesisInput" for record in generator.modules.values())


def stylegan3_refusal(generator: Network) -> str | None:
    """The first setting that differs from the paper's, or None."""
    for class_name, attribute, wanted in DESIGN:
        for value in generator.values(class_name, attribute):
            if plain(value) != wanted:
                return f"{attribute} of its {class_name} is {plain(value)!r}; only the paper's {wanted} can be loaded"
    return None


def stylegan3_part(generator: Network, where: str) -> Part:
    """The generator under our names.

    Raises:
        CheckpointError: its sizes can't be determined, or are not those of the paper's design.
    """
    theirs = generator.state_dict()
    names = _layer_names(theirs, where)
    config = _config(generator, theirs, names, where)
    _check_design(generator, config, names, where)
    return Part(kind="stylegan3.generator", config=config, state=dict(_renamed(theirs, names)))


def _layer_names(theirs: StateDict, where: str) -> list[LayerName]:
    found = sorted(LayerName(*map(int, match.groups())) for match in map(LAYER.fullmatch, theirs) if match)
    if not CRITICAL_LAYERS + 2 <= len(found) <= MOST_LAYERS or [name.number for name in found] != list(range(len(found))):
        raise CheckpointError(
            f"{where}: has {len(found)} layers with the names {', '.join(map(str, found[:4]))}; expected L0_..., L1_..., "
            f"{CRITICAL_LAYERS + 2} to {MOST_LAYERS} of them: download the file again"
        )
    return found


def _config(generator: Network, theirs: StateDict, names: list[LayerName], where: str) -> Generator3Config:
    first = f"synthesis.{names[0]}"
    down_filter = theirs.get(f"{first}.down_filter")
    bounds = generator.values("SynthesisLayer", "conv_clamp")
    try:
        return Generator3Config(
            resolution=names[-1].size,
            channels=tuple(name.channels for name in names[:-1]),
            z_dim=shape_of(theirs, "mapping.fc0.weight", 2, where)[1],
            w_dim=shape_of(theirs, f"{first}.affine.weight", 2, where)[1],
            mapping_layers=sum(re.fullmatch(r"mapping\.fc\d+\.weight", key) is not None for key in theirs),
            kernel_size=shape_of(theirs, f"{first}.weight", 4, where)[-1],
            radial_filters=down_filter is not None and down_filter.ndim == 2,
            conv_clamp=common_bound(bounds, where),
        )
    except ValueError as error:
        raise CheckpointError(f"{where}: its sizes do not match a StyleGAN3 ({error}); download the file again") from error


def _check_design(generator: Network, config: Generator3Config, names: list[LayerName], where: str) -> None:
    """Refuse sizes, rates and filters other than those of the paper's design for this resolution."""
    for name, shape in zip(names, config.shapes, strict=True):
        record = generator.modules.get(f"synthesis.{name}")
        said = {} if record is None else record.state
        for what, wanted in _expected(shape, to_rgb=name is names[-1]).items():
            found = name.size if what == "out_size" else plain(said.get(what, wanted))
            if found != wanted:
                raise CheckpointError(
                    f"{where}: its layer {name} has {what} {found!r}, and the paper's design for {config.resolution} pixels "
                    f"has {wanted}: only that can be loaded"
                )
    for attribute, near in (("bandwidth", config.cutoffs[0]), ("sampling_rate", config.rates[0])):
        for value in generator.values("SynthesisInput", attribute):
            if plain(value) != near:
                raise CheckpointError(
                    f"{where}: its Fourier features have the {attribute} {plain(value)!r}; only {near} can be loaded"
                )


def _expected(shape: LayerShape, *, to_rgb: bool) -> dict[str, Any]:
    """The attributes of a pickled layer with this shape."""
    rates = {"out_size": shape.out_size, "in_sampling_rate": shape.in_rate, "out_sampling_rate": shape.out_rate}
    if to_rgb:
        return rates
    factors = {"up_factor": shape.up, "down_factor": shape.down}
    return {**rates, **factors, "up_taps": FILTER_SIZE * shape.up, "down_taps": FILTER_SIZE * shape.down}


def _renamed(theirs: StateDict, names: list[LayerName]) -> Iterator[tuple[str, Tensor]]:
    """Tensors under our names and shapes, unknown ones under their own."""
    layers = {str(name): f"layers.{name.number}" for name in names[:-1]} | {str(names[-1]): "to_rgb"}
    for key, tensor in theirs.items():
        part, _, rest = key.partition(".")
        layer, _, name = rest.partition(".")
        if part == "synthesis" and layer in layers:
            # our weights have a leading axis
            yield f"{layers[layer]}.{RENAMED.get(name, name)}", tensor[None] if name == "weight" else tensor
        elif part == "synthesis" and layer == "input":
            yield rest, tensor
        elif part == "mapping":
            linear = re.fullmatch(r"fc(\d{1,3})", layer)
            yield (rest if linear is None else f"style.{int(linear[1]) + 1}.{name}"), tensor
        else:
            yield key, tensor
