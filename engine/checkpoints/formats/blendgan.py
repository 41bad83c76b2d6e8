"""Checkpoints of BlendGAN (onion-liu/BlendGAN).

blendgan.pt         {"g_ema": generator, and the style encoder under "embedder."; "latent_avg", "truncation"}
style_encoder.pt    the style encoder alone, with any prefix, in any dict
training            {"g_ema", "d_face", "d_style", "d_latent"}: no such file was published, and the names are ours
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor

from ...blendgan import BlendConfig, ProjectionConfig, StyleEncoderConfig
from ...errors import CheckpointError
from ...losses.vgg import VGG19
from ..files import Content, StateDict, state_dict, stripped
from ..plan import Part, Plan, Request
from ..registry import Format
from .networks import (
    common_row,
    discriminator_part,
    filled_in,
    generator_part,
    is_discriminator,
    is_generator,
    lacking,
    shape_of,
    with_w_avg,
)
from .plain import plain

__all__ = ["BLENDGAN"]

GENERATORS = ("g_ema", "g")  # the exponential moving average comes first
EMBEDDER = "embedder."  # prefix of the style encoder within the generator's state dict
DISCRIMINATORS = {"d_face": "", "d_style": "style.", "d_latent": "latent."}  # and their prefixes in our module

BLENDING = "embedding.1.weight"  # the second mapping network, which plain generators lack
FIRST_OF_VGG, FIRST_OF_MLP = "embedder.feature_extractor.vgg_layers.0.weight", "embedder_mlp.0.weight"
VGG = "embedder.feature_extractor.vgg_layers.{}.weight"
PROJECTOR = "projector."  # projection head of the style encoder's training, unused afterwards


def detect(content: Content) -> bool:
    """Whether there is a BlendGAN generator, a style encoder, or the discriminator of style codes."""
    found = (_generator(content.root), _style_encoder(content.root))
    return any(state is not None for state in found) or "d_latent" in content.root


def read(content: Content, _request: Request) -> Plan:
    """Read the generator, the style encoder and the discriminators that the file contains."""
    where, root, parts, options = str(content.path), content.root, {}, {}
    generator, encoder = _generator(root), _style_encoder(root)
    if generator is not None:
        parts["generator"] = _generator_part(generator, root.get("latent_avg"), f"{where}: its generator")
        options = filled_in(parts["generator"])
    if any(name in root for name in DISCRIMINATORS):
        parts["discriminator"] = _discriminator_part(root, where)
    if encoder is not None:
        parts["style_encoder"] = _style_encoder_part(encoder, f"{where}: its style encoder")
    notes = lacking(options)
    if "truncation" in root:
        options = {**options, "truncation": plain(root["truncation"])}
    return Plan(format="blendgan", architecture="blendgan", parts=parts, options=options, notes=notes)


def _generator(root: Mapping[Any, Any]) -> StateDict | None:
    """The first state dict with both mapping networks, under one of the names or at the root, without the style encoder."""
    found = (state_dict(value) for value in (*(root.get(name) for name in GENERATORS), root))
    state = next((state for state in found if state and is_generator(state) and BLENDING in state), None)
    return state and {key: tensor for key, tensor in state.items() if not key.startswith(EMBEDDER)}


def _generator_part(state: StateDict, latent_avg: object, where: str) -> Part:
    part = generator_part(state, where)
    config = BlendConfig(
        **vars(part.config),
        code_dim=shape_of(state, "embedding.1.weight", 2, where)[1],
        code_layers=sum(key.startswith("embedding.") and key.endswith(".weight") for key in state),
    )
    part = replace(part, kind="blendgan.generator", config=config)
    return with_w_avg(part, common_row(latent_avg) if isinstance(latent_avg, Tensor) else None)


def _style_encoder(root: Mapping[Any, Any]) -> StateDict | None:
    """The first state dict with a style encoder, at the root or one level below, without its prefix."""
    found = (state_dict(value) for value in (root, *root.values()))
    return next((inside for state in found if state and (inside := _without_prefix(state))), None)


def _without_prefix(state: StateDict) -> StateDict | None:
    """The style encoder's tensors without their common prefix; None if there are none."""
    prefixes = (key.removesuffix(first) for first in (FIRST_OF_VGG, FIRST_OF_MLP) for key in state if key.endswith(first))
    prefix = next(prefixes, None)
    if prefix is None:
        return None
    return {key: tensor for key, tensor in stripped(state, prefix).items() if not key.startswith(PROJECTOR)}


def _style_encoder_part(state: StateDict, where: str) -> Part:
    config = StyleEncoderConfig(
        widths=tuple(shape_of(state, VGG.format(index), 4, where)[0] for index in _first_of_blocks()),
        code_dim=shape_of(state, FIRST_OF_MLP, 2, where)[0],
        code_layers=sum(key.startswith("embedder_mlp.") and key.endswith(".weight") for key in state),
    )
    return Part(kind="blendgan.style_encoder", config=config, state=state)


def _first_of_blocks() -> list[int]:
    """Torchvision's index of the first convolution in each block of VGG19."""
    return [sum(2 * depth + 1 for depth in VGG19[:block]) for block in range(len(VGG19))]


def _discriminator_part(root: Mapping[Any, Any], where: str) -> Part:
    """All three discriminators as one part.

    Raises:
        CheckpointError: one is missing.
    """
    states = {name: state_dict(root.get(name)) or {} for name in DISCRIMINATORS}
    missing = [name for name, state in states.items() if not state]
    if missing or not is_discriminator(states["d_face"]):
        raise CheckpointError(f"{where}: {', '.join(missing or ['d_face'])} holds no discriminator; expected three")
    parts = {name: discriminator_part(state, f"{where}: its {name}") for name, state in states.items()}
    code_dim = shape_of(states["d_latent"], "l_style.weight", 2, where)[1]
    config = ProjectionConfig(**vars(parts["d_face"].config), code_dim=code_dim)
    joined = {DISCRIMINATORS[name] + key: tensor for name, part in parts.items() for key, tensor in part.state.items()}
    return Part(kind="blendgan.discriminator", config=config, state=joined)


BLENDGAN = Format(name="blendgan", detect=detect, read=read, before=("rosinality",))
