"""One iteration of the transfer: every path against a discriminator of its own, held to the structure of the source's faces.

min over G, max over D_k of   w_adv L_adv + w_str L_str + w_R1 L_R1 + w_path L_path   (Song et al. 2021, section 4.2)

plus L_paired where stylized portraits of known faces are at hand (ours, see `pairs`). A term without weight is not computed.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from ...encoders.training.features import perception_of
from ...errors import TrainingError
from ...losses import (
    discriminator_loss,
    generator_loss,
    hinge_discriminator_loss,
    hinge_generator_loss,
    r1_penalty,
)
from ...stylegan2 import Discriminator, Generator, Noise
from ...stylegan2.fingerprint import fingerprint
from ...training.augment import PIPELINES, AdaptiveAugment, Augment, Strengths
from ...training.data import PictureDataset, Stream
from ...training.noise import draw_seeds, seeded_maps, seeded_normal
from ...training.regularize import MovingMean, lazy_optimizer, lazy_path_length
from ...training.schedule import Schedule
from ...training.task import Draw, Losses, Moment, Phase, Task
from ..generator import AgileGenerator
from ..paths import with_paths
from .config import AgileTransfer
from .faces import draw_faces, w_plus_of
from .pairs import Pairs, paired_losses
from .structure import Structure

__all__ = ["AgileTask"]

LOSSES = {
    "hinge": (hinge_discriminator_loss, hinge_generator_loss),
    "logistic": (discriminator_loss, generator_loss),
}
BETAS = (0.0, 0.99)
CRITICS, GENERATOR, PATH = "critics_", "generator_", "path_"  # prefixes of the faces that each step draws
PSI = 0.7  # truncation of the people in previews
SEED = 7  # of them


class AgileTask(Task):
    """The transfer of a generator to the style of some pictures.

    Args:
        source: a plain StyleGAN2, which stays as it is.
        discriminator: that was trained with it: each path's discriminator starts from it.
        pictures: aligned exemplars at the source's resolution, by attribute; one path is made for each.
        structure: the structural distance.
        settings: of the training.
        pairs: faces whose stylized portrait is known, by attribute, for the paired losses.
        start: a generator with these paths to start from, as an earlier transfer from the same source made it.

    Raises:
        TrainingError: something does not fit the source.
    """

    def __init__(
        self,
        source: Generator,
        discriminator: Discriminator,
        pictures: Mapping[str, PictureDataset],
        structure: Structure,
        settings: AgileTransfer,
        *,
        pairs: Mapping[str, Pairs] | None = None,
        start: AgileGenerator | None = None,
    ) -> None:
        super().__init__()
        _check_sizes(source, discriminator, pictures)
        self.attributes, self.pictures, self.settings = tuple(pictures), list(pictures.values()), settings
        self.pairs = _checked_pairs(pairs, self.attributes, source, settings)
        self.source = deepcopy(source).requires_grad_(False).eval()
        self.generator = with_paths(source, self.attributes, settings.split)
        if start is not None:
            _start_from(self.generator, start)
        self.average = deepcopy(self.generator)
        self.group_size = discriminator.config.group_size
        self.critics = nn.ModuleList(deepcopy(discriminator) for _ in self.attributes)
        self.structure, self.perception = structure, perception_of(structure.network)
        self.streams = [Stream(len(found)) for found in self.pictures]
        self.pair_streams = [Stream(len(found)) for found in self.pairs]
        self.augments = [_augment(settings) for _ in self.attributes]
        self.means = [MovingMean(settings.path_decay) for _ in self.attributes]

        self.networks = {"generator": self.generator, "critics": self.critics}
        self.averages = {"generator": self.average}
        self.frozen = {"source": self.source, "structure": structure}
        path_every, r1_every = settings.path_every if settings.path else None, settings.r1_every if settings.r1 else None
        layers = learning_layers(self.generator, settings.frozen, colors=settings.frozen_colors)
        blocks = learning_blocks(self.critics, settings.discriminator_blocks)
        self.optimizers = {
            "generator": lazy_optimizer(layers, settings.lr, BETAS, path_every, muon=settings.muon),
            "critics": lazy_optimizer(blocks, settings.lr, BETAS, r1_every),
        }
        self.states = {
            **{f"pictures {name}": stream for name, stream in zip(self.attributes, self.streams, strict=True)},
            **{f"augmentation {name}": augment for name, augment in zip(self.attributes, self.augments, strict=True)},
            **{f"path length {name}": mean for name, mean in zip(self.attributes, self.means, strict=True)},
            **{f"pairs {number}": stream for number, stream in enumerate(self.pair_streams)},
        }
        self.phases = self._phases()
        self.config = {
            **settings.facts,
            "attributes": list(self.attributes),
            "structure": structure.name,
            "generator": fingerprint(source),
        }

    def _phases(self) -> list[Phase]:
        chosen = self.settings
        theirs: dict[str, Any] = {"learns": ("critics",), "optimizer": "critics"}
        ours: dict[str, Any] = {"learns": ("generator",), "optimizer": "generator"}
        phases = []
        if chosen.weight_adversarial:
            phases.append(Phase(name="critics", losses=self.criticism, **theirs))
            if chosen.r1:
                phases.append(Phase(name="r1", losses=self.r1, every=chosen.r1_every, **theirs))
        phases.append(Phase(name="generator", losses=self.lowered, **ours))
        if chosen.path:
            phases.append(Phase(name="path", losses=self.evenness, every=chosen.path_every, **ours))
        return phases

    def draw(self, rng: torch.Generator, count: int) -> Draw:
        draw = {"direction": draw_seeds(rng, count)}
        for prefix in (CRITICS, GENERATOR, PATH):
            faces = draw_faces(rng, count, self.source, self.settings.own_rows)
            draw |= {prefix + name: value for name, value in faces.items()}
        for path, stream in enumerate(self.streams):
            draw |= {
                f"pictures_{path}": stream.next(count, rng),
                f"flips_{path}": torch.rand(count, generator=rng) < self.settings.flip,
                **{f"{use}_{path}": Augment.draw(rng, count) for use in ("real", "fake", "shown")},
            }
        return draw | {f"pairs_{path}": stream.next(count, rng) for path, stream in enumerate(self.pair_streams)}

    def _exemplars(self, draw: Draw, path: int, moment: Moment) -> Tensor:
        """Real pictures ``[N, 3, R, R]`` of a path's attribute."""
        return self.pictures[path].batch(draw[f"pictures_{path}"], draw[f"flips_{path}"], moment.device)

    def _augmented(self, images: Tensor, draw: Draw, use: str, path: int) -> Tensor:
        return self.augments[path].apply(images, draw[f"{use}_{path}"])

    def _noise(self, draw: Draw, prefix: str, moment: Moment) -> Noise:
        if not self.settings.noise:
            return "fixed"
        return seeded_maps(draw[f"{prefix}noise"], self.source.noise_resolutions, moment.device)

    def criticism(self, draw: Draw, moment: Moment) -> Losses:
        """What the discriminators lower: each tells its attribute's exemplars from the images of its path."""
        told_apart, losses = LOSSES[self.settings.adversarial][0], Losses()
        with moment.autocast():
            with torch.no_grad():
                w_plus = w_plus_of(self.source, draw[f"{CRITICS}z"])
                fakes = self.generator.synthesis(w_plus, path=None, noise=self._noise(draw, CRITICS, moment))
            for path, (name, critic) in enumerate(zip(self.attributes, self.critics, strict=True)):
                real = critic(self._augmented(self._exemplars(draw, path, moment), draw, "real", path))
                fake = critic(self._augmented(fakes[path], draw, "fake", path))
                losses[name] = told_apart(real, fake)
                losses[f"_sign_{name}"] = real.detach().sign().mean()
        return losses

    def r1(self, draw: Draw, moment: Moment) -> Losses:
        """Lazy R1 on the exemplars, through their augmentation, in full precision."""
        factor, losses = self.settings.r1 / 2 * self.settings.r1_every, Losses()
        for path, (name, critic) in enumerate(zip(self.attributes, self.critics, strict=True)):
            real = self._exemplars(draw, path, moment).requires_grad_()
            losses[name] = factor * r1_penalty(critic(self._augmented(real, draw, "real", path)), real)
        return losses

    def lowered(self, draw: Draw, moment: Moment) -> Iterator[Losses]:
        """All that the generator lowers in one step."""
        if self.pairs:
            yield self.copying(draw, moment)
        if self.settings.weight_adversarial or self.settings.weight_structure:
            yield self.deception(draw, moment)

    def copying(self, draw: Draw, moment: Moment) -> Losses:
        """How far each path's images of the faces in pairs are from their portraits."""
        chosen, rows = self.settings, self.source.num_layers
        drawn = [(pairs, draw[f"pairs_{path}"]) for path, pairs in enumerate(self.pairs)]
        portraits = [pairs.pictures.batch(numbers, device=moment.device) for pairs, numbers in drawn]
        with moment.autocast():
            return paired_losses(
                [self.generator.path(path) for path in range(len(self.pairs))],
                [w_plus_of(self.source, pairs.z_plus(numbers, rows)) for pairs, numbers in drawn],
                portraits,
                self._noise(draw, GENERATOR, moment),
                self.perception,
                pixels=chosen.weight_paired,
                fine=chosen.paired_fine,
                texture=chosen.paired_texture,
                features=chosen.weight_paired_features,
            )

    def deception(self, draw: Draw, moment: Moment) -> Losses:
        """Its images pass for exemplars, and keep the structure of the source's faces."""
        chosen, losses = self.settings, Losses()
        with moment.autocast():
            w_plus, noise = w_plus_of(self.source, draw[f"{GENERATOR}z"]), self._noise(draw, GENERATOR, moment)
            images = self.generator.synthesis(w_plus, path=None, noise=noise)
            if chosen.weight_adversarial:
                losses["adversarial"] = chosen.weight_adversarial * self._unlike(images, draw)
            if chosen.weight_structure:
                with torch.no_grad():
                    wanted = self.structure.features(self.source.synthesis(w_plus, noise=noise))
                found = self.structure.features(torch.cat(images))
                distances = self.structure.distance(found, [each.repeat(len(images), 1, 1, 1) for each in wanted])
                losses["structure"] = chosen.weight_structure * distances.mean()
        return losses

    def _unlike(self, images: Sequence[Tensor], draw: Draw) -> Tensor:
        """How well the discriminators tell the images of their paths from exemplars."""
        passed = LOSSES[self.settings.adversarial][1]
        parts = zip(self.critics, images, strict=True)
        logits = [critic(self._augmented(drawn, draw, "shown", path)) for path, (critic, drawn) in enumerate(parts)]
        return torch.stack([passed(each) for each in logits]).mean()

    def evenness(self, draw: Draw, moment: Moment) -> Losses:
        """Lazy path length penalty on every path, in full precision.

        Unlike StyleGAN2's, each mean starts at the first length that is measured, rather than at 0: the source's lengths are
        even already, and the training is too short to find their mean.
        """
        chosen, losses = self.settings, Losses()
        few = {name: value[: max(1, len(value) // chosen.path_shrink)] for name, value in draw.items()}
        w_plus = w_plus_of(self.source, few[f"{PATH}z"]).requires_grad_()
        images = self.generator.synthesis(w_plus, path=None, noise=self._noise(few, PATH, moment))
        direction = seeded_normal(few["direction"], images[0].shape[1:], moment.device)
        for name, drawn, mean in zip(self.attributes, images, self.means, strict=True):
            penalty, losses[f"_length_{name}"] = lazy_path_length(drawn, w_plus, direction, mean)
            if mean.value:
                losses[name] = chosen.path * chosen.path_every * penalty / len(images)
        return losses

    def after_step(self, losses: Mapping[str, float], moment: Moment) -> None:
        """Adjust each path's augmentation to its discriminator, and follow the path lengths."""
        for name, augment, mean in zip(self.attributes, self.augments, self.means, strict=True):
            if self.settings.weight_adversarial:
                augment.adjust(losses[f"critics/sign_{name}"], self.settings.batch)
            length = losses.get(f"path/length_{name}")
            if length is not None:
                mean.value = mean.value or length
                mean.update(length)

    def check_batch(self, schedule: Schedule, world: int = 1) -> None:
        """Refuse a batch whose parts can't be split into the groups of the minibatch standard deviation.

        Raises:
            TrainingError: says which batch would do.
        """
        schedule.check_groups(self.group_size, world)

    def finished(self, moment: Moment) -> bool:
        """Early stopping, at the number of iterations of the settings."""
        return moment.iteration >= self.settings.iterations

    @torch.no_grad()
    def samples(self) -> Tensor:
        """A few people, each as the source draws them and in every path: as many people as pictures of each."""
        people = self.source.random_faces(self.average.paths + 1, torch.Generator().manual_seed(SEED), psi=PSI)
        w_plus = self.source.to_w_plus(people).codes
        columns = [self.source.synthesis(w_plus), *self.average.synthesis(w_plus, path=None)]
        return torch.stack(columns, dim=1).flatten(0, 1)


def _checked_pairs(
    pairs: Mapping[str, Pairs] | None, attributes: Sequence[str], source: Generator, settings: AgileTransfer
) -> list[Pairs]:
    """The pairs in the order of the paths."""
    if bool(pairs) != bool(settings.weight_paired or settings.weight_paired_features):
        problem = "there are pairs and no weight for them" if pairs else "the paired losses have a weight and no pairs"
        raise TrainingError(f"{problem}: give both or neither")
    if pairs and set(pairs) != set(attributes):
        raise TrainingError(f"there are pairs of {', '.join(pairs)}, and the attributes are {', '.join(attributes)}")
    found = [pairs[name] for name in attributes] if pairs else []
    for each in found:
        each.check(source)
    return found


@torch.no_grad()
def _start_from(generator: AgileGenerator, start: AgileGenerator) -> None:
    """Give a generator the weights of another one with the same paths."""
    if generator.config != start.config:
        raise TrainingError(f"the generator to start from has other sizes or paths ({start.config}) than {generator.config}")
    generator.load_state_dict(start.state_dict())


def learning_layers(generator: AgileGenerator, frozen: Sequence[int], *, colors: bool = True) -> list[nn.Parameter]:
    """The parameters that the transfer changes: all of synthesis, but the layers of some resolutions. The mapping network is
    frozen, so that the encoder's codes remain valid.

    Args:
        frozen: these resolutions, in pixels.
        colors: their to-RGB layers rest too.

    Raises:
        TrainingError: there is no such resolution, or nothing is left.
    """
    sides = sorted(set(generator.noise_resolutions))
    if wrong := [side for side in frozen if side not in sides]:
        raise TrainingError(f"frozen holds {wrong[0]}, and the generator has the resolutions {', '.join(map(str, sides))}")
    kept = {id(parameter) for parameter in generator.style.parameters()}
    for index in range(generator.paths):
        path = generator.path(index)
        stages = dict(zip(sides, path.stages(), strict=True))
        layers = [layer for side in frozen for layer in (*stages[side][0], *((stages[side][1],) if colors else ()))]
        held = [path.input, *layers] if 4 in frozen else layers
        kept |= {id(parameter) for layer in held for parameter in layer.parameters()}
    found = [parameter for parameter in generator.parameters() if id(parameter) not in kept]
    if not found:
        raise TrainingError("frozen holds every resolution of the generator: leave out those that shall learn the style")
    return found


def learning_blocks(critics: nn.ModuleList, blocks: int) -> list[nn.Parameter]:
    """The parameters of discriminators that learn: those of the last residual blocks and of the final layers (FreezeD).

    Args:
        blocks: how many residual blocks learn; 0 for everything.
    """
    if not blocks:
        return list(critics.parameters())
    parts = [(*critic.convs[1:][-blocks:], critic.final_conv, critic.final_linear) for critic in critics]  # type: ignore[index]
    return [parameter for part in parts for module in part for parameter in module.parameters()]


def _augment(settings: AgileTransfer) -> AdaptiveAugment:
    off = settings.augment == "none"
    pipeline = Augment(Strengths() if off else PIPELINES[settings.augment])
    return AdaptiveAugment(pipeline, target=settings.augment_target, images=settings.augment_images, fixed=off)


def _check_sizes(source: Generator, discriminator: Discriminator, pictures: Mapping[str, PictureDataset]) -> None:
    side = source.resolution
    if discriminator.resolution != side:
        raise TrainingError(
            f"the discriminator is of {discriminator.resolution} pixels and the generator of {side}: give those that were "
            "trained together"
        )
    if wrong := [str(found.resolution) for found in pictures.values() if found.resolution != side]:
        raise TrainingError(f"the pictures are {wrong[0]} pixels wide, and the generator draws {side}")
