"""`pastiche evaluate generator | inversion | indicators`: metrics of models."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import torch
import typer
from torch import Tensor

from ..bundle import DEMO
from ..errors import LatentError
from ..evaluation import Pictures, open_pictures
from ..evaluation.blendgan import indicator_table
from ..evaluation.evaluators import find_evaluators
from ..evaluation.markdown import markdown
from ..evaluation.people import people
from ..evaluation.pictures import BATCH, chosen, embedded
from ..inversion import encode
from ..latents import Latent
from ..metrics import frechet_distance, kernel_distance
from ..progress import Step
from .console import emit, out, say, working
from .evaluate_pictures import FeaturesOption, measured_pairs, show, warn_of_few
from .methods import saved_style
from .options import (
    ClassifierOption,
    DeviceOption,
    EncoderOption,
    JsonOption,
    Models,
    SeedOption,
    WeightsOption,
    find_classifier,
    load_models,
)

__all__ = ["generator", "indicators", "inversion"]

CountOption = Annotated[int, typer.Option("--count", min=2, help="Number of images; more take longer and are steadier.")]


def generator(
    reference: Annotated[Path, typer.Argument(help="The pictures that random faces are compared with.")],
    weights: WeightsOption = DEMO,
    style: Annotated[Path | None, typer.Option("--style", "-s", help="A saved style, in which the faces are drawn.")] = None,
    count: CountOption = 1000,
    psi: Annotated[float, typer.Option("--psi", min=0, max=1, help="Truncation of the faces.")] = 1.0,
    features: FeaturesOption = "auto",
    classifier: ClassifierOption = None,
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Compare random faces of a generator, plain or in a style, with a folder of pictures: FID and KID.

    pastiche evaluate generator portraits/ --count 5000
    pastiche evaluate generator paintings/ --style painting.safetensors
    """
    models = load_models(weights, None, device)
    pictures = open_pictures(reference, models.generator.resolution, least=2)
    judge = find_classifier(classifier)
    evaluators = find_evaluators(models.checkpoint, features=features, classifier=judge, device=models.device)
    draw = models.generator if style is None else saved_style(models, style)
    faces, parts = people(models.generator, count, seed, psi), []
    with working("drawing faces") as progress, torch.no_grad():
        for codes in faces.codes.split(8):
            parts.append(evaluators.features(draw(Latent(codes, "w+"))))
            progress(Step(index=sum(map(len, parts)), total=count))
    with working(f"reading {reference}") as progress:
        wanted = embedded(pictures, evaluators.features, progress=progress)
    found = torch.cat(parts)
    warn_of_few(found, wanted)
    frechet, kernel = evaluators.features.metrics
    facts = {"faces": count, "reference": len(wanted), "features": evaluators.features.name}
    show(facts, {frechet: frechet_distance(found, wanted), kernel: kernel_distance(found, wanted)}, as_json=as_json)


def inversion(
    pictures: Annotated[Path, typer.Argument(help="Aligned faces.")],
    weights: WeightsOption = DEMO,
    encoder: EncoderOption = None,
    count: CountOption = 100,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Invert faces with an encoder, and measure how well they are reproduced: PSNR, LPIPS, MS-SSIM.

    pastiche evaluate inversion aligned/ --weights catalog:ffhq-1024 --encoder catalog:e4e-ffhq
    """
    models = load_models(weights, encoder, device)
    evaluators = find_evaluators(models.checkpoint, device=models.device)
    source = open_pictures(pictures, models.generator.resolution)
    facts = {"faces": min(count, len(source)), "network": evaluators.perceptual.name}
    show(facts, measured_pairs(_inverted(models, source, count), evaluators), as_json=as_json)


@torch.no_grad()
def _inverted(models: Models, pictures: Pictures, count: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of inverted faces and of the faces."""
    if models.encoder is None:
        raise LatentError(f"{models.checkpoint.source} has no encoder: give it as --encoder")
    for numbers in chosen(len(pictures), count).split(BATCH):
        faces = pictures.batch(numbers)
        again = models.generator(models.to_w_plus(encode(faces, models.encoder, models.generator)))
        yield again.clamp(-1, 1), faces.to(again.device)


def indicators(
    paintings: Annotated[Path, typer.Argument(help="Pictures in many styles, aligned.")],
    weights: WeightsOption = "demo:blendgan",
    faces: Annotated[int, typer.Option("--faces", min=2, help="Number of random faces.")] = 40,
    styles: Annotated[int, typer.Option("--styles", min=2, help="Number of styles of each face.")] = 10,
    count: Annotated[int, typer.Option("--count", min=2, help="Number of paintings that the faces are compared with.")] = 400,
    chosen_indicators: Annotated[
        list[int] | None, typer.Option("--indicator", help="An indicator to measure; repeatable. By default every second one.")
    ] = None,
    features: FeaturesOption = "auto",
    classifier: ClassifierOption = None,
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Measure a BlendGAN at each indicator: FID and LPIPS diversity, by random styles and by those of paintings (table 1).

    pastiche evaluate indicators paintings/ --weights catalog:blendgan --faces 1000 --count 10000
    """
    models = load_models(weights, None, device)
    judge = find_classifier(classifier)
    evaluators = find_evaluators(models.checkpoint, features=features, classifier=judge, device=models.device)
    with working("drawing every indicator") as progress:
        result = indicator_table(
            models.checkpoint.to(models.device),
            open_pictures(paintings, models.generator.resolution, least=2),
            evaluators,
            faces=faces,
            styles=styles,
            reference=count,
            indicators=chosen_indicators,
            seed=seed,
            progress=progress,
        )
    if as_json:
        table = result.tables[0]
        rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
        findings = {finding.claim: finding.measured for finding in result.findings}
        emit({"rows": rows, "findings": findings, "networks": evaluators.names})
        return
    say(markdown([result]))
    out.print("The findings hold where the rank correlation is 0.9 or better.", style="dim")
