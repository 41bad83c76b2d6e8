"""Networks to start from: a plain StyleGAN2 becomes a BlendGAN that still draws what it drew."""

from dataclasses import fields, replace

import torch
from torch import nn

from ...stylegan2 import Discriminator, DiscriminatorConfig, Generator, GeneratorConfig
from ..config import BlendConfig, ProjectionConfig
from ..discriminator import BlendDiscriminator
from ..generator import BlendGenerator

__all__ = ["at_side", "blend_generator", "critics"]


def blend_generator(base: Generator, *, code_dim: int, code_layers: int = 8, face_share: float = 1.0) -> BlendGenerator:
    """A generator with the weights of `base`, and a random network that maps style codes.

    Args:
        base: a StyleGAN2, or a BlendGAN of the same `code_dim`, which is then copied as it is.
        code_dim: dimensions of the style codes.
        code_layers: depth of their mapping network.
        face_share: what the face keeps of each row at the start; at the paper's 1 every style draws the natural face.
    """
    if isinstance(base, BlendGenerator) and base.code_dim == code_dim:
        config = base.config
    else:
        sizes = {field.name: getattr(base.config, field.name) for field in fields(GeneratorConfig)}
        config = BlendConfig(**sizes, code_dim=code_dim, code_layers=code_layers)
    generator = BlendGenerator(config).to(base.w_avg.device)
    with torch.no_grad():
        generator.add_weight.fill_(face_share)
    _take(generator, base)
    return generator


def critics(
    base: Discriminator | None, *, resolution: int, channels: dict[int, int], code_dim: int, share_trunk: bool = False
) -> BlendDiscriminator:
    """The three discriminators.

    Args:
        base: the face discriminator to start from; all three of them if it is BlendGAN's. Random where it is None.
        resolution, channels: sizes where there is no `base`.
        code_dim: dimensions of the style codes.
        share_trunk: let the other two start from the face discriminator too, as far as they are alike. The paper starts
            them at random.
    """
    if isinstance(base, BlendDiscriminator) and base.config.code_dim == code_dim:
        found = BlendDiscriminator(base.config)
        found.load_state_dict(base.state_dict())
        return found
    plain = DiscriminatorConfig(resolution=resolution, channels=channels) if base is None else base.config
    sizes = {field.name: getattr(plain, field.name) for field in fields(DiscriminatorConfig)}
    found = BlendDiscriminator(ProjectionConfig(**sizes, code_dim=code_dim))
    if base is not None:
        for discriminator in (found, found.style, found.latent) if share_trunk else (found,):
            _take(discriminator, base)
    return found


def at_side(discriminator: Discriminator | None, side: int) -> Discriminator | None:
    """A discriminator for smaller pictures: without its first blocks, and with a new layer that reads RGB.

    Returns:
        the discriminator itself where it fits; None where there is none, where it is too small, or where it is BlendGAN's,
        whose three are trained further or not at all.
    """
    if discriminator is None or discriminator.resolution == side:
        return discriminator
    if discriminator.resolution < side or isinstance(discriminator, BlendDiscriminator):
        return None
    config = discriminator.config
    small = Discriminator(
        replace(config, resolution=side, channels={at: wide for at, wide in config.channels.items() if at <= side})
    )
    dropped = len(discriminator.convs) - len(small.convs)
    known = discriminator.state_dict()
    for number in range(1, len(small.convs)):
        part = f"convs.{number}."
        known |= {part + name: value for name, value in discriminator.convs[number + dropped].state_dict().items()}
    own = small.state_dict()
    small.load_state_dict({name: value if name.startswith("convs.0.") else known[name] for name, value in own.items()})
    return small


def _take(module: nn.Module, base: nn.Module) -> None:
    """Copy what a module has in common with another: tensors of the same name and shape."""
    own = module.state_dict()
    known = base.state_dict().items()
    module.load_state_dict({**own, **{name: value for name, value in known if name in own and own[name].shape == value.shape}})
