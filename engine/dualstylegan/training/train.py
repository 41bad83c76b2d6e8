"""DualStyleGAN's training from pictures of a style to a checkpoint with exemplars and sampler, in resumable stages."""

import logging
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...checkpoints import Checkpoint, save
from ...errors import TrainingError
from ...progress import Progress, Step, silent
from ...stylegan2 import Generator
from ...stylegan2.fingerprint import fingerprint
from ...stylegan2.training import StyleGAN2Training, train_stylegan2
from ...training.loop import train
from ...training.processes import Processes, join
from ...training.rehearsal import Estimate
from ...training.schedule import Schedule
from ...training.task import Task
from ..exemplars import Exemplars, ExemplarTable
from ..generator import DualStyleGenerator
from ..sampler import CodeSampler
from .config import DualRecipe, Pairing
from .destylize import destylize, extrinsic_codes
from .embed import Embedding, embedding_for
from .estimate import PAIRED, of_stages
from .imle import learn_sampler
from .ledger import in_groups
from .loss_networks import find_loss_networks
from .paired import Copying, PairedTask
from .pictures import Pictures
from .players import Players, plain_copy, with_extrinsic_path
from .refine import refine
from .run import check_run, settle_run
from .source import SourceTask
from .start import Start
from .target import Pairs, TargetTask

__all__ = ["DualTraining"]

log = logging.getLogger(__name__)

TUNED, PAIRS, STRUCTURED, STYLED = "1-tuned", "2-pairs.safetensors", "3-structure", "4-style"
REFINED = "5-refined.safetensors"
STRUCTURE = "structure.safetensors"  # what the training of another style can start from
SHEET_EVERY = 100  # iterations between two sample sheets
CALIBRATING = 16  # pictures that set the scale of stand-ins for published networks


class DualTraining:
    """All stages of the training of one style.

        1-tuned       a generator fine-tuned to the style, for destylization
        2-pairs       destylization: codes of every picture. Where the people are known, there is no tuned generator
        3-structure   structure transfer on the source domain
        4-paired-0    paired portraits alone, if there are any: the first stage; 4-paired-1 and so on
        4-style       style transfer on the target domain
        5-refined     better codes
        6-sampler     the sampling network

    Args:
        start: networks and pictures. Networks are copied.
        recipe: every number.
        folder: for the states of the stages; a later training with the same recipe, pictures and seed goes on from there.
        device: as `find_device` takes it.
        stage: called with the name of each stage; gives what to call after its steps.

    Raises:
        TrainingError: the checkpoint lacks a network, or the folder is of another training.
    """

    def __init__(
        self,
        start: Start,
        recipe: DualRecipe,
        *,
        folder: Path,
        device: str | torch.device = "auto",
        stage: Callable[[str], Progress] = lambda _: silent,
    ) -> None:
        self.start, self.recipe, self.folder, self.stage = start, recipe, folder, stage
        self.processes: Processes = join(device)
        self.device = self.processes.device
        self.seed = recipe.seed
        self.encoder = start.encoder or start.checkpoint.encoder
        generator, discriminator = start.pair()
        self._check_batches(discriminator.config.group_size)
        self.finished_structure = isinstance(generator, DualStyleGenerator)
        with torch.inference_mode(False):
            self.plain = plain_copy(generator).to(self.device).requires_grad_(False)
            self.critic = discriminator
            dual = with_extrinsic_path(generator, recipe.seed, structure_channels=recipe.structure_channels)
            self.players = Players(dual, deepcopy(discriminator), recipe.adversary)
            self.average = self.players.average
            shown = torch.arange(min(CALIBRATING, len(start.pictures)))
            self.loss_networks = find_loss_networks(
                discriminator,
                start.pictures.batch(shown, device=self.device),
                folders=start.folders,
                arcface=start.arcface,
            )
        self.pictures = Pictures(start.pictures, mirror=recipe.transfer.mirror)

    def run(self) -> Checkpoint:
        """Go through all stages.

        Returns:
            the generator with its extrinsic path, the discriminator, the exemplars and the sampling network; on the CPU.

        Raises:
            TrainingError: a loss is not finite, memory is exhausted, or a state can't be resumed or written.
            Cancelled: the user asked to stop; the same training in the same folder goes on.
        """
        self._check_people()
        if self.processes.main:
            settle_run(self.folder, self.facts())
        pairs = self.destylize()
        self.transfer_structure()
        self.copy_paintings(pairs)
        self.transfer_style(pairs)
        exemplars = self.refine(pairs)
        sampler = self.learn_sampler(exemplars)
        return Checkpoint(
            architecture="dualstylegan",
            generator=self.average.requires_grad_(False).eval(),
            discriminator=self.players.discriminator.requires_grad_(False).eval(),
            encoder=self.start.checkpoint.encoder,
            exemplars=ExemplarTable.of(exemplars),
            sampler=sampler,
            options={"recipe": asdict(self.recipe), "loss_networks": self.loss_networks.names},
            source=self.start.checkpoint.source,
            license=self.start.checkpoint.license,
        ).to("cpu")

    def destylize(self) -> Pairs:
        """Codes of every picture, and of its mirror image if they count as exemplars."""
        path, settings = self.folder / PAIRS, self.recipe.destylizing
        if self.known(PAIRS) == len(self.pictures):
            return _pairs(in_groups(path, len(self.pictures), settings.batch, _never))
        embed, name = self._embedding()
        log.info("codes come from %s", name)
        tuned = None if self.start.people is not None else self.tune()
        progress = self.stage("destylization")

        def compute(numbers: Tensor) -> dict[str, Tensor]:
            portraits = self.pictures.exemplars(numbers, self.device)
            if tuned is None:
                return self._read(portraits, numbers, embed)
            pairs = destylize(
                portraits,
                self.plain,
                tuned,
                embed,
                self.loss_networks,
                settings,
                colors_from=self.average.config.structure_rows + 1,
                seed=self.seed + int(numbers[0]),
                progress=part_of(progress, int(numbers[0]), len(numbers), len(self.pictures)),
            )
            return {"intrinsic": pairs.intrinsic, "extrinsic": pairs.extrinsic}

        return _pairs(in_groups(path, len(self.pictures), settings.batch, compute, write=self.processes.main))

    def tune(self) -> Generator:
        """A generator that draws the style, for destylization alone; frozen."""
        start = replace(self.start.checkpoint, generator=self.plain, discriminator=self.critic)
        finished = train_stylegan2(
            self.start.pictures,
            self.tuning(),
            self.schedule(self.recipe.tuning.iterations, self.recipe.tuning.batch),
            folder=self.folder / TUNED,
            start=start,
            device=self.device,
            progress=self.stage("fine-tuning for destylization"),
        )
        return finished.stylegan2.to(self.device)

    def transfer_structure(self) -> None:
        """Structure transfer on faces, unless the start has it."""
        if self.finished_structure:
            log.info("%s has an extrinsic path: structure transfer on faces is left out", self.start.checkpoint.source)
            return
        task = self.source_task()
        self._train("structure transfer on faces", STRUCTURED, task, task.iterations, self.recipe.structure.batch)
        path = self.folder / STRUCTURE
        if self.processes.main and not path.exists():
            checkpoint = replace(self.start.checkpoint, architecture="dualstylegan", generator=self.average)
            save(replace(checkpoint, discriminator=self.players.discriminator), path)

    def copy_paintings(self, pairs: Pairs) -> None:
        """Learn from paired portraits alone. Not the paper's."""
        for name, settings in self.paired_stages().items():
            task = PairedTask(self.players, self.copying(pairs, settings))
            self._train(f"{PAIRED} at {settings.side} pixels", name, task, settings.iterations, settings.batch)

    def transfer_style(self, pairs: Pairs) -> None:
        """Style transfer on the pictures. Models to choose from are kept in ``4-style/models``, with unrefined codes."""
        settings, folder = self.recipe.transfer, STYLED
        models = self.folder / folder / "models"
        exemplars = ExemplarTable.of(Exemplars(self.names, pairs.extrinsic[: len(self.names)]))

        def keep(step: Step) -> None:
            iteration = step.index // settings.batch
            if settings.keep_every and iteration % settings.keep_every == 0:
                models.mkdir(exist_ok=True)
                checkpoint = replace(self.start.checkpoint, architecture="dualstylegan", generator=self.average)
                save(replace(checkpoint, discriminator=None, exemplars=exemplars), models / f"{iteration:06d}.safetensors")

        self._train("style transfer", folder, self.target_task(pairs), settings.iterations, settings.batch, keep)

    def refine(self, pairs: Pairs) -> Exemplars:
        """The exemplars' codes, optimised with the trained generator. Mirror images are no exemplars any more."""
        count, settings = len(self.start.pictures), self.recipe.refining
        if not settings.steps:
            return Exemplars(self.names, pairs.extrinsic[:count])
        progress = self.stage("refinement of the exemplars")

        def compute(numbers: Tensor) -> dict[str, Tensor]:
            codes = refine(
                self.pictures.exemplars(numbers, self.device),
                Pairs(pairs.intrinsic[numbers], pairs.extrinsic[numbers]),
                self.average,
                self.loss_networks,
                settings,
                contextual_side=self.recipe.transfer.contextual_side,
                seed=self.seed + int(numbers[0]),
                progress=part_of(progress, int(numbers[0]), len(numbers), count),
            )
            return {"extrinsic": codes}

        path = self.folder / REFINED
        return Exemplars(self.names, in_groups(path, count, settings.batch, compute, write=self.processes.main)["extrinsic"])

    def learn_sampler(self, exemplars: Exemplars) -> CodeSampler:
        """The sampling network."""
        return learn_sampler(
            exemplars.codes,
            self.average.config.structure_rows,
            self.recipe.sampling,
            folder=self.folder / "6-sampler",
            device=self.device,
            seed=self.seed,
            progress=self.stage("sampling network"),
            write=self.processes.main,
        )

    def estimate(self) -> dict[str, Estimate]:
        """Time and memory of every stage that is not done; see `of_stages`. Nothing is changed or written.

        Raises:
            PasticheError: what the training would raise in its first steps.
        """
        check_run(self.folder, self.facts())
        return of_stages(self)

    @property
    def names(self) -> list[str]:
        """Names of the exemplars, all different: their files', without the ending that aligning added."""
        names = self.start.pictures.names
        short = [name.removesuffix(".png") for name in names]
        return short if all(Path(name).suffix for name in short) and len(set(short)) == len(short) else names

    def source_task(self) -> SourceTask:
        """Structure transfer, for `train` or `rehearse`."""
        faces = None if self.start.faces is None else Pictures(self.start.faces)
        settings, adversary = self.recipe.structure, self.recipe.adversary
        return SourceTask(self.players, settings, adversary, self.loss_networks, pictures=faces, encoder=self.encoder)

    def target_task(self, pairs: Pairs) -> TargetTask:
        """Style transfer, for `train` or `rehearse`."""
        pictures = Pictures(self.start.pictures, mirror=self.recipe.transfer.mirror)
        settings, adversary, pairing = self.recipe.transfer, self.recipe.adversary, self.recipe.pairing
        compared = pairing[-1] if pairing else Pairing()
        copying = None if self.start.paintings is None else self.copying(pairs, compared)
        return TargetTask(self.players, settings, adversary, self.loss_networks, pictures, pairs, copying)

    def paired_stages(self) -> dict[str, Pairing]:
        """The stages on paired portraits and the names of their folders; empty if there are no such portraits."""
        if self.start.paintings is None:
            return {}
        return {f"4-paired-{number}": settings for number, settings in enumerate(self.recipe.pairing)}

    def copying(self, pairs: Pairs, settings: Pairing) -> Copying:
        """Of the paired portraits."""
        assert self.start.paintings is not None
        with torch.no_grad():
            styles = self.plain.mapping(pairs.extrinsic.to(self.device)).cpu()
        return Copying(self.players.generator, self.start.paintings, styles, settings)

    def random_pairs(self) -> Pairs:
        """Random codes in the place of those that destylization finds, for a rehearsal."""
        generator, rng = self.plain, torch.Generator().manual_seed(self.seed)
        shape = (len(self.pictures), generator.num_layers, generator.config.z_dim)
        return Pairs(torch.randn(shape, generator=rng), torch.randn(shape, generator=rng))

    def tuning(self) -> StyleGAN2Training:
        """Settings of the fine-tuning."""
        adversary = self.recipe.adversary
        return StyleGAN2Training(
            resolution=self.plain.resolution,
            lr=adversary.lr,
            r1=adversary.r1,
            r1_every=adversary.r1_every,
            path_weight=adversary.path,
            path_every=adversary.path_every,
            mixing=adversary.mixing,
            augment="bgc" if adversary.augment else "none",
        )

    def schedule(self, iterations: int, batch: int) -> Schedule:
        """The schedule of a stage."""
        return Schedule(
            images=iterations * batch,
            batch=batch,
            average_images=self.recipe.adversary.average * batch,
            average_ramp=None,
            sample_images=SHEET_EVERY * batch,
            log_images=10 * batch,
            precision=self.recipe.precision,
            accumulate=self.recipe.accumulate,
            seed=self.seed,
        )

    def facts(self) -> dict[str, Any]:
        """What must not change between two trainings in one folder."""
        return {
            "recipe": asdict(replace(self.recipe, precision="auto", accumulate=1)),
            "generator": fingerprint(self.plain),
            "pictures": self.names,
            "paintings": 0 if self.start.paintings is None else len(self.start.paintings),
            "resolution": self.start.pictures.resolution,
        }

    def _check_batches(self, group: int) -> None:
        """Refuse batches that a discriminator can't take, now and not after hours."""
        recipe = self.recipe
        for name, stage in (("tuning", recipe.tuning), ("structure", recipe.structure), ("transfer", recipe.transfer)):
            count = self.schedule(1, stage.batch).share(self.processes.world)
            if count > group and count % group:
                raise TrainingError(
                    f"{name}.batch is {stage.batch}, of which a process sees {count} images at a time; the discriminator takes "
                    f"up to {group}, or a multiple of {group}: change {name}.batch or accumulate"
                )

    def _check_people(self) -> None:
        people = self.start.people
        if people is not None and (self.recipe.transfer.mirror or len(people) != len(self.start.pictures)):
            raise TrainingError(
                f"{len(people)} people are known for {len(self.pictures)} exemplars: expected one for each picture, and no "
                "mirrored ones (transfer.mirror)"
            )

    def _train(
        self, name: str, folder: str, task: Task, iterations: int, batch: int, first: Callable[[Step], None] = silent
    ) -> None:
        shown = self.stage(name)

        def progress(step: Step) -> None:
            first(step)
            shown(step)

        train(task, self.schedule(iterations, batch), folder=self.folder / folder, device=self.device, progress=progress)

    def _embedding(self) -> tuple[Embedding, str]:
        if self.encoder is not None:
            self.encoder.to(self.device)
        steps = self.recipe.destylizing.embedding_steps
        return embedding_for(self.plain, self.encoder, self.loss_networks, self.average.config.structure_rows, steps)

    def _read(self, portraits: Tensor, numbers: Tensor, embed: Embedding) -> dict[str, Tensor]:
        """Extrinsic codes of portraits whose people are known."""
        assert self.start.people is not None
        seed = self.seed + int(numbers[0])
        found = extrinsic_codes(portraits, self.plain, embed, self.recipe.destylizing, seed=seed)
        return {"intrinsic": self.start.people[numbers], "extrinsic": found}

    def known(self, file: str) -> int:
        """How many pictures have their codes in a file of the folder."""
        return len(in_groups(self.folder / file, 0, 1, _never).get("extrinsic", ()))


def part_of(progress: Progress, first: int, count: int, total: int) -> Progress:
    """The progress of some pictures as that of all: each step of theirs is a share of them."""

    def report(step: Step) -> None:
        progress(replace(step, index=first * step.total + step.index * count, total=total * step.total))

    return report


def _pairs(found: dict[str, Tensor]) -> Pairs:
    return Pairs(found["intrinsic"], found["extrinsic"])


def _never(numbers: Tensor) -> dict[str, Tensor]:
    raise AssertionError(f"the codes {numbers.tolist()} are known")
