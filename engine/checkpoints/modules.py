"""The kinds of module that a checkpoint can hold, their configs, and the conversion of configs from and to JSON.

This module imports the packages of the networks; none of them may import it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from torch import nn

from ..agilegan import AgileConfig, AgileGenerator
from ..blendgan import (
    BlendConfig,
    BlendDiscriminator,
    BlendGenerator,
    ProjectionConfig,
    StyleEncoder,
    StyleEncoderConfig,
)
from ..dualstylegan import (
    CodeSampler,
    DualStyleConfig,
    DualStyleGenerator,
    ExemplarsConfig,
    ExemplarTable,
    SamplerConfig,
)
from ..encoders import (
    ArcFace,
    ArcFaceConfig,
    EncoderConfig,
    LastLayerWEncoder,
    LastLayerWPlusEncoder,
    PyramidEncoder,
    RestyleEncoder,
    VariationalEncoder,
)
from ..encoders.compact import CompactEncoder, CompactEncoderConfig
from ..encoders.compact_methods import CompactRestyleEncoder, CompactVariationalEncoder
from ..errors import CheckpointError
from ..latents import Space
from ..stylegan2 import Discriminator, DiscriminatorConfig, Generator, GeneratorConfig
from ..stylegan3 import Generator3, Generator3Config

__all__ = ["KINDS", "Kind", "check_sizes", "config_from_json", "config_to_json", "kind_of_module"]


@dataclass(frozen=True)
class Kind:
    """A module that is built from a config and keeps it as its attribute `config`.

    Attributes:
        module: its class.
        config: the class of its config, a dataclass of numbers, text, and tables or tuples of numbers.
        space: latent space of an encoder's codes, where the config leaves no choice.
    """

    module: Any  # Callable[[Any], nn.Module]
    config: Any  # type[DataclassInstance]
    space: Space | None = None


# Our files contain these names, so they can't change.
KINDS: dict[str, Kind] = {
    "stylegan2.generator": Kind(Generator, GeneratorConfig),
    "stylegan2.discriminator": Kind(Discriminator, DiscriminatorConfig),
    "stylegan3.generator": Kind(Generator3, Generator3Config),
    "agilegan.generator": Kind(AgileGenerator, AgileConfig),
    "blendgan.generator": Kind(BlendGenerator, BlendConfig),
    "blendgan.discriminator": Kind(BlendDiscriminator, ProjectionConfig),
    "blendgan.style_encoder": Kind(StyleEncoder, StyleEncoderConfig),
    "dualstylegan.generator": Kind(DualStyleGenerator, DualStyleConfig),
    "dualstylegan.sampler": Kind(CodeSampler, SamplerConfig),
    "dualstylegan.exemplars": Kind(ExemplarTable, ExemplarsConfig),
    "pyramid.encoder": Kind(PyramidEncoder, EncoderConfig),
    "restyle.encoder": Kind(RestyleEncoder, EncoderConfig, space="w+"),
    "hvae.encoder": Kind(VariationalEncoder, EncoderConfig, space="z+"),
    "last_layer_w.encoder": Kind(LastLayerWEncoder, EncoderConfig, space="w"),
    "last_layer_wplus.encoder": Kind(LastLayerWPlusEncoder, EncoderConfig, space="w+"),
    "arcface": Kind(ArcFace, ArcFaceConfig),
    "compact.encoder": Kind(CompactEncoder, CompactEncoderConfig, space="w+"),
    "compact.restyle": Kind(CompactRestyleEncoder, CompactEncoderConfig, space="w+"),
    "compact.hvae": Kind(CompactVariationalEncoder, CompactEncoderConfig, space="z+"),
}

LARGEST = 65536
DEEPEST = {"mapping_layers": 32, "num_layers": 32}
LONGEST = 32  # items of a tuple or a table, such as the stages of a network or the taps of a filter


def kind_of_module(module: nn.Module) -> str:
    """The name of a module's kind.

    Raises:
        CheckpointError: it has none.
    """
    for name, kind in KINDS.items():
        if type(module) is kind.module:
            return name
    raise CheckpointError(f"a {type(module).__name__} can't be saved in a checkpoint: register it in KINDS first")


def check_sizes(config: Any, where: str) -> None:
    """Refuse sizes beyond those of any network, before building one.

    Raises:
        CheckpointError: a size is out of bounds.
    """
    for name, value in asdict(config).items():
        values = tuple(value.values()) if isinstance(value, dict) else value if isinstance(value, tuple) else (value,)
        if len(values) > LONGEST:
            raise CheckpointError(
                f"{where}: its {name} has {len(values)} items; expected at most {LONGEST}: download the file again"
            )
        most = DEEPEST.get(name, LARGEST)
        for size in values:
            if type(size) is int and not 0 < size <= most:
                raise CheckpointError(f"{where}: its {name} is {size}; expected 1 to {most}: download the file again")


def config_to_json(config: Any) -> dict[str, Any]:
    """Convert a config to plain data; the keys of its tables become text."""
    return {
        name: {str(key): item for key, item in value.items()} if isinstance(value, dict) else value
        for name, value in asdict(config).items()
    }


def config_from_json(kind: Kind, values: Mapping[str, Any], where: str) -> Any:
    """Restore the config that `config_to_json` wrote.

    Raises:
        CheckpointError: a field is unknown, has another type, or is out of bounds.
    """
    defaults = {field.name: field for field in fields(kind.config)}
    unknown = set(values) - set(defaults)
    if unknown:
        raise CheckpointError(f"{where}: has the unknown settings {sorted(unknown)}; it needs a newer version of Pastiche")
    try:
        config = kind.config(**{name: _plain(value) for name, value in values.items()})
        _check_types(config)
        check_sizes(config, where)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise CheckpointError(f"{where}: its settings are inconsistent ({error}); download the file again") from error
    return config


def _check_types(config: Any) -> None:
    for name, hint in get_type_hints(type(config)).items():
        if not _is(getattr(config, name), hint):
            raise TypeError(f"{name} is not {hint}")


def _is(value: object, hint: Any) -> bool:
    """Whether a value has the type of a config's field."""
    inner = get_args(hint)
    if get_origin(hint) is tuple:
        fits = inner[-1] is Ellipsis or (isinstance(value, tuple) and len(value) == len(inner))
        return isinstance(value, tuple) and fits and all(_is(item, inner[0]) for item in value)
    if get_origin(hint) is dict:
        return isinstance(value, dict) and all(_is(key, inner[0]) and _is(item, inner[1]) for key, item in value.items())
    if get_origin(hint) is Literal:
        return value in inner
    return any(_is(value, kind) for kind in inner) if inner else type(value) in (hint, *([int] if hint is float else []))


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {int(key): value[key] for key in sorted(value, key=int)}
    return tuple(value) if isinstance(value, list) else value
