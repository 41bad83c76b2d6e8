"""Training of the demo bundle's AgileGAN: the hierarchical VAE, and a generator with paths for women and men in each style.

Both are the method's own trainings. What is ours is the data: the painter draws the same person plain and in a style, so the
stylized portrait of each code is known, and most of the transfer is a regression. A short part with the paper's losses follows.
"""

import os
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from ..agilegan.generator import AgileGenerator
from ..agilegan.training.config import AgileTransfer
from ..agilegan.training.pairs import Pairs
from ..agilegan.training.structure import Structure
from ..agilegan.training.transfer import agile_task, finished, schedule_of, snapshot_taker
from ..checkpoints import Checkpoint
from ..encoders.compact import SEEN, CompactEncoder
from ..encoders.compact_methods import CompactVariationalEncoder
from ..encoders.training.features import perception_of
from ..errors import TrainingError
from ..progress import Progress, Step, in_turn
from ..synthetic.dataset import PortraitDataset
from ..synthetic.styles import PaintedStyle
from ..training.data import PictureDataset
from .data import painted_codes
from .manner import paint_people, people_of
from .method_recipes import AgileStyles
from .recipe import Encoding
from .run import Run
from .variational import enlarged, learn_variational

__all__ = ["Paintings", "learn_agilegan", "paint_styles", "paired_with", "transfer_to_style"]

SEED = 14
ENCODER = "agilegan-encoder"  # name of its file
READ_AT_ONCE = 32

Stage = Callable[[str], Progress]


@dataclass(frozen=True)
class Paintings:
    """The people of one style, by attribute: many small ones for pairs, and fewer of the generator's size as exemplars."""

    pairs: Mapping[str, PictureDataset]
    exemplars: Mapping[str, PictureDataset]


def paint_styles(
    folder: Path, plain: PortraitDataset, held_out: int, *, recipe: AgileStyles, stage: Stage
) -> dict[str, Paintings]:
    """Paint the people of every style, or those who are missing.

    Args:
        folder: gets a folder for each style and size.
        plain: whose first people are painted.
        held_out: number of those who are not.
        stage: called with the name of each stage; returns its progress callback.

    Returns:
        the paintings by the name of the style.
    """
    people = painted_codes([plain], held_out).tolist()

    def painted(style: PaintedStyle, size: tuple[int, int]) -> dict[str, PictureDataset]:
        side, count = size
        chosen = people[:count]
        progress = stage(f"painting {style.name} portraits of {side} pixels")
        return paint_people(
            folder / f"{style.name}-{style.seed}-{side}",
            style,
            chosen,
            side,
            seed=plain.seed,
            workers=os.cpu_count() or 1,
            progress=lambda ready: progress(Step(index=ready, total=len(chosen))),
        )

    styles = [PaintedStyle(name, seed) for name, seed in recipe.styles]
    return {
        style.name: Paintings(pairs=painted(style, recipe.pairs), exemplars=painted(style, recipe.exemplars))
        for style in styles
    }


def learn_agilegan(
    base: Checkpoint,
    plain: PortraitDataset,
    painted: PortraitDataset,
    run: Run,
    *,
    recipe: AgileStyles,
    encoding: Encoding,
    stage: Stage,
    start: Callable[[str], Checkpoint | None] = lambda _name: None,
) -> dict[str, Checkpoint]:
    """Train the hierarchical VAE and the generators.

    Args:
        base: generator, discriminator and encoder of the bundle; stays as it is.
        plain, painted, encoding: as for `learn_variational`.
        stage: called with the name of each stage; returns its progress callback.
        start: called with the name of each file; returns what is trained on, or None for a new network.

    Returns:
        by the names of their files: ``agilegan-encoder``, the hierarchical VAE, and ``agilegan-STYLE``, a generator with its
        paths for each style.

    Raises:
        TrainingError: the base has another encoder than `CompactEncoder`, or no discriminator; or as `training.loop.train`.
    """
    if not isinstance(base.encoder, CompactEncoder) or base.discriminator is None:
        raise TrainingError(
            f"{base.source} lacks a compact encoder or a discriminator, from which AgileGAN's networks start: give the base of "
            "the bundle"
        )
    network, trained = deepcopy(base.discriminator), start(ENCODER)
    paintings = paint_styles(run.folder / "manners", plain, run.held_out, recipe=recipe, stage=stage)
    encoder = learn_variational(
        base.stylegan2,
        base.encoder,
        perception_of(network),
        plain,
        painted,
        run,
        recipe=recipe,
        encoding=encoding,
        progress=stage("training the hierarchical VAE"),
        start=None if trained is None else _variational(trained),
    )
    made = {ENCODER: Checkpoint(architecture="hvae", encoder=encoder)}
    for name, found in paintings.items():
        before = start(f"agilegan-{name}")
        generator = transfer_to_style(
            base,
            encoder,
            Structure(network),
            found,
            plain,
            run,
            name=name,
            recipe=recipe,
            stage=stage,
            start=None if before is None else _paths(before),
        )
        made[f"agilegan-{name}"] = Checkpoint(architecture="agilegan", generator=generator)
    return made


def transfer_to_style(
    base: Checkpoint,
    encoder: CompactVariationalEncoder,
    structure: Structure,
    paintings: Paintings,
    plain: PortraitDataset,
    run: Run,
    *,
    name: str,
    recipe: AgileStyles,
    stage: Stage,
    start: AgileGenerator | None = None,
) -> AgileGenerator:
    """Train the generator of one style: by pairs, then with the paper's losses too.

    Args:
        encoder: the hierarchical VAE.
        structure: the structural distance.
        paintings: of the style.
        name: of the style.
        start: is trained on; by default the base, with a path for each attribute.

    Returns:
        the moving average, on the CPU.
    """

    def trained(
        settings: AgileTransfer, pairs: Mapping[str, PictureDataset], part: str, shown: str, start: AgileGenerator | None
    ) -> AgileGenerator:
        known = {attribute: paired_with(pictures, plain, encoder) for attribute, pictures in pairs.items()}
        task = agile_task(base, paintings.exemplars, settings, structure=structure, pairs=known, start=start)
        schedule = schedule_of(settings, seed=SEED, precision=run.precision_name)
        task.check_batch(schedule)
        stage_name = f"agilegan-{name}/{part}"
        folder = run.folder / stage_name
        progress = in_turn(snapshot_taker(task, base, folder), stage(shown))
        run.train(task, schedule, stage_name, progress)
        finished(task, base, folder)
        return task.average

    for side, settings in recipe.copying:
        small = {attribute: pictures.resized(side) for attribute, pictures in paintings.pairs.items()}
        start = trained(settings, small, f"copying-{side}", f"copying the {name} style at {side} pixels", start)
    return trained(recipe.sharpening, paintings.exemplars, "sharpening", f"sharpening the {name} style", start).cpu()


def _variational(checkpoint: Checkpoint) -> CompactVariationalEncoder:
    if not isinstance(checkpoint.encoder, CompactVariationalEncoder):
        raise TrainingError(f"{checkpoint.source} holds no compact hierarchical VAE: give the folder of a bundle to start from")
    return checkpoint.encoder.requires_grad_(True)


def _paths(checkpoint: Checkpoint) -> AgileGenerator:
    if not isinstance(checkpoint.generator, AgileGenerator):
        raise TrainingError(f"{checkpoint.source} holds no AgileGAN: give the folder of a bundle to start from")
    return checkpoint.generator.requires_grad_(True)


@torch.no_grad()
def paired_with(pictures: PictureDataset, plain: PortraitDataset, encoder: CompactVariationalEncoder) -> Pairs:
    """The codes of people's paintings, two for each: the painter's own z, and what the encoder reads in the plain portrait.

    The second includes what the painter's coordinates only threshold, and is of the kind that the style will be used with.
    """
    people = np.array(people_of(pictures))
    parts = np.array_split(people, max(1, len(people) // READ_AT_ONCE))
    read = [encoder(enlarged(F.adaptive_avg_pool2d(plain.batch(part)[1], SEEN))).codes for part in parts]
    z = plain.batch(people)[0]
    own = z[:, None].expand(-1, encoder.num_layers, -1)
    return Pairs(torch.cat([own, *read]), pictures.subset([*range(len(pictures))] * 2))
