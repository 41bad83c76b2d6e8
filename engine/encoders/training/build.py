"""An untrained encoder for a generator."""

import logging

import torch
from torch import nn

from ...errors import TrainingError
from ...stylegan2 import LatentGenerator
from ..arcface import ArcFace
from ..backbone import Backbone
from ..compact import CompactEncoder, CompactEncoderConfig
from ..compact_methods import CompactRestyleEncoder, CompactVariationalEncoder
from ..config import EncoderConfig
from ..hvae import VariationalEncoder
from ..last_layer import LastLayerWEncoder
from ..pyramid import PyramidEncoder
from ..restyle import RestyleEncoder
from .config import EncoderTraining

__all__ = ["build_encoder", "start_from", "start_from_arcface"]

log = logging.getLogger(__name__)

SAMPLES = 10_000  # of w, for its spread
COMPACT = (1, 2, 4, 6, 8)  # channels of a compact encoder's stages, in halves of the width
FIRST = "input_layer.0.weight"


def build_encoder(settings: EncoderTraining, generator: LatentGenerator, seed: int = 0) -> nn.Module:
    """An encoder of the settings' method whose codes `generator` takes; on the CPU, in training mode.

    Args:
        seed: of the initial weights.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = _compact(settings, generator) if settings.backbone == "compact" else _published(settings, generator)
    if settings.space != "z+":
        _set_statistics(encoder, generator)
    return encoder.train()


def _compact(settings: EncoderTraining, generator: LatentGenerator) -> CompactEncoder:
    config = CompactEncoderConfig(
        num_layers=generator.num_layers,
        w_dim=generator.config.z_dim if settings.space == "z+" else generator.latent_dim,
        split=min(settings.split, generator.num_layers),
        channels=tuple(settings.width * times // 2 for times in COMPACT),
        hidden=5 * settings.width,
        in_channels=settings.in_channels,
    )
    kind = CompactRestyleEncoder if settings.refining else CompactEncoder
    return (CompactVariationalEncoder if settings.method == "vae" else kind)(config)


def _published(settings: EncoderTraining, generator: LatentGenerator) -> nn.Module:
    one = settings.space == "w"
    config = EncoderConfig(
        num_layers=1 if one else generator.num_layers,
        w_dim=generator.config.z_dim if settings.space == "z+" else generator.latent_dim,
        progressive=settings.progressive,
        add_average=settings.add_average and settings.space != "z+",
        space=settings.space,
        in_channels=settings.in_channels,
        stem=settings.width,
        widths=tuple(settings.width * 2**stage for stage in range(4)),
        backbone="resnet34" if settings.backbone == "resnet34" else "irse50",
        pyramid=not settings.refining,
    )
    if settings.refining:
        return RestyleEncoder(config)
    if settings.method == "vae":
        return VariationalEncoder(config)
    return (LastLayerWEncoder if one else PyramidEncoder)(config)


@torch.no_grad()
def _set_statistics(encoder: nn.Module, generator: LatentGenerator) -> None:
    """The mean of w, and for a compact encoder its spread."""
    encoder.latent_avg.copy_(generator.w_avg.cpu())  # type: ignore[operator]
    if isinstance(encoder, CompactEncoder):
        z = torch.randn(SAMPLES, generator.config.z_dim, generator=torch.Generator().manual_seed(0))
        encoder.spread.copy_(generator.mapping(z.to(generator.w_avg.device)).std(dim=0).mean())


def start_from(encoder: nn.Module, trained: nn.Module) -> None:
    """Give an encoder the weights of a trained one, of the same kind and sizes.

    Raises:
        TrainingError: they differ.
    """
    if type(encoder) is not type(trained) or encoder.config != trained.config:
        raise TrainingError(
            f"the encoder to start from is a {type(trained).__name__} ({trained.config}), and a {type(encoder).__name__} "
            f"({encoder.config}) is to be trained: choose the method and the settings that it was trained with"
        )
    encoder.load_state_dict(trained.state_dict())


@torch.no_grad()
def start_from_arcface(encoder: nn.Module, arcface: ArcFace) -> bool:
    """Give an IR-SE-50 encoder the identity network's backbone, as the papers do. Returns whether it fitted.

    Of six input channels the first three get its weights, and the others N(0, 1). An input of other channels keeps its own
    first layer.
    """
    own = encoder.state_dict()
    body = {key: value.cpu() for key, value in arcface.state_dict().items() if key.startswith(("input_layer.", "body."))}
    if not isinstance(encoder, Backbone) or {key for key in own if key.startswith(("input_layer.", "body."))} != body.keys():
        log.info("the backbone starts at random: the identity network's is another one")
        return False
    if any(value.shape[0] != own[key].shape[0] for key, value in body.items() if value.ndim):
        log.info("the backbone starts at random: the identity network's has other widths")
        return False
    channels = own[FIRST].shape[1]
    if channels == 6:
        others = torch.randn(own[FIRST][:, 3:].shape, generator=torch.Generator().manual_seed(0))
        body[FIRST] = torch.cat([body[FIRST], others], dim=1)
    elif channels != 3:
        body = {key: value for key, value in body.items() if not key.startswith("input_layer.")}
    encoder.load_state_dict({**own, **body})
    return True
