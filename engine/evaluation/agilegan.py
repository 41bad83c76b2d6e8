"""AgileGAN: where to stop the transfer, and what codes in z+ are worth after it (Song et al. 2021, sections 4.1 and 4.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from ..agilegan import AgileGenerator
from ..agilegan.training.config import AgileTransfer
from ..agilegan.training.snapshots import Snapshots
from ..agilegan.training.transfer import SNAPSHOTS, agile_task, chosen_structure, schedule_of, train_agile
from ..catalog import weights_folder
from ..checkpoints import Checkpoint
from ..encoders.compact_methods import CompactVariationalEncoder
from ..encoders.hvae import VariationalEncoder
from ..errors import CheckpointError
from ..faces.landmarks import Landmarker
from ..inversion import encode, invert
from ..inversion.invert import refinement_of
from ..latents import Latent
from ..metrics import Estimate, ms_ssim, psnr, rank_correlation
from ..metrics.reconstruction import SMALLEST
from ..progress import Progress, Step, silent
from ..stylegan2 import Generator
from ..training.data import PictureDataset
from .evaluators import Evaluators
from .markdown import written
from .people import drawn, grid, people, recognised_people
from .pictures import Pictures, chosen, embedded
from .result import Cell, Finding, Plot, Result, Table

__all__ = ["early_stopping", "inversion_consistency", "short_transfer"]

CODES_TITLE = "AgileGAN: z+ against w+"
CODES_QUESTION = (
    "Codes that are best for reconstruction lie far from those that the generator was trained on, and stylize "
    "badly when it is exchanged for a transferred one. Codes in z+ follow its prior: worse in reconstruction, "
    "better in style."
)

STOPPING_TITLE = "AgileGAN: where to stop"
STOPPING_QUESTION = (
    "Longer training comes nearer to the style and drifts from the input: stop when the style is reached, for "
    "example after 1,200 iterations."
)

FALLS = -0.9  # rank correlation of likeness with iterations up to which the shape counts as the paper's
CLEARLY = 0.9  # of the distance before: what counts as nearer
HIERARCHICAL = (VariationalEncoder, CompactVariationalEncoder)
SHOWN = 4  # people on a sheet
VARIATIONAL, ENCODED, OPTIMIZED = "z+, hierarchical VAE", "w+, encoder", "w+, optimized"


def short_transfer(
    base: Checkpoint, pictures: PictureDataset, iterations: int, *, folder: Path, seed: int = 0, progress: Progress = silent
) -> Snapshots:
    """Transfer a generator with the paper's losses alone, with one path, and keep ten of the generators that it passes through.

    A transfer that was interrupted goes on.

    Args:
        base: a StyleGAN2 with its discriminator.
        pictures: aligned, in the style; about 100 are usual.
        folder: for the states of the training.

    Raises:
        TrainingError: as `train_agile`.
    """
    settings = replace(AgileTransfer.FAST, iterations=iterations, snapshots=max(1, iterations // 10))
    assert base.discriminator is not None
    structure = chosen_structure(base.discriminator, [weights_folder()])
    task = agile_task(base, {"all": pictures}, settings, structure=structure)
    schedule = schedule_of(settings, seed=seed, sample_images=None)
    task.check_batch(schedule)
    train_agile(task, base, folder=folder, schedule=schedule, device=base.stylegan2.w_avg.device, progress=progress)
    return Snapshots(folder / SNAPSHOTS, base)


def early_stopping(
    snapshots: Snapshots,
    style: Pictures,
    evaluators: Evaluators,
    landmarker: Landmarker,
    *,
    faces: int = 60,
    reference: int = 200,
    seed: int = 0,
    progress: Progress = silent,
) -> Result:
    """Measure the generators that a transfer passed through: how near to the style they are, and how far from the face.

    Args:
        snapshots: of a transfer, and what it started from.
        style: pictures in the style, better ones that the transfer did not see.
        landmarker: finds the landmarks of drawn faces.
        faces: so many random faces are drawn by each, which take turns in the paths.
        reference: how many of the pictures the distance is measured from.

    Raises:
        TrainingError: there are no snapshots.
    """
    source = snapshots.base.stylegan2
    latent = people(source, faces, seed)
    plain, wanted = drawn(source, latent), embedded(style, evaluators.features, count=reference)
    iterations, columns = snapshots.iterations or [snapshots.load().iteration], {0: plain}
    for number, iteration in enumerate(iterations):
        columns[iteration] = _in_every_path(snapshots.load(iteration).generator, latent)
        progress(Step(index=number + 1, total=len(iterations)))
    rows = {
        iteration: _stylized(images, plain, wanted, evaluators, landmarker) for iteration, images in sorted(columns.items())
    }
    names = (*evaluators.features.metrics, *(("identity",) if evaluators.identity else ()), "found again")
    table = Table(
        f"{faces} faces against {len(wanted)} pictures of the style; features: {evaluators.features.name}"
        + (f"; identity: cosine to the source's face, {evaluators.identity.name}" if evaluators.identity else ""),
        ("iteration", *names),
        tuple((str(iteration), *numbers) for iteration, numbers in rows.items()),
    )
    return Result(
        title=STOPPING_TITLE,
        question=STOPPING_QUESTION,
        setup=f"Iteration 0 is {snapshots.base.source}. {table.caption}.",
        tables=(table,),
        findings=_stop(table, list(rows)),
        plots=tuple(
            Plot(name, "iteration", name, tuple(float(at) for at in rows), {name: table.column(name)})
            for name in (names[0], names[-1], *names[2:-1])
        ),
        sheets={"The same people after more iterations": _sheet(columns)},
    )


@torch.no_grad()
def _in_every_path(generator: AgileGenerator, latent: Latent) -> Tensor:
    """Each face in one path; the paths take turns."""
    return torch.cat(
        [
            generator.synthesis(codes, path=number % generator.paths).clamp(-1, 1).cpu()
            for number, codes in enumerate(latent.codes.split(1))
        ]
    )


def _stylized(
    images: Tensor, plain: Tensor, wanted: Tensor, evaluators: Evaluators, landmarker: Landmarker
) -> tuple[Cell, ...]:
    distances = evaluators.features.distances(evaluators.features(images), wanted)
    likeness = [evaluators.likeness(images, plain).mean().item()] if evaluators.identity else []
    again = recognised_people(images, plain, landmarker)
    return *distances, *likeness, again


def _stop(table: Table, iterations: Sequence[int]) -> tuple[Finding, ...]:
    frechet, kept = (table.column(table.columns[place]) for place in (1, 3))
    best = iterations[frechet.index(min(frechet))]
    correlation = rank_correlation(iterations, kept) if len(kept) > 1 else 0.0
    return (
        Finding(
            f"the transfer comes nearer to the style ({table.columns[1]})",
            f"{frechet[0]:.2f} before, {min(frechet):.2f} at iteration {best}",
            min(frechet) < CLEARLY * frechet[0],
        ),
        Finding(
            f"longer training drifts from the face ({table.columns[3]})",
            f"rank correlation with the iteration {correlation:.2f}",
            correlation <= FALLS,
        ),
    )


def _sheet(columns: Mapping[int, Tensor]) -> Tensor:
    order = sorted(columns)
    rows = [[columns[iteration][person] for iteration in order] for person in range(min(SHOWN, len(columns[0])))]
    return grid(rows, [str(iteration) if iteration else "source" for iteration in order])


def inversion_consistency(
    base: Checkpoint,
    stylized: Checkpoint,
    portraits: Pictures,
    style: Pictures,
    evaluators: Evaluators,
    *,
    count: int = 40,
    reference: int = 200,
    steps: int = 30,
    seed: int = 0,
    progress: Progress = silent,
) -> Result:
    """Invert portraits in z+ and in w+, and hold their reconstructions and their stylized pictures against each other.

    Args:
        base: the StyleGAN2 that was transferred, with its w+ encoder and its discriminator.
        stylized: the AgileGAN, with its hierarchical variational encoder.
        portraits: real faces, which no network saw.
        style: pictures in the style.
        count: how many portraits are inverted; `reference`: pictures of the style.
        steps: of the optimization in w+, from the encoder's code; 0 leaves it out.

    Raises:
        CheckpointError: a network is missing.
    """
    source, drawing, encoders = _inverting(base, stylized)
    targets = portraits.batch(chosen(len(portraits), count))
    codes = {name: _encoded(targets, encoder, source) for name, encoder in encoders.items()}
    progress(Step(index=1, total=3))
    if steps:
        start = encoders[ENCODED]
        found = invert(
            targets,
            source,
            start,
            method="hybrid",
            discriminator=base.discriminator,
            settings=refinement_of(codes[ENCODED], steps),
            rng=torch.Generator().manual_seed(seed),
        )
        codes[OPTIMIZED] = source.to_w_plus(found)
    progress(Step(index=2, total=3))
    wanted = embedded(style, evaluators.features, count=reference)
    again = {name: drawn(source, latent) for name, latent in codes.items()}
    painted = {name: _in_every_path(drawing, latent) for name, latent in codes.items()}
    rows = {name: _inverted(again[name], painted[name], targets, wanted, evaluators) for name in codes}
    progress(Step(index=3, total=3))
    columns = (
        "PSNR",
        evaluators.perceptual.metric,
        "MS-SSIM",
        *(f"{name} after transfer" for name in evaluators.features.metrics),
    )
    table = Table(
        f"{len(targets)} portraits; after transfer against {len(wanted)} pictures of the style; features: "
        f"{evaluators.features.name}; distance: {evaluators.perceptual.name}; {steps} steps of optimization; "
        "±: standard errors",
        ("codes", *columns),
        tuple((name, *numbers) for name, numbers in rows.items()),
    )
    return Result(
        title=CODES_TITLE,
        question=CODES_QUESTION,
        setup=f"{stylized.source} from {base.source}. {table.caption}.",
        tables=(table,),
        findings=_gain(rows, evaluators.features.metrics),
        sheets={"Portrait, then reconstruction and stylized picture of each kind of code": _pairs(targets, again, painted)},
    )


def _inverting(base: Checkpoint, stylized: Checkpoint) -> tuple[Generator, AgileGenerator, dict[str, nn.Module]]:
    drawing = stylized.generator
    if not isinstance(drawing, AgileGenerator):
        raise CheckpointError(f"{stylized.source} is a {stylized.architecture} checkpoint: expected an AgileGAN")
    plain, variational = base.encoder, stylized.encoder
    if plain is None or isinstance(plain, HIERARCHICAL):
        raise CheckpointError(f"{base.source} holds no encoder to w+, which codes in z+ are held against")
    if not isinstance(variational, HIERARCHICAL):
        raise CheckpointError(f"{stylized.source} holds no hierarchical variational encoder, which gives codes in z+")
    return base.stylegan2, drawing, {VARIATIONAL: variational, ENCODED: plain}


@torch.no_grad()
def _encoded(images: Tensor, encoder: nn.Module, source: Generator) -> Latent:
    codes = [source.to_w_plus(encode(part, encoder, source)).codes for part in images.split(8)]
    return Latent(torch.cat(codes), "w+")


def _inverted(again: Tensor, painted: Tensor, targets: Tensor, wanted: Tensor, evaluators: Evaluators) -> tuple[Cell, ...]:
    similar = Estimate.of(ms_ssim(again, targets)) if targets.shape[-1] >= SMALLEST else None
    return (
        Estimate.of(psnr(again, targets)),
        Estimate.of(evaluators.perceptual(again, targets)),
        similar,
        *evaluators.features.distances(evaluators.features(painted), wanted),
    )


def _gain(rows: Mapping[str, Sequence[Cell]], metrics: Sequence[str]) -> tuple[Finding, ...]:
    """z+ stylizes better where both distances say so."""
    z = [float(cell or 0) for cell in rows[VARIATIONAL]]
    found = []
    for name in rows.keys() - {VARIATIONAL}:
        w = [float(cell or 0) for cell in rows[name]]
        found.append(Finding(f"{name} reconstructs better than z+", f"{w[0]:.1f} against {z[0]:.1f} dB", w[0] > z[0]))
        places = enumerate(metrics, start=3)
        after = ", ".join(f"{metric} {written(z[place])} against {written(w[place])}" for place, metric in places)
        found.append(Finding(f"z+ stylizes better than {name}", after, z[3] < w[3] and z[4] < w[4]))
    return tuple(sorted(found, key=lambda finding: finding.claim))


def _pairs(targets: Tensor, again: Mapping[str, Tensor], painted: Mapping[str, Tensor]) -> Tensor:
    titles = ["portrait", *(f"{name}{what}" for name in again for what in ("", ", stylized"))]
    rows = [
        [targets[person], *(images[person] for name in again for images in (again[name], painted[name]))]
        for person in range(min(SHOWN, len(targets)))
    ]
    return grid(rows, titles)
