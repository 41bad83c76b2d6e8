"""`pastiche evaluate ...`: quality metrics of models."""

from dataclasses import asdict, dataclass
from typing import Annotated

import torch
import typer
from rich import box
from rich.table import Table
from torch import Tensor

from ..bundle import DEMO, demo_references
from ..faces.landmarks import bundled_landmarks
from ..images import read, resize
from ..inversion import encode
from ..jojogan import OneShot
from ..jojogan import one_shot as learn
from ..latents import Latent
from ..metrics import LearnedStyle, diversity, psnr, recognised, score_style
from ..metrics.classifier import PortraitClassifier, drawn_when_asked, labels_of, recognised_styles
from ..numerics import tensor_float32
from ..synthetic.attributes import attributes
from ..synthetic.coordinates import COORDINATES
from ..synthetic.dataset import code
from ..synthetic.painter import paint
from ..synthetic.parameters import parameters
from ..synthetic.styles import STYLES
from .console import emit, out, working
from .learning import StepsOption, settings_of
from .options import (
    ClassifierOption,
    DeviceOption,
    JsonOption,
    Models,
    SeedOption,
    WeightsOption,
    find_classifier,
    load_models,
)

__all__ = ["evaluate"]

evaluate = typer.Typer(help="Measure the quality of models.", no_args_is_help=True)

UNSEEN = 1_000_000  # index of the first portrait that is in no training set
ASKED = 256  # faces that are generated to see what they show
COLUMNS = ("reference", "texture", "grain", "its own", "differ", "found again", "recognised")


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The results of `pastiche evaluate demo`.

    Attributes:
        inversion_psnr: mean PSNR in dB of the encoder's inversions of held-out portraits.
        generator_psnr: mean PSNR in dB of images generated from the codes of held-out portraits; None if the generator's
            z are not the painter's coordinates.
        drawn: for each attribute, the fraction of generated images that show it where their code asks for it, and
            where it does not, as the classifier reads it; empty without one.
        plain_diversity: diversity of the people without a style (`metrics.diversity`).
        styles: the metrics of each style, by the name of its reference.
        recognised: the fraction of each style's images whose nearest reference by palette and texture is the right one.
        classified: the fraction that the classifier puts into the reference's painted style; painted styles only.
    """

    inversion_psnr: float
    generator_psnr: float | None
    plain_diversity: float
    styles: dict[str, LearnedStyle]
    recognised: dict[str, float]
    classified: dict[str, float]
    drawn: dict[str, tuple[float, float]]


@evaluate.callback()
def _evaluate() -> None:
    """Measure the quality of models and of pictures."""


@evaluate.command()
@tensor_float32(allowed=False)
def demo(
    faces: Annotated[
        int, typer.Option("--faces", min=2, help="Number of people for each metric; more take longer to paint.")
    ] = 8,
    references: Annotated[
        list[str] | None,
        typer.Option("--reference", "-r", help="Names of bundled references, two or more; by default all of them."),
    ] = None,
    steps: StepsOption = None,
    weights: WeightsOption = DEMO,
    classifier: ClassifierOption = None,
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Measure the demo bundle: invert held-out portraits, and draw random people in the style of each reference.

    texture: energy of fine texture relative to the reference; 0.5 to 1.1 is good, more is noise, less is blur.
    grain: correlation of the texture at a distance of two pixels, and that of the reference; near or below 0 is grain.
    differ: root mean square difference between people.
    found again: people whose landmarks are closest to those of their own unstylized face.
    recognised: people whom a classifier puts into the reference's painted style; of a reference that is no painted style,
    people whose palette and texture are closest to it.

    It learns every style, which takes half a minute each on a CPU.

      pastiche evaluate demo
      pastiche evaluate demo --faces 64 --reference mona_lisa --reference ukiyoe --json
    """
    known = demo_references()
    names = references or list(known)
    if missing := [name for name in names if name not in known]:
        raise typer.BadParameter(f"{missing[0]} is not a bundled reference: choose from {', '.join(known)}")
    if len(set(names)) < 2:
        raise typer.BadParameter("styles are compared with each other: give at least two different --reference")
    models = load_models(weights, None, device)
    side = models.generator.resolution
    pictures = {name: resize(read(known[name]), side) for name in names}
    settings = settings_of(None, models.checkpoint, steps=steps)
    found = measure_bundle(models, pictures, settings, faces, seed, find_classifier(classifier))
    if as_json:
        emit({"faces": faces, "seed": seed, **asdict(found)})
        return
    out.print(f"inversion of {faces} held-out portraits: {found.inversion_psnr:.1f} dB")
    if found.generator_psnr is not None:
        out.print(f"the same portraits, generated from their codes: {found.generator_psnr:.1f} dB")
    out.print(f"difference between people without a style: {found.plain_diversity:.2f}")
    out.print(_table(found))
    for name, (shown, wrongly) in found.drawn.items():
        out.print(f"{name}: drawn in {100 * shown:.0f} % of the faces that ask for it, in {100 * wrongly:.0f} % of the others")


def measure_bundle(
    models: Models,
    references: dict[str, Tensor],
    settings: OneShot,
    faces: int,
    seed: int,
    classifier: PortraitClassifier | None,
) -> Evaluation:
    """Learn each style and measure it.

    Args:
        references: images ``[1, 3, H, W]`` of the generator's size.
        faces: number of people to draw, and of portraits to paint.
        seed: for the people and the training.
        classifier: which reads styles and attributes; without one they are not measured.
    """
    landmarker = bundled_landmarks()
    z = models.generator.sample_z(faces, torch.Generator().manual_seed(seed)).to(models.device)
    people = models.generator.to_w_plus(Latent(z, "z"))
    plain = models.generator(people).detach().clamp(-1, 1).cpu()
    drawn = {name: _drawn(models, name, picture, people, settings, seed) for name, picture in references.items()}
    generated, inverted = held_out_psnr(models, faces)
    return Evaluation(
        inversion_psnr=inverted,
        generator_psnr=generated,
        plain_diversity=diversity(plain),
        styles={name: score_style(images, plain, references[name], landmarker) for name, images in drawn.items()},
        recognised=recognised(drawn, references),
        classified=_classified(classifier, drawn) if classifier else {},
        drawn=_asked(classifier, models) if classifier else {},
    )


def _drawn(models: Models, name: str, reference: Tensor, people: Latent, settings: OneShot, seed: int) -> Tensor:
    """The people in the style of one reference, ``[N, 3, H, W]`` on the CPU."""
    with working(f"learning {name}") as progress:
        style = learn(
            models.stylegan2,
            models.discriminator,
            reference.to(models.device),
            encoder=models.encoder,
            settings=settings,
            seed=seed,
            progress=progress,
        )
    return style(people).detach().clamp(-1, 1).cpu()


def _classified(classifier: PortraitClassifier, drawn: dict[str, Tensor]) -> dict[str, float]:
    """The fraction of each painted style's images that the classifier recognises among all painted styles."""
    painted = {name: images for name, images in drawn.items() if name in STYLES}
    names = sorted(STYLES)
    return {
        name: sum(found == name for found in recognised_styles(classifier, images, names)) / len(images)
        for name, images in painted.items()
    }


@torch.no_grad()
def _asked(classifier: PortraitClassifier, models: Models) -> dict[str, tuple[float, float]]:
    """Which attributes the generator draws when a code asks for them."""
    if models.generator.config.z_dim != len(COORDINATES):
        return {}
    z = torch.stack([code(UNSEEN + index) for index in range(ASKED)])
    images = [models.generator(Latent(part.to(models.device), "z")).clamp(-1, 1).cpu() for part in z.split(8)]
    return drawn_when_asked(classifier, torch.cat(images), labels_of(attributes(parameters(z))))


@torch.no_grad()
def held_out_psnr(models: Models, count: int) -> tuple[float | None, float]:
    """Mean PSNR in dB over `count` held-out painted portraits: from their codes (or None), and inverted by the encoder."""
    assert models.encoder is not None
    generated, inverted = [], []
    known = models.generator.config.z_dim == len(COORDINATES)
    for index in range(count):
        z = code(UNSEEN + index)[None]
        portrait = paint(parameters(z), models.generator.resolution).images
        again = models.generator(encode(portrait.to(models.device), models.encoder, models.generator))
        inverted.append(psnr(again.clamp(-1, 1).cpu(), portrait))
        if known:
            generated.append(psnr(models.generator(Latent(z.to(models.device), "z")).clamp(-1, 1).cpu(), portrait))
    return torch.cat(generated).mean().item() if known else None, torch.cat(inverted).mean().item()


def _table(found: Evaluation) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for column in COLUMNS:
        table.add_column(column, no_wrap=True, justify="left" if column == COLUMNS[0] else "right")
    for name, row in found.styles.items():
        numbers = (row.texture, row.grain, row.reference_grain, row.diversity)
        parts = (row.found_again, found.classified.get(name, found.recognised[name]))
        table.add_row(name, *(f"{number:.2f}" for number in numbers), *(f"{100 * part:.0f} %" for part in parts))
    return table
