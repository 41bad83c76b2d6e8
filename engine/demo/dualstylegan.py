"""The demo bundle's DualStyleGAN: one painted family, by the method's own training, with the painter's pairs beside it.

Where photographs leave everything to destylization, the painter knows the person in each of its paintings. So the exemplars'
intrinsic codes are their people's own, and a paired loss is added (`dualstylegan.training.paired`), first alone and then beside
the losses of style transfer. Extrinsic codes, style transfer, refinement and sampling network are the method's.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from ..checkpoints import Checkpoint
from ..dualstylegan.training import DualTraining, Paintings, Start
from ..dualstylegan.training.target import Pairs
from ..encoders.compact import CompactEncoder
from ..errors import TrainingError
from ..inversion import encode
from ..progress import Progress, Step
from ..stylegan2 import Generator
from ..synthetic.dataset import PortraitDataset, code
from ..training.data import PictureDataset
from ..training.sources import FolderSource
from .method_recipes import DualStyling
from .paintings import PaintingDataset, cores, paint_exemplars, paint_paintings
from .run import Run

__all__ = ["dual_training", "learn_dualstylegan", "on_base", "paintings_of"]

FOLDER = "dualstylegan"
CHUNK = 32  # portraits that the encoder reads together


def learn_dualstylegan(
    base: Checkpoint,
    plain: PortraitDataset,
    run: Run,
    *,
    recipe: DualStyling,
    stage: Callable[[str], Progress],
    start: Checkpoint | None = None,
) -> Checkpoint:
    """Paint the exemplars and the pairs, and train on them.

    Args:
        base, plain, stage: as for `dual_training`.
        start: a DualStyleGAN of the same exemplars on this base, whose codes and sampling network stay, and whose generator
            is trained on with pairs; None to go through all stages.

    Returns:
        generator, exemplars and sampling network, with the discriminator and encoder of `base`; to be stored as the
        difference from it.

    Raises:
        TrainingError: there are too few portraits, `start` has other exemplars, or the folder is of another training.
    """
    if start is not None:
        return _trained_on(start, base, plain, run, recipe=recipe, stage=stage)
    finished = dual_training(base, plain, run, recipe=recipe, stage=stage).run()
    # the base's own, which tunes generators to people, and costs nothing in a file that is a difference from the base
    return replace(on_base(finished, base), options={})


def on_base(start: Checkpoint, base: Checkpoint) -> Checkpoint:
    """A DualStyleGAN with discriminator and encoder of its base."""
    return replace(start, discriminator=base.discriminator, encoder=base.encoder)


def _trained_on(
    start: Checkpoint,
    base: Checkpoint,
    plain: PortraitDataset,
    run: Run,
    *,
    recipe: DualStyling,
    stage: Callable[[str], Progress],
) -> Checkpoint:
    exemplars, wanted = start.exemplars, recipe.manners.exemplars
    if exemplars is None or len(exemplars.codes) != wanted:
        found = "no exemplars" if exemplars is None else f"{len(exemplars.codes)} exemplars"
        raise TrainingError(
            f"{start.source} holds {found}, and this preset paints {wanted}: choose another --preset, or leave --start-from out"
        )
    given = on_base(start, base)
    training = dual_training(given, plain, run, recipe=recipe, stage=stage)
    training.copy_paintings(Pairs(exemplars.codes, exemplars.codes))  # of which only the extrinsic ones are used
    return replace(given, generator=training.average.requires_grad_(False).eval().cpu(), options={})


def dual_training(
    base: Checkpoint, plain: PortraitDataset, run: Run, *, recipe: DualStyling, stage: Callable[[str], Progress]
) -> DualTraining:
    """Paint the exemplars and the pairs, and prepare the training on them.

    Args:
        base: generator, discriminator and encoder of the bundle; or a DualStyleGAN with these.
        plain: portraits of the people that the paintings show.
        stage: called with the name of each stage; returns its progress callback.

    Raises:
        TrainingError: there are too few portraits.
    """
    folder, side, manners = run.folder / FOLDER, base.stylegan2.resolution, recipe.manners
    progress = stage("painting for DualStyleGAN")
    dataset = paint_paintings(
        folder / "paintings",
        manners,
        people=run.held_out + manners.exemplars,
        seed=plain.seed,
        workers=cores(),
        progress=lambda ready: progress(Step(index=ready, total=manners.paintings)),
    )
    paint_exemplars(folder / "exemplars", manners, first=run.held_out, seed=plain.seed, side=side)
    people = torch.stack([code(run.held_out + number, plain.seed) for number in range(manners.exemplars)])
    start = Start(
        checkpoint=base,
        pictures=PictureDataset(FolderSource(folder / "exemplars"), side),
        people=people[:, None].repeat(1, base.stylegan2.num_layers, 1),
        paintings=paintings_of(dataset, plain, base),
    )
    numbers = replace(recipe.training, precision=run.precision_name)
    return DualTraining(start, numbers, folder=folder / "run", device=run.device, stage=stage)


@torch.no_grad()
def paintings_of(dataset: PaintingDataset, plain: PortraitDataset, base: Checkpoint) -> Paintings:
    """The paintings that are ready and whose people have a plain portrait.

    A person is known in two ways: by the code that they were painted from, and by what the encoder reads in their portrait.
    """
    portrayed = plain.done[: len(plain)]
    numbers = [int(n) for n in dataset.ready() if dataset.person(int(n)) < len(plain) and portrayed[dataset.person(int(n))]]
    if not numbers:
        raise TrainingError("no painting shows a person of whom there is a plain portrait: paint more portraits")
    chosen = torch.tensor(numbers)
    exemplars = torch.tensor([dataset.exemplars(number) for number in numbers])
    return Paintings(
        faces=_faces(torch.tensor([dataset.person(number) for number in numbers]), plain, base),
        person=torch.arange(len(numbers)),
        structure=exemplars[:, 0],
        color=exemplars[:, 1],
        pictures=lambda picked: dataset.batch(chosen[picked]),
    )


def _faces(indices: Tensor, plain: PortraitDataset, base: Checkpoint) -> Tensor:
    """w+ ``[2, N, L, D]``: of the people's own codes, and of what the encoder reads."""
    generator, encoder = base.stylegan2, base.encoder
    assert isinstance(generator, Generator)
    assert isinstance(encoder, CompactEncoder)
    ways: tuple[list[Tensor], list[Tensor]] = ([], [])
    for part in indices.split(CHUNK):
        z, portraits, _ = plain.batch(part.numpy())
        ways[0].append(generator.broadcast(generator.mapping(z)))
        ways[1].append(encode(portraits, encoder, generator).codes)
    return torch.stack([torch.cat(way) for way in ways])
