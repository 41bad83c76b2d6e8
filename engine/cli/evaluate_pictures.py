"""`pastiche evaluate fid | diversity | identity | reconstruction`: metrics of folders of pictures."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite, isnan
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from torch import Tensor

from ..bundle import DEMO, load
from ..checkpoints import Checkpoint
from ..devices import find_device
from ..evaluation import Evaluators, PairedPictures, choose_features, find_evaluators, open_pictures
from ..evaluation.evaluators import FeaturesName
from ..evaluation.pictures import embedded
from ..metrics import Estimate, frechet_distance, kernel_distance, ms_ssim, psnr, style_diversity
from ..metrics.reconstruction import SMALLEST
from .console import emit, out, working
from .groups import grouped
from .options import ClassifierOption, DeviceOption, JsonOption, find_classifier

__all__ = [
    "EvaluatorOptions",
    "FeaturesOption",
    "diversity",
    "fid",
    "identity",
    "measured_pairs",
    "reconstruction",
    "show",
    "warn_of_few",
]

log = logging.getLogger(__name__)

FeaturesOption = Annotated[
    FeaturesName,
    typer.Option(
        "--features",
        help="The network in whose features distributions are compared. [b]auto[/b]: Inception if its weights are present "
        "([b]pastiche weights get inception-fid[/b], and the package torch-fidelity), otherwise the classifier "
        "([b]--classifier[/b]), otherwise the perceptual network beside the bundled models, otherwise the models' "
        "discriminator.",
    ),
]
SizeOption = Annotated[int, typer.Option("--size", min=32, help="Pictures are resized to this side, in pixels.")]


@dataclass(frozen=True, kw_only=True)
class EvaluatorOptions:
    """The networks that compare pictures."""

    features: FeaturesOption = "auto"
    evaluators: Annotated[
        str, typer.Option("--evaluators", help="Models whose networks compare pictures where no published ones are present.")
    ] = DEMO
    classifier: ClassifierOption = None
    device: DeviceOption = "auto"

    def models(self) -> Checkpoint:
        """The models that the evaluators come from."""
        return load(self.evaluators)

    def find(self) -> Evaluators:
        """The networks; see `find_evaluators`."""
        classifier, device = find_classifier(self.classifier), find_device(self.device)
        return find_evaluators(self.models(), features=self.features, classifier=classifier, device=device)


@grouped
def fid(
    pictures: Annotated[Path, typer.Argument(help="A folder of pictures, a .zip, or a .txt with paths.")],
    reference: Annotated[Path, typer.Argument(help="The pictures that they are compared with.")],
    chosen: EvaluatorOptions = EvaluatorOptions(),
    size: SizeOption = 256,
    as_json: JsonOption = False,
) -> None:
    """Compare two folders as distributions: FID and KID, or the same distances in other features, which are named.

    Numbers by other features than Inception's are comparable with each other, and not with published ones.

      pastiche evaluate fid drawn/ paintings/
    """
    sets = [open_pictures(path, size, least=2) for path in (pictures, reference)]
    classifier, device = find_classifier(chosen.classifier), find_device(chosen.device)
    features = choose_features(chosen.features, chosen.models(), classifier=classifier, device=device)
    found = []
    for path, opened in zip((pictures, reference), sets, strict=True):
        with working(f"reading {path}") as progress:
            found.append(embedded(opened, features, progress=progress))
    warn_of_few(*found)
    frechet, kernel = features.metrics
    facts = {"pictures": len(found[0]), "reference": len(found[1]), "features": features.name}
    show(facts, {frechet: frechet_distance(*found), kernel: kernel_distance(*found)}, as_json=as_json)


@grouped
def diversity(
    folder: Annotated[Path, typer.Argument(help="A folder with a folder for each face, in which it is in several styles.")],
    chosen: EvaluatorOptions = EvaluatorOptions(),
    size: SizeOption = 256,
    as_json: JsonOption = False,
) -> None:
    """Measure how different the styles of a face are (BlendGAN): LPIPS over all pairs of its pictures, averaged over faces,
    with its standard error over the faces.

    Without folders inside, all pictures count as one face.

      pastiche evaluate diversity stylized/
    """
    evaluators = chosen.find()
    places = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    value = Estimate.of(style_diversity(_each_face(places or [folder], size), evaluators.perceptual))
    numbers: dict[str, float | None] = {
        f"{evaluators.perceptual.metric} diversity": value.mean,
        "standard error": value.error,
    }
    show({"faces": len(places) or 1, "network": evaluators.perceptual.name}, numbers, as_json=as_json)


def _each_face(places: list[Path], size: int) -> Iterator[Tensor]:
    for place in places:
        pictures = open_pictures(place, size, least=2)
        yield pictures.batch(torch.arange(len(pictures)))


@grouped
def identity(
    pictures: Annotated[Path, typer.Argument(help="A folder of aligned faces.")],
    originals: Annotated[Path, typer.Argument(help="The same faces before, under the same names.")],
    chosen: EvaluatorOptions = EvaluatorOptions(),
    size: SizeOption = 256,
    as_json: JsonOption = False,
) -> None:
    """Measure how much people stay themselves: the cosine of identity embeddings, by ArcFace if it is present.

    pastiche evaluate identity stylized/ photos/
    """
    evaluators, pairs = chosen.find(), PairedPictures.open(pictures, originals, size)
    found = torch.cat([evaluators.likeness(first, second) for first, second in pairs])
    assert evaluators.identity is not None
    facts = {"pairs": len(found), "unpaired": pairs.unpaired, "network": evaluators.identity.name}
    show(facts, {"identity similarity": found.mean().item()}, as_json=as_json)


@grouped
def reconstruction(
    pictures: Annotated[Path, typer.Argument(help="A folder of reconstructed pictures.")],
    originals: Annotated[Path, typer.Argument(help="What they should be, under the same names.")],
    chosen: EvaluatorOptions = EvaluatorOptions(),
    size: SizeOption = 256,
    as_json: JsonOption = False,
) -> None:
    """Measure how well pictures are reproduced: PSNR, LPIPS (or another distance, which is named), MS-SSIM.

    pastiche evaluate reconstruction inverted/ photos/
    """
    evaluators, pairs = chosen.find(), PairedPictures.open(pictures, originals, size)
    facts = {"pairs": len(pairs.pairs), "unpaired": pairs.unpaired, "network": evaluators.perceptual.name}
    show(facts, measured_pairs(pairs, evaluators), as_json=as_json)


def warn_of_few(found: Tensor, reference: Tensor) -> None:
    """Say that a Frechet distance of features ``[N, C]`` and ``[M, C]`` is too large where images are fewer than features."""
    fewest, features = min(len(found), len(reference)), found.shape[1]
    if fewest < features:
        log.warning(
            "%d pictures are fewer than the %d features that are compared: their Frechet distance is far too large, and can "
            "be compared only with those of as many pictures; the kernel distance has no such bias",
            fewest,
            features,
        )


def measured_pairs(
    pairs: "PairedPictures | Iterator[tuple[Tensor, Tensor]]", evaluators: Evaluators
) -> dict[str, float | None]:
    """Mean PSNR in dB, perceptual distance and MS-SSIM of batches of pictures and what they should be.

    MS-SSIM is None where pictures are too small for it.
    """
    parts: list[Tensor] = []
    similar: list[Tensor] = []
    for first, second in pairs:
        parts.append(torch.stack([psnr(first, second), evaluators.perceptual(first, second)]))
        if min(first.shape[-2:]) >= SMALLEST:
            similar.append(ms_ssim(first, second))
    means = torch.cat(parts, dim=1).mean(dim=1).tolist()
    found = {"PSNR": means[0], evaluators.perceptual.metric: means[1]}
    return {**found, "MS-SSIM": torch.cat(similar).mean().item() if similar else None}


def show(facts: dict[str, Any], numbers: dict[str, float | None], *, as_json: bool) -> None:
    """Print metrics and what they were measured with. The PSNR of equal pictures is infinite, for which JSON has null."""
    if as_json:
        known = {name: value if value is not None and isfinite(value) else None for name, value in numbers.items()}
        emit({**facts, "metrics": known})
        return
    for name, value in numbers.items():
        out.print(f"{name}: {'not measured' if value is None or isnan(value) else f'{value:.4f}'}", highlight=False)
    out.print(", ".join(f"{name}: {value}" for name, value in facts.items()), style="dim", highlight=False)
