"""The generators that a transfer passes through, and the sheet on which the user picks where to stop.

Early stopping is by eye (Song et al. 2021, section 5): too soon the style is weak, too late the face is lost.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from ...sheets import sheet
from ...stylegan2 import Generator
from ...stylegan2.training.snapshots import GeneratorSnapshots
from ..generator import AgileGenerator
from .structure import Structure

__all__ = ["Snapshots", "stop_sheet"]

PSI = 0.7  # truncation of random people
SEED = 11  # of them


class Snapshots(GeneratorSnapshots[AgileGenerator]):
    """The snapshots of a transfer."""

    architecture = "agilegan"
    kind = AgileGenerator


@torch.no_grad()
def stop_sheet(
    snapshots: Snapshots,
    *,
    structure: Structure | None = None,
    w_plus: Tensor | None = None,
    iterations: Sequence[int] | None = None,
    people: int = 4,
    side: int = 192,
) -> Tensor:
    """The same faces at every snapshot: a row for each, the source's first and then one column for each iteration.

    Faces take turns in the paths, whose names stand beside them.

    Args:
        structure: says above each column how far, on average, the faces have moved from the source's.
        w_plus: codes of the faces, ``[N, L, D]``; random people if not given.
        iterations: of the columns; all snapshots if not given.
        people: how many random people.
        side: of a face on the sheet, in pixels.

    Returns:
        ``[1, 3, H, W]`` in [-1, 1].

    Raises:
        TrainingError: there are no snapshots.
    """
    source = snapshots.base.stylegan2
    codes = _people(source, people) if w_plus is None else w_plus.to(source.w_avg.device)
    plain = source.synthesis(codes)
    columns, titles, names = [plain], ["source"], [""] * len(codes)
    for iteration in iterations or snapshots.iterations:
        generator = snapshots.load(iteration).generator
        paths = [row % generator.paths for row in range(len(codes))]
        faces = [generator.synthesis(code, path=path) for code, path in zip(codes.split(1), paths, strict=True)]
        columns.append(torch.cat(faces))
        moved = "" if structure is None else f" structure {structure(columns[-1], plain).mean():.3f}"
        titles.append(f"{iteration}{moved}")
        names = [generator.config.attributes[path] for path in paths]
    if len(columns) == 1:
        snapshots.load()  # which says that there is none
    cells = torch.stack(columns, dim=1).flatten(0, 1).clamp(-1, 1).split(1)
    return sheet(cells, len(columns), row_titles=names, column_titles=titles, title="iterations", side=side)


def _people(source: Generator, count: int) -> Tensor:
    return source.to_w_plus(source.random_faces(count, torch.Generator().manual_seed(SEED), psi=PSI)).codes
