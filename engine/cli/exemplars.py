"""`pastiche exemplars`: one face in the style of every exemplar of a DualStyleGAN, on one sheet."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import torch
import typer
from torch import Tensor

from ..bundle import load_exemplars
from ..dualstylegan import Exemplars
from ..errors import CheckpointError, StyleError
from ..images import resize, write
from ..latents import Latent
from ..numerics import precision
from ..progress import Progress, Step
from ..sheets import sheet
from ..style_factories import dual_style
from .console import emit, say, working
from .faces import FindOptions
from .groups import grouped
from .methods import ColorOption, ExemplarsOption, MethodName, StructureOption, with_controls
from .options import JsonOption, Models, NetworkOptions, OutOption, SeedOption
from .stylize import latent_of
from .targets import PICTURES, check_target

__all__ = ["exemplars"]

CELL = 160  # side of a face on the sheet, in pixels
PSI = 0.7  # truncation of the random face


@grouped
def exemplars(
    photo: Annotated[
        Path | None, typer.Argument(help="A photo whose face to draw; a random face without.", show_default=False)
    ] = None,
    *,
    out_path: OutOption = Path("exemplars.png"),
    finding: FindOptions,
    networks: NetworkOptions,
    table: ExemplarsOption = None,
    structure: StructureOption = None,
    color: ColorOption = None,
    columns: Annotated[int, typer.Option("--columns", min=1, help="Faces in a row.")] = 8,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Draw one face in the style of every exemplar, to choose from.

    Give the number or the name below a face to pastiche stylize --exemplar.

      pastiche exemplars
      pastiche exemplars me.jpg --structure 0.5
      pastiche exemplars -w generator.pt --exemplars exstyle_code.npy
    """
    check_target(out_path, PICTURES)
    models = networks.load(MethodName.dualstylegan.value)
    known = _exemplars(models, table)
    with precision(networks.precision, models.device), torch.no_grad():
        face = finding.largest(photo, models.generator.resolution) if photo else None
        latent = latent_of(face, models, "encoder", seed) if face else models.random_faces(1, seed, PSI)
        with working("drawing exemplars") as progress:
            drawn = _drawn(models, known, latent, {"structure": structure, "color": color}, progress)
    write(sheet(drawn, min(columns, len(drawn)), captions=_captions(known.names), side=CELL), out_path)
    if as_json:
        emit({"written": str(out_path), "exemplars": list(known.names)})
    else:
        say(f"{out_path}: {len(known)} exemplars")


def _exemplars(models: Models, table: str | None) -> Exemplars:
    checkpoint = models.checkpoint
    if checkpoint.architecture != "dualstylegan":
        raise CheckpointError(
            f"{checkpoint.source} is a {checkpoint.architecture}: give a DualStyleGAN with --weights, or leave them out "
            "for the bundled one"
        )
    if table is not None:
        return load_exemplars(table)
    if checkpoint.exemplars is None:
        raise StyleError(
            f"{checkpoint.source} holds no exemplars: give the file of their codes with --exemplars (exstyle_code.npy)"
        )
    return checkpoint.exemplars.exemplars


def _drawn(
    models: Models, known: Exemplars, latent: Latent, controls: dict[str, str | None], progress: Progress
) -> list[Tensor]:
    given = {name: value for name, value in controls.items() if value is not None}
    drawn = []
    for number in range(len(known)):
        style = with_controls(dual_style(models.checkpoint, number, exemplars=known), given)
        drawn.append(resize(style(latent).cpu().clamp(-1, 1), CELL))
        progress(Step(index=number + 1, total=len(known)))
    return drawn


def _captions(names: Sequence[str]) -> list[str]:
    """Their numbers, and the names that say more."""
    return [str(number) if name == str(number) else f"{number} {name}" for number, name in enumerate(names)]
