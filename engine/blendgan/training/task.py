"""One iteration of the generator's training; see `adversarial` for the losses."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ...errors import TrainingError
from ...losses.reconstruction import reconstruction_loss
from ...stylegan2 import Generator
from ...training.data import Stream
from ...training.muon import muon_or_adam
from ...training.noise import draw_seeds, seeded_normal
from ...training.regularize import MovingMean, lazy_optimizer, lazy_path_length
from ...training.task import Draw, Losses, Moment, Phase, Task
from ..discriminator import BlendDiscriminator
from ..encoder import StyleEncoder
from ..generator import BlendGenerator
from .adversarial import Shown, discriminator_losses, generator_losses, r1_penalties
from .augmented import Augmentation
from .codes import Pictures, spread_evenly
from .config import BlendTraining
from .faces import draw_faces, face_codes, show
from .layers import groups
from .pairs import Pairs, compare, gram_loss
from .queue import NegativeQueue
from .references import References
from .sources import FaceSource

__all__ = ["BlendTask"]

PEOPLE, STYLES = 4, 3  # of a preview
SEED = 7  # of its people
LEAST_RATE = 0.02  # of the highest, where rates fall
KEPT = 4  # one of so many pairs is compared with what its face was before
BETAS = (0.0, 0.99)
CRITICS, FACES, R1 = "critics_", "faces_", "r1_"  # prefixes of what is drawn for each step


class BlendTask(Task):
    """The generator against the three discriminators, and on pairs where there are any.

    Args:
        generator, critics: to be trained; see `start`.
        faces: real natural faces.
        pictures: in their styles.
        codes: the style code of each of `pictures`, ``[M, D]``.
        settings: of the training.
        pairs: for the paired loss.
        reader: the style encoder that `codes` come from, where pictures are recoloured or their texture is compared.
        partners: for each picture the number of another one in the same manner, or its own, ``[M]``.
        before: what natural faces are held to, as far as the settings do; a copy of `generator` if None.
    """

    def __init__(
        self,
        generator: BlendGenerator,
        critics: BlendDiscriminator,
        faces: FaceSource,
        pictures: Pictures,
        codes: Tensor,
        settings: BlendTraining,
        pairs: Pairs | None = None,
        reader: StyleEncoder | None = None,
        partners: Tensor | None = None,
        before: Generator | None = None,
    ) -> None:
        super().__init__()
        if settings.pairs_only and pairs is None:
            raise TrainingError("pairs_only was asked for, and there are no pairs: see `pairs`")
        self.generator, self.critics, self.faces, self.pictures = generator, critics, faces, pictures
        self.codes, self.settings, self.pairs = codes, settings, pairs
        self.references = References(pictures, codes, settings, reader, partners)
        self.before = deepcopy(before or generator).requires_grad_(False).eval() if settings.weight_natural else None
        self.average = deepcopy(generator).requires_grad_(False).eval()
        self.side = settings.side or generator.resolution
        self.critics_side = settings.critics_side or self.side
        self.stream, self.queue, self.mean = Stream(len(pictures)), NegativeQueue(settings.queue, len(pictures)), MovingMean()
        self.augmentation = Augmentation(settings)
        self.networks = {"generator": generator} if settings.pairs_only else {"generator": generator, "critics": critics}
        self.averages = {"generator": self.average}
        self.optimizers = self._optimizers()
        self.rates = [group["lr"] for group in self.optimizers["generator"].param_groups]
        self.states = {
            "faces": faces,
            "pictures": self.stream,
            "queue": self.queue,
            "path": self.mean,
            **self.augmentation.states,
        }
        self.frozen = {**faces.frozen, **({} if pairs is None else pairs.frozen)}
        self.frozen |= {} if reader is None else {"reader": reader}
        self.frozen |= {} if self.before is None else {"before": self.before}
        self.phases = self._phases()
        self.config = asdict(settings)

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        chosen = self.settings
        ours = groups(self.generator, chosen)
        if chosen.pairs_only:  # plain regression has no adversary that moves
            return {"generator": muon_or_adam(ours, chosen.lr, (0.9, 0.99), muon=chosen.muon)}
        return {
            "generator": lazy_optimizer(ours, chosen.lr, BETAS, chosen.path_every if chosen.path else None, muon=chosen.muon),
            "critics": lazy_optimizer(self.critics.parameters(), chosen.lr, BETAS, chosen.r1_every if chosen.r1 else None),
        }

    def _phases(self) -> list[Phase]:
        chosen = self.settings
        ours: dict[str, Any] = {"learns": ("generator",), "optimizer": "generator"}
        theirs: dict[str, Any] = {"learns": ("critics",), "optimizer": "critics"}
        if chosen.pairs_only:
            return [Phase(name="generator", losses=self.paired, **ours)]
        phases = [Phase(name="critics", losses=self.criticism, **theirs)]
        if chosen.r1:
            phases.append(Phase(name="r1", losses=self.r1, every=chosen.r1_every, **theirs))
        phases.append(Phase(name="generator", losses=self.deception, **ours))
        if chosen.path:
            phases.append(Phase(name="path", losses=self.path, every=chosen.path_every, **ours))
        return phases

    def draw(self, rng: torch.Generator, count: int) -> Draw:
        shown = self.stream.next(count, rng)
        draw = {
            "pictures": shown,
            "flips": torch.rand(count, generator=rng) < self.settings.flip,
            "others": self.queue.draw(rng, shown),
            "direction": draw_seeds(rng, count),
            **self.augmentation.draw(rng, count),
            "indicator": torch.randint(self.settings.indicator_most + 1, (count,), generator=rng),
            **self.faces.draw(rng, count),
        }
        for prefix in (CRITICS, FACES):
            faces = draw_faces(rng, count, self.generator, self.settings.mixing)
            draw |= {prefix + name: value for name, value in faces.items()}
        if (colors := self.references.draw_colors(rng, count)) is not None:
            draw["colors"] = colors
        return draw | self._draw_pairs(rng, count) if self.pairs is not None else draw

    def _draw_pairs(self, rng: torch.Generator, count: int) -> Draw:
        """Which pairs, the pictures that their styles are read from, and their colours."""
        assert self.pairs is not None
        chosen = torch.randint(len(self.pairs.numbers), (count,), generator=rng)
        found = {"pairs": chosen, "pairs_read": self.references.draw_read(rng, self.pairs.numbers[chosen, 1])}
        colors = self.references.draw_colors(rng, count)
        return found if colors is None else {**found, "pairs_colors": colors}

    def _shown(self, draw: Draw, moment: Moment, prefix: str) -> Shown:
        """Real pictures as the discriminators see them in a step."""
        pictures = self.references.show(draw["pictures"], draw["flips"], draw.get("colors"), moment)
        others = None if len(self.pictures) == 1 else self.codes[draw["others"]].to(moment.device)
        real = self._small(self.faces.show(draw, moment.device)), self._small(pictures)
        faces, pictures = self.augmentation.reals(real, draw, prefix)
        return Shown(
            faces=faces,
            pictures=pictures,
            codes=self._wanted(draw, moment),
            others=others,
        )

    def _small(self, images: Tensor) -> Tensor:
        """Images as large as the discriminators see them."""
        return images if images.shape[-1] == self.critics_side else F.adaptive_avg_pool2d(images, self.critics_side)

    def _wanted(self, draw: Draw, moment: Moment) -> Tensor:
        return self.references.read(draw["pictures"], draw.get("colors"), moment)

    def _blended(self, draw: Draw, prefix: str, codes: Tensor) -> tuple[Tensor, Tensor]:
        """w+ of random faces, natural and in the styles of the real pictures."""
        natural = face_codes(self.generator, draw[f"{prefix}z"], draw[f"{prefix}cut"])
        return natural, self.generator.blend(natural, self.generator.map_style(codes), draw["indicator"])

    def _draw_both(self, draw: Draw, prefix: str, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Random faces, natural and in the styles of the real pictures, as large as the discriminators see them."""
        seeds = self._seeds(draw, prefix)
        blended = self._blended(draw, prefix, codes)
        natural, styled = (self._small(show(self.generator, w_plus, seeds, self.side)) for w_plus in blended)
        return natural, styled

    def _seeds(self, draw: Draw, prefix: str) -> Tensor | None:
        return draw[f"{prefix}noise"] if self.settings.noise else None

    def _weighted(self, losses: Mapping[str, Tensor]) -> Losses:
        chosen = self.settings
        weights = {"face": chosen.weight_face, "style": chosen.weight_style, "latent": chosen.weight_latent}
        return {name: weights.get(name, 1.0) * value for name, value in losses.items()}

    def criticism(self, draw: Draw, moment: Moment) -> Losses:
        """What the discriminators lower."""
        shown = self._shown(draw, moment, CRITICS)
        with moment.autocast():
            with torch.no_grad():
                natural, styled = self.augmentation.fakes(self._draw_both(draw, CRITICS, shown.codes), draw, CRITICS)
            return self._weighted(discriminator_losses(self.critics, shown, natural, styled))

    def r1(self, draw: Draw, moment: Moment) -> Losses:
        """Lazy R1 on all three, in full precision."""
        factor = self.settings.r1 / 2 * self.settings.r1_every
        return self._weighted(
            {name: factor * value for name, value in r1_penalties(self.critics, self._shown(draw, moment, R1)).items()}
        )

    def deception(self, draw: Draw, moment: Moment) -> Losses:
        """What the generator lowers."""
        codes = self._wanted(draw, moment)
        with moment.autocast():
            seen = self.augmentation.fakes(self._draw_both(draw, FACES, codes), draw, FACES)
            losses = generator_losses(self.critics, *seen, codes)
        losses = self._weighted(losses)
        return losses | self.paired(draw, moment) if self.pairs is not None and self.settings.weight_pairs else losses

    def paired(self, draw: Draw, moment: Moment) -> Losses:
        """How far drawn pairs are from painted ones."""
        assert self.pairs is not None
        pairs, refer, flips, colors = self.pairs, self.references, draw["flips"], draw.get("pairs_colors")
        first, second = pairs.numbers[draw["pairs"]].unbind(dim=1)
        face = None if pairs.faces is None else pairs.faces.batch(first, flips, moment.device)
        painting = refer.show(second, flips, colors, moment)
        codes = refer.read(draw["pairs_read"], colors, moment)
        with moment.autocast():
            with torch.no_grad():
                natural = pairs.codes(first, face)
            seeds = self._seeds(draw, FACES)
            losses = self._natural(natural, seeds, face) | self._styled(natural, seeds, codes, draw["indicator"], painting)
        return {f"pairs_{name}": self.settings.weight_pairs * value for name, value in losses.items()}

    def _natural(self, natural: Tensor, seeds: Tensor | None, face: Tensor | None) -> Losses:
        """How far natural faces are from those of before the training, or from the pairs' ones."""
        chosen, pairs = self.settings, self.pairs
        assert pairs is not None
        if self.before is not None:
            count = max(1, len(natural) // KEPT)
            few, seeds = natural[:count], None if seeds is None else seeds[:count]
            with torch.no_grad():
                wanted = show(self.before, few, seeds, self.side)
            kept = reconstruction_loss(show(self.generator, few, seeds, self.side), wanted)
            return {"natural": chosen.weight_natural * kept}
        if face is None:
            return {}
        drawn = show(self.generator, natural, seeds, self.side)
        return compare(drawn, face, "natural", pairs.perceptual, chosen)

    def _styled(self, natural: Tensor, seeds: Tensor | None, codes: Tensor, indicator: Tensor, painting: Tensor) -> Losses:
        """How far people in styles are from their paintings."""
        chosen, pairs = self.settings, self.pairs
        assert pairs is not None
        w_plus = self.generator.blend(natural, self.generator.map_style(codes), indicator)
        drawn = show(self.generator, w_plus, seeds, self.side)
        losses = compare(drawn, painting, "styled", pairs.perceptual, chosen)
        if chosen.weight_texture:
            assert self.references.reader is not None
            losses["texture"] = chosen.weight_texture * gram_loss(self.references.reader, drawn, painting)
        return losses

    def path(self, draw: Draw, moment: Moment) -> Losses:
        """Lazy path length penalty on blended codes, which are what the release returns as latents; in full precision."""
        chosen = self.settings
        few = {name: value[: max(1, len(value) // chosen.path_shrink)] for name, value in draw.items()}
        _, blended = self._blended(few, FACES, self._wanted(few, moment))
        images = show(self.generator, blended, self._seeds(few, FACES), self.side)
        direction = seeded_normal(few["direction"], images.shape[1:], moment.device)
        penalty, length = lazy_path_length(images, blended, direction, self.mean)
        return {"penalty": chosen.path * chosen.path_every * penalty, "_length": length}

    def after_step(self, losses: Mapping[str, float], moment: Moment) -> None:
        """Keep the blending weights in their bounds, beyond which they have no gradient; follow the path lengths."""
        with torch.no_grad():
            self.generator.add_weight.clamp_(0, 1)
        if "path/length" in losses:
            self.mean.update(losses["path/length"])
        self.augmentation.adjust(losses, moment)
        if self.settings.lr_images:
            left = max(LEAST_RATE, 1 - moment.seen / self.settings.lr_images)
            for group, rate in zip(self.optimizers["generator"].param_groups, self.rates, strict=True):
                group["lr"] = left * rate

    @torch.no_grad()
    def samples(self) -> Tensor:
        """Random people, each natural and in the styles of some pictures."""
        device = self.average.w_avg.device
        z = torch.randn(PEOPLE, self.average.config.z_dim, generator=torch.Generator().manual_seed(SEED))
        faces = self.average.broadcast(self.average.mapping(z.to(device)))
        styles = self.average.map_style(self.codes[spread_evenly(len(self.codes), STYLES)].to(device))
        columns = [faces, *(self.average.blend(faces, w_s) for w_s in styles.split(1))]
        return torch.stack([show(self.average, w_plus, None, self.side) for w_plus in columns], dim=1).flatten(0, 1)

    @torch.no_grad()
    def result(self) -> BlendGenerator:
        """The trained generator, whose mean w is measured anew, unless its mapping of faces stayed as it was."""
        if not self.settings.frozen_side:
            self.average.w_avg.copy_(self.average.estimate_w_avg())
        return self.average
