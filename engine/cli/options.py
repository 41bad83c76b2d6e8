"""Options that several commands share, and the models that they select."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import torch
import typer

from ..agilegan import AgileGenerator
from ..bundle import DEMO, DEMO_MODEL, inspect, load
from ..checkpoints import Checkpoint
from ..checkpoints.formats.psp import SPACE
from ..devices import find_device
from ..dualstylegan import DualStyleGenerator
from ..errors import CheckpointError
from ..faces import LandmarkerName
from ..inversion import Method
from ..latents import Latent
from ..metrics.classifier import PortraitClassifier, bundled_classifier
from ..numerics import Precision
from ..resources import DEMO_METHODS
from ..stylegan2 import Discriminator, Generator, LatentGenerator

__all__ = [
    "DTYPES",
    "MAX_SEED",
    "AlignedOption",
    "ClassifierOption",
    "DeviceOption",
    "DtypeOption",
    "EncoderOption",
    "InversionOption",
    "JsonOption",
    "LandmarksOption",
    "Models",
    "NetworkOptions",
    "OutOption",
    "PictureFormat",
    "PrecisionOption",
    "SeedOption",
    "StoredType",
    "WeightsOption",
    "find_classifier",
    "load_models",
    "load_part",
]

PictureFormat = Literal["png", "jpg", "webp"]

WeightsOption = Annotated[
    str,
    typer.Option(
        "--weights",
        "-w",
        help="Generator: a file, [b]catalog:NAME[/b], or [b]demo[/b] for the bundled models, and [b]demo:blendgan[/b], "
        "[b]demo:dualstylegan[/b], [b]demo:agilegan[/b] for those of the methods.",
    ),
]
ClassifierOption = Annotated[
    Path | None,
    typer.Option(
        "--classifier",
        help="The classifier that reads attributes and styles: classifier.safetensors of [b]pastiche train demo --only "
        "perception[/b]. By default the one beside the bundled models, if there is one; none ships.",
        show_default=False,
    ),
]
EncoderOption = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        "-e",
        help="Face encoder: a file or [b]catalog:NAME[/b]; by default the one in the weights, if there is one.",
    ),
]
MAX_SEED = 2**63 - 1
SeedOption = Annotated[int, typer.Option("--seed", min=0, max=MAX_SEED, help="The same seed gives the same file.")]
DeviceOption = Annotated[
    str, typer.Option("--device", help="cpu, cuda, cuda:1 or mps; [b]auto[/b] uses a GPU if there is one.")
]
InversionOption = Annotated[
    Method,
    typer.Option(
        "--inversion",
        help="How to invert faces. encoder: one pass; optimize: optimization; hybrid: encoder, then a short optimization.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for programs.")]
LandmarksOption = Annotated[
    LandmarkerName,
    typer.Option(
        "--landmarks",
        help="The landmark detector: [b]small[/b], the bundled network; [b]face-alignment[/b], the most accurate "
        "([b]pastiche weights get face-alignment[/b]); [b]auto[/b], face-alignment if its weights are present.",
    ),
]
AlignedOption = Annotated[
    bool, typer.Option("--aligned", help="The image is already an aligned face: skip the face detection.")
]
OutOption = Annotated[Path, typer.Option("--out", "-o", help="The file to write.")]


StoredType = Literal["float32", "float16", "int8"]
DTYPES: Mapping[StoredType, torch.dtype] = {"float32": torch.float32, "float16": torch.float16, "int8": torch.int8}
DtypeOption = Annotated[
    StoredType,
    typer.Option("--dtype", help="Store weights as float32, as float16 (half the size), or in 8 bits (a quarter): int8."),
]
PrecisionOption = Annotated[
    Precision,
    typer.Option(
        "--precision",
        help="Precision of convolutions. [b]auto[/b]: bfloat16 if this hardware is fast in it, otherwise float32. "
        "[b]float16[/b] is for GPUs only.",
    ),
]


Module = TypeVar("Module", bound=torch.nn.Module)


class Models:
    """The networks that a command uses."""

    def __init__(self, checkpoint: Checkpoint, encoder: Checkpoint | None, device: torch.device) -> None:
        if checkpoint.generator is None:
            raise CheckpointError(
                f"{checkpoint.source} holds a {checkpoint.architecture} and no generator: give a StyleGAN2 checkpoint"
            )
        self.device = device
        self.checkpoint = checkpoint
        self.generator: LatentGenerator = checkpoint.generator.to(device)
        self.encoder_checkpoint = encoder
        own = (encoder or checkpoint).encoder
        self.encoder = None if own is None else own.to(device)
        self._discriminator = checkpoint.discriminator

    @property
    def stylegan2(self) -> Generator:
        """The generator, for styles. Raises CheckpointError if it is not a StyleGAN2."""
        return self.checkpoint.stylegan2.to(self.device)

    @property
    def source(self) -> Generator | None:
        """What an AgileGAN was fine-tuned from, in its encoder's file, or its base; None if that is not known.

        Strengths below 1 need it, and codes in z+ were made for its mapping network.
        """
        if not isinstance(self.generator, AgileGenerator):
            return None
        file = self.encoder_checkpoint
        own = file.stylegan2 if file is not None and file.generator is not None else self.checkpoint.base
        return None if own is None else own.to(self.device)

    @property
    def origins(self) -> list[LatentGenerator]:
        """The generators whose directions fit the codes: what the generator was fine-tuned from, if known, and itself."""
        base = self.source or self.checkpoint.base
        return [self.generator] if base is None else [base.to(self.device), self.generator]

    @property
    def tunable(self) -> "Models":
        """What is tuned to people: for an AgileGAN, its source, with the source's own encoder where that is known.

        At the codes of AgileGAN's encoder a person needs larger changes, which blend worse with the style (by eye).

        Raises:
            CheckpointError: an AgileGAN whose source is not known.
        """
        if not isinstance(self.generator, AgileGenerator):
            return self
        if self.source is None:
            raise CheckpointError(
                f"{self.checkpoint.source} holds an AgileGAN, and the face generator that it was fine-tuned from, which is "
                "tuned to a person, was not given: give AgileGAN's encoder file, which holds it, as --encoder, or use "
                "--likeness 0"
            )
        encoder = self.checkpoint.base_encoder or self.checkpoint.encoder
        return Models(replace(self.checkpoint, generator=self.source, encoder=encoder), self.encoder_checkpoint, self.device)

    @torch.no_grad()
    def to_w_plus(self, latent: Latent) -> Latent:
        """Convert a latent to w+."""
        return (self.source or self.generator).to_w_plus(latent)

    def random_faces(self, count: int, seed: int, psi: float) -> Latent:
        """Random faces in w, truncated by `psi`."""
        return self.generator.random_faces(count, torch.Generator("cpu").manual_seed(seed), psi=psi)

    @property
    def discriminator(self) -> Discriminator:
        """Raises CheckpointError if the weights hold none."""
        if self._discriminator is None:
            raise CheckpointError(
                f"{self.checkpoint.source} has no discriminator, and learning a style or optimizing a latent needs one: "
                "use a checkpoint that has one (stylegan2-ffhq-config-f.pt, an NVlabs .pkl)"
            )
        return self._discriminator.to(self.device)


def find_classifier(path: Path | None) -> PortraitClassifier | None:
    """The classifier that a user named, else the one beside the bundle; None if there is none.

    Raises:
        CheckpointError: the named file is none.
    """
    return bundled_classifier() if path is None else PortraitClassifier.load(path)


def load_models(weights: str, encoder: str | None, device: str) -> Models:
    """Load the generator, its discriminator and its encoder.

    Raises:
        PasticheError: this machine does not have the device.
        CheckpointError: a file holds other networks, or the latent space of an encoder for DualStyleGAN is not known.
    """
    where = find_device(device)
    checkpoint = load(weights)
    if encoder is None:
        return Models(checkpoint, None, where)
    if isinstance(checkpoint.generator, DualStyleGenerator):
        _expect_known_space(encoder)
    found = load(encoder)
    if found.encoder is None:
        raise CheckpointError(f"{encoder} holds no encoder: give an e4e or pSp checkpoint")
    return Models(checkpoint, found, where)


@dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """The networks of a command, and where and how precisely they compute."""

    weights: Annotated[
        str | None,
        typer.Option(
            "--weights",
            "-w",
            help="Generator: a file, [b]catalog:NAME[/b], or a bundled model: [b]demo[/b], [b]demo:blendgan[/b], "
            "[b]demo:dualstylegan[/b], [b]demo:agilegan-STYLE[/b]. By default the bundled model of the method.",
            show_default=False,
        ),
    ] = None
    encoder: EncoderOption = None
    device: DeviceOption = "auto"
    precision: PrecisionOption = "auto"

    def load(self, method: str | None = None) -> Models:
        """Load the networks; see `load_models`.

        Args:
            method: whose model of the bundle is used, if there are no --weights; the base if None.
        """
        bundled = DEMO_MODEL + method if method in DEMO_METHODS else DEMO
        return load_models(self.weights or bundled, self.encoder, self.device)


def _expect_known_space(encoder: str) -> None:
    """Reject a file that may be encoder.pt or encoder_wplus.pt: the wrong latent space would go unnoticed."""
    if SPACE in inspect(encoder).notes:
        raise CheckpointError(
            f"{encoder}: DualStyleGAN's two encoders look alike, and encoder.pt gives codes in z+ while encoder_wplus.pt gives "
            f"w+: run `pastiche convert {encoder} --architecture psp --space z+` (or --space w+ --resize area) and give the "
            ".safetensors, or use catalog:dualstylegan-encoder or catalog:dualstylegan-encoder-wplus"
        )


def load_part(source: str, slot: str, kind: type[Module]) -> Module:
    """Load one module of a checkpoint.

    Raises:
        CheckpointError: the checkpoint does not hold it.
    """
    checkpoint = load(source)
    found = getattr(checkpoint, slot)
    if not isinstance(found, kind):
        raise CheckpointError(f"{source} holds a {checkpoint.architecture} and no {slot.replace('_', ' ')}: give another file")
    return found
