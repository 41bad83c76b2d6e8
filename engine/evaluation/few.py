"""DualStyleGAN on 16 pictures: regularisation keeps the face (Yang et al. 2022, supplement): 0.02 memorises, 0.08 does not."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from ..checkpoints import Checkpoint, load
from ..dualstylegan import DualSettings, DualStyle, DualStyleGenerator
from ..dualstylegan.training.config import PRESETS, DualRecipe, FineTuning
from ..dualstylegan.training.start import Start
from ..dualstylegan.training.train import STRUCTURE, DualTraining
from ..errors import TrainingError
from ..faces.landmarks import Landmarker
from ..latents import Latent
from ..metrics import Estimate, diversity
from ..progress import Progress, silent
from ..training.data import PictureDataset
from .evaluators import Evaluators
from .markdown import written
from .people import drawn, grid, people, recognised_people
from .result import Finding, Result, Table

__all__ = ["few_pictures", "short_recipe"]

TITLE = "DualStyleGAN: regularisation on 16 pictures"
QUESTION = "With a weak regularisation 16 pictures are memorised and the input face is ignored; a strong one keeps the face."

Stage = Callable[[str], Progress]
WEIGHTS = (0.02, 0.08)  # of the regularisation
PICTURES = 16
SHOWN = 5  # people on the sheet
PUBLISHED = Table(
    "16 cartoon pictures at 1024 pixels (Yang et al. 2022, supplement)",
    ("regularisation", "what the paper sees"),
    (("0.02", "ignores the input face and memorises the pictures"), ("0.08", "keeps the face; artefacts remain")),
)


def short_recipe(iterations: int) -> DualRecipe:
    """The paper's weights for few pictures, with all stages in proportion to the iterations of the last one."""
    recipe = PRESETS["fast"].with_style("few")
    return replace(
        recipe,
        tuning=FineTuning(iterations=max(1, iterations // 4), batch=4),
        destylizing=replace(recipe.destylizing, steps=max(5, iterations // 8), embedding_steps=max(5, iterations // 4)),
        structure=replace(recipe.structure, iterations=(iterations // 8, iterations // 8, iterations // 2)),
        transfer=replace(recipe.transfer, iterations=iterations, batch=4, contextual_side=32),
        refining=replace(recipe.refining, steps=0),
    )


def few_pictures(
    start: Checkpoint,
    pictures: PictureDataset,
    evaluators: Evaluators,
    landmarker: Landmarker,
    recipe: DualRecipe,
    *,
    folder: Path,
    faces: int = 16,
    seed: int = 0,
    stage: Stage = lambda _name: silent,
) -> Result:
    """Train a DualStyleGAN on 16 pictures with both weights of the regularisation, and measure what it draws.

    Destylization and structure transfer are done once. A training that was interrupted goes on.

    Args:
        start: a StyleGAN2 with discriminator and encoder; or a DualStyleGAN after structure transfer, with discriminator.
        pictures: aligned; the first 16 are used.
        recipe: of the training, but for the regularisation.
        folder: for the states of the training.
        faces: so many random people are drawn in the styles of four of the pictures.
        stage: called with the name of each stage of the trainings; gives its progress.

    Raises:
        TrainingError: there are fewer than 16 pictures; or as the training.
    """
    if len(pictures) < PICTURES:
        raise TrainingError(f"{pictures.source.path} holds {len(pictures)} pictures, and {PICTURES} are needed")
    sixteen = pictures.subset(range(PICTURES))
    trained = _trained(start, sixteen, recipe, folder, stage)
    shown = sixteen.batch(torch.arange(PICTURES))
    rows, sheets, nearest = {}, {}, {}  # by weight
    plain = torch.empty(0)
    for weight, (generator, codes) in trained.items():
        latent = people(generator, faces, seed, psi=0.7)
        plain = drawn(generator, latent)
        images = _stylized(generator, codes, latent)
        nearest[weight] = _nearest(images, shown, evaluators)
        rows[weight] = _measured(images, plain, evaluators, landmarker)
        sheets[weight] = images[:, 0]
    columns = (f"{evaluators.perceptual.metric} to the nearest picture", "differ", "found again")
    table = Table(
        f"{faces} people in the styles of 4 of {PICTURES} pictures; plain people differ by {diversity(plain):.2f}; "
        f"{recipe.transfer.iterations} iterations of {recipe.transfer.batch}; distance: {evaluators.perceptual.name}, "
        "± its standard error over the people",
        ("regularisation", *columns, *(("identity",) if evaluators.identity else ())),
        tuple((str(weight), Estimate.of(nearest[weight]), *numbers) for weight, numbers in rows.items()),
    )
    weak, strong = (rows[weight] for weight in WEIGHTS)
    farther = Estimate.of(nearest[WEIGHTS[1]] - nearest[WEIGHTS[0]])
    return Result(
        title=TITLE,
        question=QUESTION,
        setup=f"From {start.source}. {table.caption}.",
        tables=(table,),
        published=(PUBLISHED,),
        findings=(
            Finding(
                "strong regularisation keeps people different", f"{strong[0]:.2f} against {weak[0]:.2f}", strong[0] > weak[0]
            ),
            Finding(
                "strong regularisation stays farther from the nearest picture",
                f"{written(farther)} farther",
                farther.mean > 0 and farther.clear,
            ),
        ),
        sheets={"People without style, and with each weight of the regularisation": _sheet(plain, sheets)},
    )


def _trained(
    start: Checkpoint, pictures: PictureDataset, recipe: DualRecipe, folder: Path, stage: Stage
) -> Mapping[float, tuple[DualStyleGenerator, Tensor]]:
    """The generator and the exemplars' codes ``[16, L, D]`` for each weight."""
    where = start.stylegan2.w_avg.device
    first = DualTraining(Start(checkpoint=start, pictures=pictures), recipe, folder=folder / "pairs", device=where, stage=stage)
    pairs = first.destylize()
    first.transfer_structure()
    prepared = _prepared(start, first, folder / "pairs" / STRUCTURE)
    found = {}
    for weight in WEIGHTS:
        changed = replace(recipe, transfer=replace(recipe.transfer, regularization=weight))
        training = DualTraining(
            Start(checkpoint=prepared, pictures=pictures),
            changed,
            folder=folder / f"weight-{weight}",
            device=where,
            stage=stage,
        )
        training.transfer_style(pairs)
        found[weight] = training.average.requires_grad_(False).eval(), pairs.extrinsic[:PICTURES]
    return found


def _prepared(start: Checkpoint, training: DualTraining, path: Path) -> Checkpoint:
    """What style transfer starts from: after structure transfer, with the discriminator."""
    if training.finished_structure:
        return start
    return load(path)


@torch.no_grad()
def _stylized(generator: DualStyleGenerator, codes: Tensor, latent: Latent) -> Tensor:
    """The people in the styles of four pictures, ``[N, 4, 3, H, W]``."""
    settings = DualSettings(structure=1.0, color=1.0, truncation=1.0)
    styles = [DualStyle(generator, code, settings) for code in codes[:: len(codes) // 4][:4]]
    parts = [torch.stack([style(latent[index]).clamp(-1, 1).cpu()[0] for style in styles]) for index in range(len(latent))]
    return torch.stack(parts)


def _nearest(images: Tensor, pictures: Tensor, evaluators: Evaluators) -> Tensor:
    """The distance to the nearest picture of each person ``[N]``, a mean over the styles."""
    count, flat = len(pictures), images.flatten(0, 1)
    found = [evaluators.perceptual(image[None].expand(count, -1, -1, -1), pictures).min() for image in flat]
    return torch.stack(found).view(images.shape[:2]).mean(dim=1)


def _measured(images: Tensor, plain: Tensor, evaluators: Evaluators, landmarker: Landmarker) -> tuple[float, ...]:
    """Means over the styles; differences are those between people in one style."""
    styles = images.unbind(dim=1)
    differ = sum(diversity(own) for own in styles) / len(styles)
    again = sum(recognised_people(own, plain, landmarker) for own in styles) / len(styles)
    likeness = (
        [sum(evaluators.likeness(own, plain).mean().item() for own in styles) / len(styles)] if evaluators.identity else []
    )
    return differ, again, *likeness


def _sheet(plain: Tensor, shown: Mapping[float, Tensor]) -> Tensor:
    count = min(SHOWN, len(plain))
    rows = [[images[person] for person in range(count)] for images in (plain, *shown.values())]
    return grid(rows, [""] * count, ["plain", *(str(weight) for weight in shown)])
