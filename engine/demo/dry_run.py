"""A dry run of the bundle: a few portraits are painted, and every stage makes one step on them. Nothing is kept.

The networks have their real sizes and no training, so that time and memory are those of the real stages.
"""

import shutil
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from ..checkpoints import Checkpoint
from ..dualstylegan.training.estimate import PAIRED
from ..encoders.compact import SEEN
from ..errors import TrainingError
from ..metrics.distribution import torchmetrics_of
from ..numerics import choose_dtype
from ..progress import Progress
from ..synthetic.dataset import code
from ..synthetic.painter import paint
from ..synthetic.parameters import parameters
from ..synthetic.styles import PaintedStyle
from ..training.rehearsal import Estimate, rehearse
from ..training.saves import seen_before
from ..training.schedule import Schedule
from ..training.task import Task
from .data import level
from .dualstylegan import dual_training, on_base
from .make import METHODS, PARTS, Recipe, parts_of, portraits_for, train_face_networks, train_faces
from .methods import Material, base_of, find_base
from .paintings import cores
from .run import Run

__all__ = ["DryRun", "dry_run"]

TIMED = ("comic", "oil", "toon")  # painted styles whose time is measured
FEW = 8  # portraits that are painted of each kind; people of both attributes are among them
EXEMPLARS = 2  # of DualStyleGAN
DUALSTYLEGAN = "dualstylegan"
OTHER_BYTES = 2 * 68 * 4 + 1  # of a portrait's landmarks and of the mark that it is done
ADAM = 2  # numbers that the optimizer keeps for each parameter

Stage = Callable[[str], Progress]


@dataclass(frozen=True, kw_only=True)
class DryRun:
    """What making the bundle will need.

    Attributes:
        stages: time and memory of what is left of each stage, by the name of its folder.
        painting: seconds until all portraits are painted.
        space: bytes on disk, of portraits and states together, at the most.
        free: bytes that are free there.
    """

    stages: Mapping[str, Estimate]
    painting: float
    space: int
    free: int

    @property
    def whole(self) -> Estimate:
        """Time of everything, and the memory of the largest stage."""
        found = list(self.stages.values())
        return Estimate(
            seconds=self.painting + sum(stage.seconds for stage in found),
            memory=max((stage.memory for stage in found), default=0),
            measured=all(stage.measured for stage in found),
        )


@dataclass(frozen=True, kw_only=True)
class _Rehearsal(Run):
    """A run whose stages make one step. `resumed` is the folder of the real run."""

    resumed: Path
    estimates: dict[str, Estimate] = field(default_factory=dict)
    states: dict[str, int] = field(default_factory=dict)

    def train(self, task: Task, schedule: Schedule, name: str, progress: Progress) -> None:
        seen = min(schedule.images, seen_before(self.resumed / name))
        estimate = rehearse(task, schedule, device=self.device)
        self.estimates[name] = estimate.of(1 - seen / schedule.images)
        self.states[name] = _state_bytes(task) * (schedule.keep + 1)  # the newest is written before the oldest is removed


@dataclass(frozen=True)
class _Paintings:
    """Some of what is painted: in a folder of the run, as arrays or as files."""

    folder: str
    side: int
    count: int
    styled: bool = True

    @property
    def bytes(self) -> int:
        """Of one of them: colours and classes of the pixels, and landmarks. A file is smaller."""
        return 4 * self.side**2 + OTHER_BYTES

    def missing(self, run: Path) -> int:
        """How many are not painted yet."""
        done = run / self.folder / "done.npy"
        ready = int(np.load(done).sum()) if done.is_file() else sum(1 for _ in (run / self.folder).glob("**/*.png"))
        return max(0, self.count - ready)


def dry_run(
    folder: Path,
    out: Path,
    *,
    recipe: Recipe,
    device: torch.device,
    only: Collection[str] = (),
    base: Path | None = None,
    portraits: Path | None = None,
    start_from: Path | None = None,
    stage: Stage,
) -> DryRun:
    """Do what `make` does, on a few portraits and for one step a stage, in a folder that is removed again.

    The report about the base is left out.

    Args:
        folder, out, recipe, device, only, base, portraits, start_from, stage: as for `make`.

    Raises:
        TrainingError: as `make`; or a folder can't be written, or its disk is too small.
        PasticheError: as `make`.
    """
    wanted = parts_of(only, base)
    torchmetrics_of("fid")
    _existing(out)
    found = None if "faces" in wanted or wanted == {"perception"} else find_base(base, out)
    with TemporaryDirectory(prefix=".pastiche-", dir=_existing(folder), ignore_cleanup_errors=True) as place:
        held_out = 0 if portraits is None else recipe.portraits.held_out
        precision = choose_dtype("auto", device)
        run = _Rehearsal(folder=Path(place), device=device, precision=precision, held_out=held_out, resumed=folder)
        _rehearse_parts(wanted, run, _little(recipe), found, portraits, start_from, stage)
    if "destylization" in run.estimates:
        share = recipe.dual.manners.exemplars / EXEMPLARS
        run.estimates["destylization"] = run.estimates["destylization"].of(share)
    left = [(kind, kind.missing(folder)) for kind in _kinds(recipe, wanted, portraits=portraits is None)]
    ways = {(kind.side, kind.styled) for kind, count in left if count}
    seconds = {way: _painting_seconds(*way, device) for way in ways}
    plan = DryRun(
        stages=run.estimates,
        painting=sum(count * seconds[kind.side, kind.styled] for kind, count in left if count),
        space=sum(count * kind.bytes for kind, count in left) + sum(run.states.values()),
        free=shutil.disk_usage(_existing(folder)).free,
    )
    if plan.space > plan.free:
        raise TrainingError(
            f"{folder} needs up to {plan.space / 2**30:.1f} GB, and {plan.free / 2**30:.1f} GB are free on its disk: choose "
            "another folder with --run, or some of the parts with --only"
        )
    return plan


def _rehearse_parts(
    wanted: set[str],
    run: _Rehearsal,
    little: Recipe,
    base: Checkpoint | None,
    portraits: Path | None,
    start_from: Path | None,
    stage: Stage,
) -> None:
    """As `make`, without the report and without files of the methods' models."""
    out = run.folder / "bundle"
    given = portraits_for(run.folder, little.portraits, run.device, stage, portraits, varied="faces" in wanted)
    levels, painted = given.levels, given.painted
    if "faces" in wanted:
        train_faces(given, run, out, recipe=little, stage=stage)
    if "perception" in wanted:
        train_face_networks(level(levels, SEEN), painted, run, out, recipe=little, stage=stage)
    if wanted <= set(PARTS):
        return
    material = Material(
        base=base or base_of(None, out), levels=tuple(levels), painted=painted, run=run, stage=stage, earlier=start_from
    )
    for name, learn in METHODS.items():
        if name in wanted:
            _rehearse_dual(material, run, little) if name == DUALSTYLEGAN else learn(material, little)


def _rehearse_dual(material: Material, run: _Rehearsal, little: Recipe) -> None:
    """DualStyleGAN's training rehearses its own stages; of a model that is trained on, the one that goes on."""
    start = material.start(DUALSTYLEGAN)
    base = material.base if start is None else on_base(start, material.base)
    training = dual_training(base, material.plain, run, recipe=little.dual, stage=material.stage)
    estimates = training.estimate()
    if start is not None:
        run.estimates.update({name: estimate for name, estimate in estimates.items() if name.startswith(PAIRED)})
        return
    run.estimates.update(estimates)
    for task in (training.source_task(), training.target_task(training.random_pairs())):
        run.states[f"dualstylegan {type(task).__name__}"] = 3 * _state_bytes(task)


def _little(recipe: Recipe) -> Recipe:
    """The recipe with a few portraits of each kind. Its networks, batches and numbers of images stay."""
    small = recipe.regression.stages[-1][0]  # coarse images cost less by their area, and are counted so
    images = round(sum(count * (side / small) ** 2 for side, count in recipe.regression.stages))
    sizes = tuple((side, FEW) for side, _ in recipe.portraits.levels)
    agile, dual = recipe.agile, recipe.dual
    return replace(
        recipe,
        portraits=replace(
            recipe.portraits,
            levels=sizes,
            painted=(recipe.portraits.painted[0], FEW),
            varied=(recipe.portraits.varied[0], FEW),
            held_out=0,
        ),
        regression=replace(recipe.regression, stages=((small, images),)),
        agile=replace(agile, pairs=(agile.pairs[0], FEW), exemplars=(agile.exemplars[0], FEW)),
        blend=replace(recipe.blend, coarse=FEW, manners=FEW),
        dual=replace(dual, manners=replace(dual.manners, exemplars=EXEMPLARS, paintings=FEW - EXEMPLARS)),
    )


def _kinds(recipe: Recipe, wanted: Collection[str], *, portraits: bool) -> list[_Paintings]:
    """All that is painted for the parts."""
    kinds = []
    if portraits:
        kinds += [_Paintings(f"portraits-{side}", side, count, styled=False) for side, count in recipe.portraits.levels]
        kinds.append(_Paintings("painted", *recipe.portraits.painted))
    if portraits and "faces" in wanted:
        kinds.append(_Paintings("varied", *recipe.portraits.varied, styled=False))
    if "agilegan" in wanted:
        sizes = (recipe.agile.pairs, recipe.agile.exemplars)
        kinds += [
            _Paintings(f"manners/{name}-{seed}-{side}", side, count)
            for name, seed in recipe.agile.styles
            for side, count in sizes
        ]
    if "blendgan" in wanted:
        (side, count), blend, seed = recipe.portraits.painted, recipe.blend, recipe.portraits.seed
        more = max(0, blend.coarse - count)
        kinds.append(_Paintings("blendgan/more", side, more))
        kinds.append(_Paintings("blendgan/twins", side, count + more))
        kinds += [_Paintings(f"blendgan/fine-{at}", blend.side, blend.manners) for at in (seed, seed + 1)]
    if "dualstylegan" in wanted:
        manners = recipe.dual.manners
        kinds.append(_Paintings("dualstylegan/paintings", manners.side, manners.paintings))
        kinds.append(_Paintings("dualstylegan/exemplars", recipe.portraits.levels[-1][0], manners.exemplars))
    return kinds


def _painting_seconds(side: int, styled: bool, device: torch.device) -> float:
    """Seconds for one of these portraits: on a GPU, where plain portraits are painted, or shared by the cores."""
    z = code(0)[None]
    begun = time.perf_counter()
    if not styled:
        paint(parameters(z.to(device)), side).images.cpu()
        return (time.perf_counter() - begun) / (1 if device.type != "cpu" else cores())
    for name in TIMED:
        PaintedStyle(name, 0)(parameters(z), side)
    return (time.perf_counter() - begun) / len(TIMED) / cores()


def _state_bytes(task: Task) -> int:
    """Of a saved state: weights, moving averages, and what Adam keeps."""
    learned: int = sum(
        value.nbytes for optimizer in task.optimizers.values() for group in optimizer.param_groups for value in group["params"]
    )
    modules = (*task.networks.values(), *task.averages.values())
    kept = sum(value.nbytes for module in modules for value in (*module.parameters(), *module.buffers()))
    return kept + ADAM * learned


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists.

    Raises:
        TrainingError: nothing can be written there.
    """
    found = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    try:
        with TemporaryDirectory(prefix=".pastiche-", dir=found):
            return found
    except OSError as error:
        raise TrainingError(f"{folder} can't be written ({error.strerror}): choose another folder") from error
