"""DualStyleGAN: structure and colour are separate (Yang et al. 2022, section 3.1): which weights move which measurement."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ..checkpoints import Checkpoint
from ..dualstylegan import DualSettings, DualStyle, DualStyleGenerator
from ..errors import CheckpointError
from ..faces.landmarks import Landmarker
from ..latents import Latent
from ..metrics import texture_energy
from ..progress import Progress, Step, silent
from .evaluators import Evaluators
from .people import drawn, grid, moved_landmarks, palette_difference, people
from .result import Finding, Plot, Result, Table

__all__ = ["amounts_apart"]

TITLE = "DualStyleGAN: structure and colour apart"
QUESTION = (
    "The weights of the structure path change shapes, those of the colour path colours: rows 0 to 6 are "
    "structure, all later ones colour."
)

KINDS = ("structure", "colour")
AMOUNTS = (0.25, 0.5, 0.75, 1.0)
SHAPE, PALETTE, TEXTURE, PERSON = "landmarks moved", "palette moved", "texture changed", "identity lost"
Rows = tuple[float, ...]


def amounts_apart(
    checkpoint: Checkpoint,
    evaluators: Evaluators,
    landmarker: Landmarker,
    *,
    faces: int = 12,
    exemplars: int = 4,
    seed: int = 0,
    progress: Progress = silent,
) -> Result:
    """Measure what changes in a face while only some weights of the extrinsic path are above 0.

    The face is not truncated, so that weights of 0 draw the plain face.

    Args:
        checkpoint: a DualStyleGAN with its exemplars.
        landmarker: finds the landmarks of drawn faces.
        faces, exemplars: so many random faces are drawn in so many styles, the first ones.

    Raises:
        CheckpointError: the checkpoint holds no DualStyleGAN with exemplars.
    """
    generator, codes = _networks(checkpoint, exemplars)
    latent = people(generator, faces, seed)
    plain = drawn(generator, latent)
    settings = {**_alone(generator), **_groups(generator)}
    rows: dict[str, tuple[float, ...]] = {}
    for number, (name, weights) in enumerate(settings.items()):
        found = [_measured(_drawn(generator, code, latent, weights), plain, evaluators, landmarker) for code in codes]
        rows[name] = tuple(torch.tensor(found).mean(dim=0).tolist())
        progress(Step(index=number + 1, total=len(settings)))
    columns = (SHAPE, PALETTE, TEXTURE, *((PERSON,) if evaluators.identity else ()))
    table = Table(
        f"{faces} faces in {len(codes)} styles; all other weights are 0. {SHAPE}: in distances between the eyes; {PALETTE}: of "
        "quantiles of lightness and colours in [-1, 1]; texture: of the logarithm of its energy"
        + (f"; identity: 1 - cosine, {evaluators.identity.name}" if evaluators.identity else ""),
        ("weights", *columns),
        tuple((name, *numbers) for name, numbers in rows.items()),
    )
    return Result(
        title=TITLE,
        question=QUESTION,
        setup=f"{checkpoint.source}, {generator.resolution} pixels. {table.caption}.",
        tables=(table,),
        findings=_findings(rows),
        plots=_plots(rows),
        sheets={"More and more of the structure, and of the colour": _sheet(generator, codes, latent)},
    )


def _networks(checkpoint: Checkpoint, exemplars: int) -> tuple[DualStyleGenerator, Tensor]:
    generator, table = checkpoint.generator, checkpoint.exemplars
    if not isinstance(generator, DualStyleGenerator) or table is None:
        raise CheckpointError(
            f"{checkpoint.source} is a {checkpoint.architecture} checkpoint: expected a DualStyleGAN with its exemplars"
        )
    return generator, table.codes[:exemplars]


def _alone(generator: DualStyleGenerator) -> dict[str, tuple[Rows, Rows]]:
    """Weights of all structure or all colour rows, at several amounts; and of both."""
    config = generator.config
    none, full = ((0.0,) * config.structure_rows, (0.0,) * config.color_rows), (config.structure_rows, config.color_rows)
    found: dict[str, tuple[Rows, Rows]] = {}
    for amount in AMOUNTS:
        found[f"structure {amount}"] = (amount,) * full[0], none[1]
    for amount in AMOUNTS:
        found[f"colour {amount}"] = none[0], (amount,) * full[1]
    return found | {"both 1.0": ((1.0,) * full[0], (1.0,) * full[1])}


def _groups(generator: DualStyleGenerator) -> dict[str, tuple[Rows, Rows]]:
    """Weights of 1 for the rows of one size of features, and 0 for all others."""
    config, found = generator.config, {}
    for side, rows in _rows_by_side(generator.num_layers).items():
        on = tuple(float(row in rows) for row in range(generator.num_layers))
        first, last = min(rows), max(rows)
        kind = "structure" if last < config.structure_rows else "colour" if first >= config.structure_rows else "both"
        found[f"{kind} rows {first} to {last} ({side} px)" if first < last else f"{kind} row {first} ({side} px)"] = (
            on[: config.structure_rows],
            on[config.structure_rows :],
        )
    return found


def _rows_by_side(num_layers: int) -> dict[int, list[int]]:
    """Rows of a code by the side of the features that they drive: row r those of ``2 ** (2 + (r + 1) // 2)`` pixels; the last
    one draws the image at its full size.
    """
    found: dict[int, list[int]] = {}
    for row in range(num_layers):
        side = 2 ** (2 + min((row + 1) // 2, num_layers // 2 - 1))
        found.setdefault(side, []).append(row)
    return found


@torch.no_grad()
def _drawn(generator: DualStyleGenerator, code: Tensor, latent: Latent, weights: tuple[Rows, Rows], batch: int = 8) -> Tensor:
    style = DualStyle(generator, code, DualSettings(structure=weights[0], color=weights[1], truncation=1.0))
    parts = (Latent(codes, "w+") for codes in latent.codes.split(batch))
    return torch.cat([style(part).clamp(-1, 1).cpu() for part in parts])


def _measured(images: Tensor, plain: Tensor, evaluators: Evaluators, landmarker: Landmarker) -> list[float]:
    energies = [(texture_energy(x) + 1e-6).log() for x in (images, plain)]
    found = [moved_landmarks(images, plain, landmarker), palette_difference(images, plain), (energies[0] - energies[1]).abs()]
    found += [1 - evaluators.likeness(images, plain)] if evaluators.identity else []
    return [x.mean().item() for x in found]


def _findings(rows: Mapping[str, Sequence[float]]) -> tuple[Finding, ...]:
    structure, colour = rows["structure 1.0"], rows["colour 1.0"]
    shapes, palettes = structure[0] / max(colour[0], 1e-9), colour[1] / max(structure[1], 1e-9)
    return (
        Finding(
            "structure moves landmarks more than colour does",
            f"{structure[0]:.3f} against {colour[0]:.3f}: {shapes:.1f} times",
            shapes > 1,
        ),
        Finding(
            "colour moves the palette more than structure does",
            f"{colour[1]:.3f} against {structure[1]:.3f}: {palettes:.1f} times",
            palettes > 1,
        ),
    )


def _plots(rows: Mapping[str, Sequence[float]]) -> tuple[Plot, ...]:
    x = (0.0, *AMOUNTS)
    return tuple(
        Plot(
            title,
            "weight",
            title,
            x,
            {kind: (0.0, *(rows[f"{kind} {amount}"][place] for amount in AMOUNTS)) for kind in KINDS},
        )
        for place, title in ((0, SHAPE), (1, PALETTE))
    )


def _sheet(generator: DualStyleGenerator, codes: Tensor, latent: Latent) -> Tensor:
    rows, shown, settings = [], codes[:2], _alone(generator)
    for index, code in enumerate(shown):
        face = latent[index % len(latent)]
        plain = drawn(generator, face)[0]
        for kind in KINDS:
            drawings = [_drawn(generator, code, face, settings[f"{kind} {amount}"])[0] for amount in AMOUNTS]
            rows.append([plain, *drawings])
    return grid(rows, ["0", *map(str, AMOUNTS)], [*KINDS] * len(shown))
