"""BlendGAN's Table 1: distance from the painted pictures and diversity of styles, for each indicator (Liu et al. 2021)."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from ..blendgan import BlendGenerator, StyleEncoder
from ..checkpoints import Checkpoint
from ..errors import CheckpointError
from ..metrics import Estimate, rank_correlation, rank_interval, style_diversity
from ..progress import Progress, Step, silent
from .evaluators import Evaluators
from .people import grid, people
from .pictures import Pictures, chosen, embedded
from .result import Cell, Finding, Plot, Result, Table

__all__ = ["PUBLISHED", "indicator_table"]

TITLE = "BlendGAN: the indicator"
QUESTION = (
    "The more rows ignore the style, the farther the faces are from the paintings, and the more alike the "
    "styles of one face become."
)

CLOSE = 0.9  # rank correlation from which the shape counts as the paper's
KINDS = ("latent", "reference")  # where styles come from: random codes, or pictures
SHOWN = 4  # faces on the sheet

PUBLISHED = Table(
    "BlendGAN at 1024 pixels, 18 rows: FID against AAHQ, LPIPS of 10 styles of 1,000 faces (Liu et al. 2021, table 1)",
    ("indicator", "latent FID", "latent LPIPS", "reference FID", "reference LPIPS"),
    (
        ("0", "8.97", "0.581", "3.79", "0.661"),
        ("2", "12.45", "0.571", "6.39", "0.651"),
        ("4", "12.75", "0.568", "6.82", "0.650"),
        ("6", "23.17", "0.515", "15.08", "0.599"),
        ("8", "42.45", "0.459", "34.33", "0.540"),
        ("10", "57.34", "0.367", "51.49", "0.450"),
        ("12", "68.31", "0.304", "63.73", "0.377"),
        ("14", "76.91", "0.207", "76.00", "0.237"),
        ("16", "78.25", "0.145", "77.11", "0.191"),
        ("18", "76.73", "0.159", "76.97", "0.160"),
    ),
)


def indicator_table(
    checkpoint: Checkpoint,
    painted: Pictures,
    evaluators: Evaluators,
    *,
    faces: int = 40,
    styles: int = 10,
    reference: int = 400,
    indicators: Sequence[int] | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> Result:
    """Measure a BlendGAN at each indicator, with random style codes ("latent") and with codes of pictures ("reference").

    Args:
        checkpoint: a BlendGAN with its style encoder.
        painted: pictures in many styles: what the distance is measured from, and whose styles are taken.
        faces, styles: so many random faces are drawn, each in so many styles.
        reference: how many of the pictures the distance is measured from.
        indicators: every second one by default, up to the number of rows.

    Raises:
        CheckpointError: the checkpoint holds no BlendGAN with a style encoder.
    """
    generator, encoder = _networks(checkpoint)
    device = generator.w_avg.device
    wanted = embedded(painted, evaluators.features, count=reference)
    rng = torch.Generator().manual_seed(seed)
    random = torch.randn(faces, styles, generator.code_dim, generator=rng).to(device)
    read, numbers = _read(painted, encoder, faces, styles, rng)
    codes = {"latent": random, "reference": read}
    w_plus = people(generator, faces, seed).codes
    chosen_indicators = tuple(indicators or range(0, generator.num_layers + 1, 2))
    rows: list[tuple[Cell, ...]] = []
    diversities: dict[str, list[Tensor]] = {kind: [] for kind in KINDS}
    for number, indicator in enumerate(chosen_indicators):
        row: list[Cell] = [str(indicator)]
        for kind, style_codes in codes.items():
            found: list[Tensor] = []
            seen = _seen(generator, w_plus, style_codes, indicator, evaluators, found)
            diversity = style_diversity(seen, evaluators.perceptual)
            features = torch.cat(found)
            row += [
                *evaluators.features.distances(features, wanted),
                Estimate.of(diversity),
            ]
            diversities[kind].append(diversity)
        rows.append(tuple(row))
        progress(Step(index=number + 1, total=len(chosen_indicators)))
    references = painted.batch(numbers[:SHOWN, 0])
    sheet = _sheet(generator, w_plus, read, references, chosen_indicators)
    table = Table(_caption(faces, styles, len(wanted), evaluators), _columns(evaluators), tuple(rows))
    each = {kind: torch.stack(found) for kind, found in diversities.items()}
    return Result(
        title=TITLE,
        question=QUESTION,
        setup=f"{checkpoint.source}, {generator.num_layers} rows, {generator.resolution} pixels. {table.caption}. "
        f"{_shares(generator)}",
        tables=(table, _steps(each, chosen_indicators, evaluators)),
        published=(PUBLISHED,),
        findings=_findings(table, each, chosen_indicators),
        plots=_plots(table),
        sheets={"Reference, and from its strongest style to the natural face": sheet},
    )


def _networks(checkpoint: Checkpoint) -> tuple[BlendGenerator, StyleEncoder]:
    generator, encoder = checkpoint.generator, checkpoint.style_encoder
    if not isinstance(generator, BlendGenerator) or not isinstance(encoder, StyleEncoder):
        raise CheckpointError(
            f"{checkpoint.source} is a {checkpoint.architecture} checkpoint: expected a BlendGAN with its style encoder"
        )
    return generator, encoder


@torch.no_grad()
def _read(painted: Pictures, encoder: StyleEncoder, faces: int, styles: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Style codes ``[faces, styles, D]`` of pictures, each face's drawn anew; and the pictures' numbers ``[faces, styles]``."""
    used = chosen(len(painted), faces * styles)
    device = next(encoder.parameters()).device
    codes = torch.cat([encoder(painted.batch(part).to(device)) for part in used.split(16)])
    repeats = -(-styles // len(codes))
    order = torch.stack([torch.randperm(len(codes), generator=rng).repeat(repeats)[:styles] for _ in range(faces)])
    return codes[order.to(device)], used[order]


@torch.no_grad()
def _seen(
    generator: BlendGenerator, w_plus: Tensor, codes: Tensor, indicator: int, evaluators: Evaluators, features: list[Tensor]
) -> Iterator[Tensor]:
    """Each face in its styles, ``[K, 3, H, W]``; what the features' network sees of it is put into `features`."""
    for face, own in zip(w_plus.split(1), codes, strict=True):
        w = face.expand(len(own), -1, -1)
        images = generator.synthesis(w, own, indicator=indicator).clamp(-1, 1)
        features.append(evaluators.features(images))
        yield images


def _columns(evaluators: Evaluators) -> tuple[str, ...]:
    numbers = (*evaluators.features.metrics, evaluators.perceptual.metric)
    return ("indicator", *(f"{kind} {number}" for kind in KINDS for number in numbers))


def _caption(faces: int, styles: int, reference: int, evaluators: Evaluators) -> str:
    return (
        f"{faces} faces in {styles} styles each against {reference} painted pictures; features: {evaluators.features.name}; "
        f"diversity: {evaluators.perceptual.name}; ±: standard errors"
    )


def _shares(generator: BlendGenerator) -> str:
    """What the generator learned of equation 4: rows with a small share hardly change what is drawn."""
    shares = ", ".join(f"{share:.2f}" for share in generator.style_share(0).flatten().tolist())
    return f"The style's share of each row, as it was learned: {shares}."


def _steps(diversities: Mapping[str, Tensor], indicators: Sequence[int], evaluators: Evaluators) -> Table:
    """Changes of the diversity of the same faces, which tell smaller steps from chance than the diversities do.

    Args:
        diversities: ``[indicators, faces]``, by where the styles come from.
    """
    changes = [diversities[kind].diff(dim=0) for kind in KINDS]
    return Table(
        f"Change of the {evaluators.perceptual.metric} from one indicator to the next, of the same faces in the same styles",
        ("indicator", *KINDS),
        tuple(
            (f"{before} to {after}", *(Estimate.of(change[number]) for change in changes))
            for number, (before, after) in enumerate(pairwise(indicators))
        ),
    )


def _certainty(indicators: Sequence[int], diversities: Tensor) -> str:
    """How sure the order of diversities ``[indicators, faces]`` is."""
    low, high = rank_interval(indicators, diversities)
    steps = [Estimate.of(step) for step in diversities.diff(dim=0)]
    clear = sum(step.clear for step in steps)
    return (
        f"{low:.2f} to {high:.2f} in 95 % of resamplings of the faces; {clear} of {len(steps)} steps are more than twice their "
        "standard error"
    )


def _findings(table: Table, diversities: Mapping[str, Tensor], indicators: Sequence[int]) -> tuple[Finding, ...]:
    found = []
    for kind in KINDS:
        frechet, _, diversity = (name for name in table.columns if name.startswith(kind))
        for name, sign, way in ((frechet, 1, "rises"), (diversity, -1, "falls")):
            correlation = rank_correlation(indicators, table.column(name))
            measured = f"rank correlation {correlation:.2f}"
            if name == diversity:
                measured += f", {_certainty(indicators, diversities[kind])}"
            found.append(Finding(f"{name} {way} with the indicator", measured, sign * correlation >= CLOSE))
    return tuple(found)


def _plots(table: Table) -> tuple[Plot, ...]:
    """Distance and diversity over the indicator, measured and published."""
    plots = []
    for place in (0, -1):
        for title, numbers in (("measured", table), ("published", PUBLISHED)):
            columns = {kind: [name for name in numbers.columns if name.startswith(kind)] for kind in KINDS}
            lines = {kind: numbers.column(names[place]) for kind, names in columns.items()}
            up = columns[KINDS[0]][place].removeprefix(f"{KINDS[0]} ")
            errors = {kind: numbers.errors(names[place]) for kind, names in columns.items()}
            plots.append(Plot(f"{up}, {title}", "indicator", up, tuple(numbers.column("indicator")), lines, errors))
    return tuple(plots)


@torch.no_grad()
def _sheet(generator: BlendGenerator, w_plus: Tensor, codes: Tensor, references: Tensor, indicators: Sequence[int]) -> Tensor:
    """The first faces, each in the style of a reference, from its picture to the natural face."""
    rows = [
        [reference, *(generator.synthesis(face, own[:1], indicator=indicator)[0] for indicator in indicators)]
        for reference, face, own in zip(references, w_plus[:SHOWN].split(1), codes[:SHOWN], strict=True)
    ]
    return grid(rows, ["reference", *(str(indicator) for indicator in indicators)])
