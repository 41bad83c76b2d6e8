"""The networks that losses look through: published ones where their weights are at hand, else what stands in for them.

    distance   LPIPS (VGG-16)         else our perceptual network, else the discriminator's features and the pixels
    texture    VGG-19                 else the first blocks of our perceptual network, else of the discriminator
    identity   ArcFace                else deep features of our perceptual network without colour, else of the discriminator

A stand-in was not what the authors used: it compares coarser things, and its numbers are not comparable with theirs.
"""

import logging
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from math import log2, sqrt
from pathlib import Path
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...encoders import ArcFace
from ...images import luma
from ...losses.perceptual import LPIPS, Perceptual, find_lpips
from ...losses.perceptual_net import PerceptualNet, bundled_perceptual
from ...losses.vgg19 import VGG19Features, find_vgg19
from ...stylegan2 import Discriminator

__all__ = ["LossNetworks", "find_loss_networks", "seen"]

log = logging.getLogger(__name__)

Network = TypeVar("Network", bound=nn.Module)

SIDE = 256  # at which pictures are compared
LAYERS = 3  # conv1_1, conv2_1 and conv3_1


def seen(images: Tensor) -> Tensor:
    """Images ``[N, 3, H, W]`` as they are compared: averaged to 256 pixels if they are larger."""
    return F.adaptive_avg_pool2d(images, SIDE) if images.shape[-1] > SIDE else images


@dataclass(frozen=True, kw_only=True)
class LossNetworks:
    """What compares images ``[N, 3, H, W]`` in [-1, 1]. All take them at their own size.

    Attributes:
        distance: of two batches: ``[N]``.
        texture: features at the full, half and quarter side, as VGG-19's conv1_1, conv2_1, conv3_1.
        identity: unit embeddings ``[N, E]``.
        networks: that these look through; not trained.
        names: of the networks, for the log.
    """

    distance: Callable[[Tensor, Tensor], Tensor]
    texture: Callable[[Tensor], list[Tensor]]
    identity: Callable[[Tensor], Tensor]
    networks: nn.ModuleDict
    names: dict[str, str]


def find_loss_networks(
    discriminator: Discriminator,
    pictures: Tensor,
    *,
    folders: Sequence[Path] = (),
    arcface: ArcFace | None = None,
) -> LossNetworks:
    """The best networks that are at hand. The log says which.

    Args:
        discriminator: of the source domain; a frozen copy stands in where nothing else is there.
        pictures: some of the training's, ``[N, 3, H, W]``, to which the scale of a stand-in's features is set;
            the networks are copied to their device.
        folders: to search for published weights.
        arcface: identity network.
    """
    device = pictures.device
    lpips, vgg = _copy(find_lpips(folders), device), _copy(find_vgg19(folders), device)
    own, arcface = _copy(bundled_perceptual(), device), _copy(arcface, device)
    discriminator = deepcopy(discriminator).to(device).eval()
    networks: dict[str, nn.Module] = {"discriminator": discriminator}
    networks |= {name: found for name, found in (("lpips", lpips), ("vgg", vgg), ("own", own), ("arcface", arcface)) if found}
    distance, names = _distance(discriminator, lpips or own)
    texture, names["texture"] = _texture(discriminator, vgg, own, pictures)
    identity, names["identity"] = _identity(discriminator, arcface, own)
    for role, name in names.items():
        log.info("%s is compared by %s", role, name)
    return LossNetworks(
        distance=distance,
        texture=texture,
        identity=identity,
        networks=nn.ModuleDict(networks).requires_grad_(False),
        names=names,
    )


def _copy(network: Network | None, device: torch.device) -> Network | None:
    """A copy on a device, which nobody else moves or trains."""
    return None if network is None else deepcopy(network).to(device)


def _distance(
    discriminator: Discriminator, network: Perceptual | None
) -> tuple[Callable[[Tensor, Tensor], Tensor], dict[str, str]]:
    if network is not None:
        name = "LPIPS" if isinstance(network, LPIPS) else "our perceptual network (LPIPS is not at hand)"
        return lambda a, b: network(seen(a), seen(b)), {"distance": name}

    def distance(a: Tensor, b: Tensor) -> Tensor:
        blocks = range(1, discriminator.depth)
        layers = zip(discriminator.features(a, blocks), discriminator.features(b, blocks), strict=True)
        parts = [(x.float() - y.float()).abs().mean(dim=(1, 2, 3)) for x, y in layers]
        return torch.stack(parts).mean(dim=0) + (a - b).abs().mean(dim=(1, 2, 3))

    return distance, {"distance": "the discriminator's features (neither LPIPS nor our perceptual network is at hand)"}


def _texture(
    discriminator: Discriminator, vgg: VGG19Features | None, own: PerceptualNet | None, pictures: Tensor
) -> tuple[Callable[[Tensor], list[Tensor]], str]:
    if vgg is not None:
        return lambda images: vgg(seen(images), LAYERS), "VGG-19"
    if own is not None:
        return _scaled(lambda images: own.activations(seen(images))[:LAYERS], pictures), (
            "our perceptual network (VGG-19 is not at hand)"
        )
    first = max(0, int(log2(discriminator.resolution / SIDE)))
    blocks = range(first, first + LAYERS)
    return _scaled(lambda images: discriminator.features(images, blocks), pictures), (
        "the discriminator (neither VGG-19 nor our perceptual network is at hand)"
    )


def _scaled(features: Callable[[Tensor], list[Tensor]], pictures: Tensor) -> Callable[[Tensor], list[Tensor]]:
    """Features whose root mean square over the pictures is 1, about as large as VGG-19's, which the weights are made for."""
    with torch.no_grad():
        factors = [float(x.float().square().mean().clamp_min(1e-12).rsqrt()) for x in features(pictures)]
    return lambda images: [factor * x for factor, x in zip(factors, features(images), strict=True)]


def _identity(
    discriminator: Discriminator, arcface: ArcFace | None, own: PerceptualNet | None
) -> tuple[Callable[[Tensor], Tensor], str]:
    if arcface is not None:
        return arcface.identify, "ArcFace"
    if own is not None:
        return lambda images: _unit(own.activations(seen(_grey(images)))[-1]), (
            "our perceptual network, which knows contents and not people (ArcFace is not at hand)"
        )
    deep = [discriminator.depth - 2]  # 8 x 8 pixels
    return lambda images: _unit(discriminator.features(_grey(images), deep)[0]), (
        "the discriminator, which knows contents and not people (neither ArcFace nor our perceptual network is at hand)"
    )


def _grey(images: Tensor) -> Tensor:
    return luma(images).expand_as(images)


def _unit(features: Tensor) -> Tensor:
    """Features ``[N, C, H, W]`` as unit vectors ``[N, C * H * W]``, of which every place has an equal share."""
    places = F.normalize(features.float(), dim=1).flatten(1)
    return places / sqrt(features.shape[2] * features.shape[3])
