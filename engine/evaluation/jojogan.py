"""JoJoGAN: how much to mix (Chong and Forsyth 2022, section 3.1): too little leaves artefacts, too much loses the face."""

from dataclasses import replace

from torch import Tensor

from ..checkpoints import Checkpoint
from ..errors import CheckpointError
from ..faces.landmarks import Landmarker
from ..jojogan import OneShot
from ..jojogan import one_shot as learn
from ..metrics import diversity, rank_correlation, texture_ratio
from ..progress import Progress, Step, silent
from .evaluators import Evaluators
from .people import drawn, grid, people, recognised_people
from .result import Finding, Result, Table

__all__ = ["mixing"]

TITLE = "JoJoGAN: mixing"
QUESTION = (
    "Many codes of one reference are made by mixing in random faces. With too few rows there are too few "
    "pairs, and artefacts stay; with too many every face becomes the reference."
)

SHOWN = 6  # people on the sheet
EVERY_ROW = "every row"


def mixing(
    base: Checkpoint,
    references: dict[str, Tensor],
    evaluators: Evaluators,
    landmarker: Landmarker,
    settings: OneShot,
    *,
    faces: int = 16,
    seed: int = 0,
    progress: Progress = silent,
) -> Result:
    """Learn the same references with more and more mixing, and measure what becomes of the faces.

    Args:
        base: a StyleGAN2 with discriminator and encoder.
        references: an aligned image ``[1, 3, H, W]`` in [-1, 1] of each style, by its name.
        landmarker: finds the landmarks of drawn faces.
        settings: of the training, but for the mixing.
        faces: so many random people are drawn in each style.

    Raises:
        CheckpointError: the checkpoint has no discriminator or no encoder.
        StyleError: as `jojogan.one_shot`.
    """
    if base.discriminator is None or base.encoder is None:
        raise CheckpointError(f"{base.source} lacks a discriminator or an encoder, which learning a style needs")
    generator = base.stylegan2
    latent = people(generator, faces, seed, psi=0.7)
    plain = drawn(generator, latent)
    kinds = _kinds(settings, generator.num_layers)
    shown: dict[str, Tensor] = {}
    rows: dict[str, list[list[float]]] = {kind: [] for kind in kinds}
    total = len(kinds) * len(references)
    for number, (kind, name) in enumerate((kind, name) for kind in kinds for name in references):
        style = learn(generator, base.discriminator, references[name], encoder=base.encoder, settings=kinds[kind], seed=seed)
        images = drawn(style.tuned, latent)
        shown.setdefault(kind, images)
        rows[kind].append(_measured(images, plain, references[name].cpu(), evaluators, landmarker))
        progress(Step(index=number + 1, total=total))
    means = {kind: [sum(column) / len(column) for column in zip(*found, strict=True)] for kind, found in rows.items()}
    columns = (f"{evaluators.perceptual.metric} to the reference", "texture", "differ", "found again")
    identity = ("identity",) if evaluators.identity else ()
    table = Table(
        f"{faces} people, means over {', '.join(references)}, {settings.steps} steps; without a style people differ by "
        f"{diversity(plain):.2f}; distance: {evaluators.perceptual.name}"
        + (f"; identity: cosine to the plain face, {evaluators.identity.name}" if evaluators.identity else ""),
        ("mixing", *columns, *identity),
        tuple((kind, *numbers) for kind, numbers in means.items()),
    )
    return Result(
        title=TITLE,
        question=QUESTION,
        setup=f"{base.source}. {table.caption}.",
        tables=(table,),
        findings=_findings(means),
        sheets={f"The same people, learned from {next(iter(references))}": _sheet(plain, shown)},
    )


def _kinds(settings: OneShot, num_layers: int) -> dict[str, OneShot]:
    """Settings from no mixing to all of it, in order."""
    usual = settings.swapped_rows(num_layers)
    first = min(usual, default=0)
    late = tuple(row for row in usual if row >= (first + num_layers) // 2)
    return {
        "none": replace(settings, alpha=0.0),
        f"rows from {min(late)}": replace(settings, alpha=1.0, rows=late),
        f"rows from {first}, half": replace(settings, alpha=0.5),
        f"rows from {first} (the paper's)": replace(settings, alpha=1.0),
        f"rows from {first // 2}": replace(settings, alpha=1.0, rows=tuple(range(first // 2, num_layers))),
        EVERY_ROW: replace(settings, alpha=1.0, rows=tuple(range(num_layers))),
    }


def _measured(images: Tensor, plain: Tensor, reference: Tensor, evaluators: Evaluators, landmarker: Landmarker) -> list[float]:
    found = [
        evaluators.perceptual(images, reference.expand(len(images), -1, -1, -1)).mean().item(),
        texture_ratio(images, reference).mean().item(),
        diversity(images),
        recognised_people(images, plain, landmarker),
    ]
    return found + ([evaluators.likeness(images, plain).mean().item()] if evaluators.identity else [])


def _findings(means: dict[str, list[float]]) -> tuple[Finding, ...]:
    differ, again = ([row[place] for row in means.values()] for place in (2, 3))
    usual, every = (next(row for kind, row in means.items() if kind.endswith(end)) for end in ("(the paper's)", EVERY_ROW))
    correlation = rank_correlation(range(len(differ)), differ)
    return (
        Finding(
            "with every row mixed, every face becomes the reference (people differ less)",
            f"{every[2]:.2f} against {usual[2]:.2f}; rank correlation with the mixing {correlation:.2f}",
            every[2] < usual[2],
        ),
        Finding(
            "the paper's mixing keeps people apart by their landmarks better than mixing every row",
            f"{100 * usual[3]:.0f} % against {100 * every[3]:.0f} % found again; best {100 * max(again):.0f} %",
            usual[3] > every[3],
        ),
    )


def _sheet(plain: Tensor, shown: dict[str, Tensor]) -> Tensor:
    columns = {"plain": plain, **shown}
    rows = [[images[person] for images in columns.values()] for person in range(min(SHOWN, len(plain)))]
    return grid(rows, list(columns))
