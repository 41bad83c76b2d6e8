"""Pickles of NVlabs/stylegan2-ada-pytorch and NVlabs/stylegan3.

Sizes come from the tensors, as in the other formats. Other settings, such as the bound on activations, come from attributes of
the pickled modules. Unsupported modules are described and refused.
"""

from typing import Any

from ...errors import CheckpointError
from ...stylegan2.config import resolutions
from ..files import Content, Record, StateDict
from ..plan import Part, Plan, Request
from ..registry import Format
from .kernels import taps_of
from .networks import discriminator_part, filled_in, generator_part, lacking, with_w_avg
from .nvlabs_names import DROPPED, SAME, Names, discriminator_names, generator_names
from .nvlabs_network import Network, common_bound, network_of
from .nvlabs_stylegan3 import is_stylegan3, stylegan3_part, stylegan3_refusal
from .plain import plain

__all__ = ["NVLABS"]

WHOLE_BATCH = 65536  # group size of the minibatch standard deviation if the file sets no limit

# Attributes with only one supported value: class, attribute, value, and the reason to refuse others.
REQUIRED: tuple[tuple[str, str, object, str], ...] = (
    ("MappingNetwork", "c_dim", 0, "class-conditional models can't be loaded"),
    ("Discriminator", "c_dim", 0, "class-conditional models can't be loaded"),
    ("Generator", "img_channels", 3, "only RGB models can be loaded"),
    ("SynthesisBlock", "architecture", "skip", "only the skip architecture can be loaded"),
    ("SynthesisLayer", "activation", "lrelu", "other activations can't be loaded"),
    ("SynthesisLayer", "use_noise", True, "models without noise can't be loaded"),
    ("DiscriminatorBlock", "architecture", "resnet", "only the resnet architecture can be loaded"),
    ("DiscriminatorEpilogue", "architecture", "resnet", "only the resnet architecture can be loaded"),
    ("MinibatchStdLayer", "num_channels", 1, "only one minibatch standard deviation channel can be loaded"),
)
LR_MULTIPLIER = 0.01  # of the mapping network; scales its weights


def detect(content: Content) -> bool:
    """Whether it contains a pickled module."""
    return any(isinstance(value, Record) for value in content.root.values())


def read(content: Content, _request: Request) -> Plan:
    """Read the generator (the averaged one if there are two) and the discriminator."""
    where = str(content.path)
    networks = {name: network_of(record, where) for name, record in content.root.items() if isinstance(record, Record)}
    generator, discriminator = networks.get("G_ema", networks.get("G")), networks.get("D")
    if generator is None and discriminator is None:
        raise CheckpointError(f"{where}: holds the modules {sorted(map(str, networks))[:4]}; expected G_ema, G or D")
    refusal = _refusal(generator, discriminator)
    if refusal is not None:
        return _refused(generator or discriminator, refusal)
    parts: dict[str, Part] = {}
    options: dict[str, Any] = {}
    if generator is not None:
        part = stylegan3_part if is_stylegan3(generator) else _generator_part
        parts["generator"] = part(generator, f"{where}: its generator")
        options = {**filled_in(parts["generator"]), "generator": plain(generator.attributes.get("_init_kwargs"))}
    if discriminator is not None:
        parts["discriminator"] = _discriminator_part(discriminator, f"{where}: its discriminator")
    notes = lacking(filled_in(parts["generator"])) if generator is not None else ()
    return Plan(format="nvlabs", architecture=_architecture(generator), parts=parts, options=options, notes=notes)


def _refusal(generator: Network | None, discriminator: Network | None) -> str | None:
    """Why these networks can't be loaded, or None."""
    for network in filter(None, (generator, discriminator)):
        for class_name, attribute, wanted, reason in REQUIRED:
            for value in network.values(class_name, attribute):
                if plain(value) != wanted:
                    return f"{attribute} of its {class_name} is {plain(value)!r}; {reason}"
    for kwargs in [] if generator is None else generator.values("MappingNetwork", "_init_kwargs"):
        rate = plain(kwargs.get("lr_multiplier", LR_MULTIPLIER)) if isinstance(kwargs, dict) else LR_MULTIPLIER
        if rate != LR_MULTIPLIER:
            return f"its mapping network has the lr_multiplier {rate!r}; only {LR_MULTIPLIER} can be loaded"
    return stylegan3_refusal(generator) if generator is not None and is_stylegan3(generator) else None


def _architecture(generator: Network | None) -> str:
    return "stylegan3" if generator is not None and is_stylegan3(generator) else "stylegan2"


def _refused(network: Network | None, refusal: str) -> Plan:
    """A plan that describes networks which can't be loaded."""
    assert network is not None
    known = {"resolution": "img_resolution", "num_layers": "num_ws", "z_dim": "z_dim", "w_dim": "w_dim"}
    sizes = {fact: network.attributes.get(attribute) for fact, attribute in known.items()}
    depths = network.values("MappingNetwork", "num_layers")
    facts = {
        name: size for name, size in {**sizes, "mapping_layers": depths[0] if depths else None}.items() if type(size) is int
    }
    return Plan(
        format="nvlabs",
        architecture=_architecture(network),
        refusal=refusal,
        facts=facts,
        options={"generator": plain(network.attributes.get("_init_kwargs"))},
    )


def _generator_part(network: Network, where: str) -> Part:
    theirs = network.state_dict()
    sides = _sides(theirs, "synthesis.b{}.const", "synthesis.b{}.conv0.weight", where)
    depth = sum(key.startswith("mapping.fc") and key.endswith(".weight") for key in theirs)
    state, taps = _renamed(theirs, generator_names(sides, depth), where)
    clamp = common_bound([*network.values("SynthesisLayer", "conv_clamp"), *network.values("ToRGBLayer", "conv_clamp")], where)
    return with_w_avg(generator_part(state, where, resample_filter=taps, conv_clamp=clamp), state.get("w_avg"))


def _discriminator_part(network: Network, where: str) -> Part:
    theirs = network.state_dict()
    sides = _sides(theirs, "b{}.conv.weight", "b{}.conv0.weight", where)
    state, taps = _renamed(theirs, discriminator_names(sides), where)
    convolutions = [
        record for name, record in network.modules.items() if name.endswith((".conv0", ".conv1", ".fromrgb", "b4.conv"))
    ]
    clamp = common_bound([record.state.get("conv_clamp") for record in convolutions], where)
    group = next(iter(network.values("MinibatchStdLayer", "group_size")), 4)
    group_size = group if type(group) is int else WHOLE_BATCH
    return discriminator_part(state, where, resample_filter=taps, conv_clamp=clamp, group_size=group_size)


def _sides(state: StateDict, first: str, later: str, where: str) -> list[int]:
    """The resolutions of the blocks: 4, 8, ..."""
    if first.format(4) not in state:
        raise CheckpointError(f"{where}: lacks {first.format(4)}; is it a network of another architecture?")
    last = 4
    while later.format(last * 2) in state:
        last *= 2
    return resolutions(last)


def _renamed(theirs: StateDict, names: Names, where: str) -> tuple[StateDict, tuple[float, ...]]:
    """Tensors under our names and shapes, unknown ones under their own; and the taps of the filter."""
    filters = {key: tensor for key, tensor in theirs.items() if key.endswith(DROPPED)}
    state: StateDict = {}
    for key, tensor in theirs.items():
        if key not in filters:
            ours, index = names.get(key, (key, SAME))
            fits = sum(isinstance(item, slice) for item in index) <= tensor.ndim
            state[ours] = tensor[index] if fits else tensor  # mismatches are reported when the module is built
    return state, taps_of(filters, 1.0, where)


NVLABS = Format(name="nvlabs", detect=detect, read=read)
