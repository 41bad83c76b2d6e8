"""What inversion costs: methods side by side on given faces, and many faces at once against one after another."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

import torch
from torch import Tensor, nn

from ..devices import device_of
from ..encoders import ArcFace, Refining
from ..errors import LatentError
from ..images import resize
from ..inversion import Optimization, PivotalTuning, encode, optimize, tune
from ..inversion.invert import distance_to, identity_to, refinement_of
from ..latents import Latent
from ..losses.perceptual import Perceptual
from ..progress import Progress, silent
from ..stylegan2 import Discriminator, LatentGenerator
from .meter import interleaved, peak_memory

__all__ = ["METHODS", "Batching", "Compared", "Networks", "compare_inversions", "measure_batching"]

METHODS = ("encoder", "restyle", "w", "w+", "z+", "hybrid", "pivotal")
PRIOR = 0.05  # weight of the P-norm prior, whose penalty is averaged over dimensions and rows


@dataclass(frozen=True, kw_only=True)
class Networks:
    """What inversions run on.

    Attributes:
        generator: on the device to use.
        encoder: of that generator.
        discriminator, lpips: the distance to optimize; one of the two.
        identity: an ArcFace; None to compare what the encoder reads of the coarsest rows. "hybrid" minimizes it, too.
    """

    generator: LatentGenerator
    encoder: nn.Module | None = None
    discriminator: Discriminator | None = None
    lpips: Perceptual | None = None
    identity: ArcFace | None = None


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One method.

    Attributes:
        method: see `METHODS`.
        images: what the generator draws, ``[N, 3, S, S]`` on the CPU.
        pixels: root mean square difference to the faces.
        perceptual: LPIPS, or the discriminator's distance, which optimization minimizes.
        identity: mean cosine distance of the identity embeddings, or of the encoder's coarsest rows; None without both.
        seconds: for all faces.
        memory: bytes beyond what was in use before; None where the system does not tell.
    """

    method: str
    images: Tensor
    pixels: float
    perceptual: float
    identity: float | None
    seconds: float
    memory: float | None


def compare_inversions(
    faces: Tensor,
    networks: Networks,
    *,
    steps: int = 300,
    refinement: int = 60,
    tuning: PivotalTuning | None = None,
    seed: int = 0,
    progress: Callable[[str], Progress] = lambda _method: silent,
) -> list[Compared]:
    """Invert faces with every method that the networks allow.

    "encoder" is one pass, "restyle" all steps of a ReStyle encoder; "w", "w+" and "z+" are optimized from the mean face,
    "z+" with the P-norm prior; "hybrid" from the encoder's code; "pivotal" tunes the generator at the last code before it.

    Args:
        faces: aligned, ``[N, 3, H, W]`` in [-1, 1].
        steps: of w, w+ and z+.
        refinement: steps of hybrid.
        tuning: settings of pivotal tuning.
        progress: called with the name of a method; gives its progress callback.

    Raises:
        LatentError: there is neither a discriminator nor LPIPS.
    """
    runs = _Runs(faces, networks, steps, refinement, tuning or PivotalTuning(), seed, progress)
    return [runs.compared(method) for method in METHODS if runs.possible(method)]


class _Runs:
    def __init__(
        self,
        faces: Tensor,
        networks: Networks,
        steps: int,
        refinement: int,
        tuning: PivotalTuning,
        seed: int,
        progress: Callable[[str], Progress],
    ) -> None:
        self.networks = networks
        self.device = networks.generator.w_avg.device
        self.faces = resize(faces, networks.generator.resolution).to(self.device)
        self.steps, self.refinement, self.tuning, self.seed, self.progress = steps, refinement, tuning, seed, progress
        self.pivot: Latent | None = None
        with torch.inference_mode(False):
            target = self.faces.clone()
            self.distance = distance_to(target, networks.discriminator, networks.lpips)
            self.same = identity_to(target, networks.identity or networks.encoder)

    def possible(self, method: str) -> bool:
        encoder = self.networks.encoder
        if method in ("encoder", "hybrid"):
            return encoder is not None
        return method != "restyle" or isinstance(encoder, Refining)

    def compared(self, method: str) -> Compared:
        drawn: list[Tensor] = []
        start = time.perf_counter()
        memory = peak_memory(lambda: drawn.append(self._drawn(method)), self.device)
        if not drawn:  # the system does not tell about memory, and nothing ran
            drawn.append(self._drawn(method))
        seconds = time.perf_counter() - start
        images = drawn[-1].clamp(-1, 1)
        with torch.no_grad():
            perceptual = float(self.distance(images))
        return Compared(
            method=method,
            images=images.cpu(),
            pixels=float((images - self.faces).square().mean().sqrt()),
            perceptual=perceptual,
            identity=self._identity(images),
            seconds=seconds,
            memory=memory,
        )

    def _drawn(self, method: str) -> Tensor:
        generator, rng = self.networks.generator, torch.Generator("cpu").manual_seed(self.seed)
        report = self.progress(method)
        if method == "pivotal":
            assert self.pivot is not None
            tuned = tune(
                self.faces,
                generator,
                self.pivot,
                discriminator=self.networks.discriminator,
                lpips=self.networks.lpips,
                settings=self.tuning,
                rng=rng,
                progress=report,
            )
            with torch.no_grad():
                return tuned.generator(tuned.latent)  # type: ignore[no-any-return]
        self.pivot = self._latent(method, rng, report)
        with torch.no_grad():
            return generator(self.pivot)  # type: ignore[no-any-return]

    def _latent(self, method: str, rng: torch.Generator, report: Progress) -> Latent:
        networks = self.networks
        if method in ("encoder", "restyle"):
            assert networks.encoder is not None
            if method == "encoder" and isinstance(networks.encoder, Refining):
                return networks.encoder.refine(self.faces, networks.generator, steps=1, progress=report)
            return encode(self.faces, networks.encoder, networks.generator, progress=report)
        if method == "hybrid":
            assert networks.encoder is not None
            start = encode(self.faces, networks.encoder, networks.generator)
            settings = refinement_of(start, self.refinement)
            return optimize(
                networks.generator,
                self.distance,
                settings,
                identity=self.same,
                start=start,
                batch=len(self.faces),
                rng=rng,
                progress=report,
            )
        settings = Optimization(space=method, steps=self.steps, noise=False, prior=PRIOR if method == "z+" else 0.0)  # type: ignore[arg-type]
        return optimize(networks.generator, self.distance, settings, batch=len(self.faces), rng=rng, progress=report)

    @torch.no_grad()
    def _identity(self, images: Tensor) -> float | None:
        drawn, wanted = (self._embedded(pictures) for pictures in (images, self.faces))
        if drawn is None or wanted is None:
            return None
        return float(1 - torch.cosine_similarity(drawn, wanted, dim=1).mean())

    def _embedded(self, images: Tensor) -> Tensor | None:
        networks = self.networks
        if networks.identity is not None:
            return networks.identity(networks.identity.prepare(images.to(device_of(networks.identity))))  # type: ignore[no-any-return]
        if networks.encoder is None:
            return None
        codes = networks.generator.to_w_plus(encode(images, networks.encoder, networks.generator)).codes
        return codes[:, 0] - networks.generator.w_avg


@dataclass(frozen=True, kw_only=True)
class Batching:
    """One line: many faces at once against one after another.

    Attributes:
        method: "encoder" or "hybrid".
        faces: how many.
        together: seconds for all at once.
        apart: seconds for all, one after another.
    """

    method: str
    faces: int
    together: float
    apart: float

    @property
    def ratio(self) -> float:
        """How much less time all at once take."""
        return self.apart / self.together


def measure_batching(networks: Networks, *, count: int = 16, steps: int = 4, rounds: int = 3) -> list[Batching]:
    """Invert random faces together and one by one.

    Args:
        count: of faces.
        steps: of the optimization in "hybrid".
        rounds: medians are taken over them.

    Raises:
        LatentError: there is no encoder, or neither a discriminator nor LPIPS.
    """
    generator, encoder = networks.generator, networks.encoder
    if encoder is None:
        raise LatentError("the inversion of many faces is measured with an encoder: give a checkpoint that has one")
    with torch.no_grad():
        z = generator.sample_z(count, torch.Generator().manual_seed(0))
        faces = generator(Latent(z, "z")).clamp(-1, 1)

    def hybrid(part: Tensor) -> Latent:
        start = encode(part, encoder, generator)
        with torch.inference_mode(False):
            target = part.clone()
            distance = distance_to(target, networks.discriminator, networks.lpips)
            same = identity_to(target, networks.identity or encoder)
        return optimize(generator, distance, refinement_of(start, steps), identity=same, start=start, batch=len(part))

    works: dict[str, Callable[[Tensor], Latent]] = {
        "encoder": lambda part: encode(part, encoder, generator),
        "hybrid": hybrid,
    }
    found = []
    for method, work in works.items():
        taken = interleaved(
            {"together": partial(work, faces), "apart": partial(_each, work, faces.split(1))}, rounds, faces.device
        )
        seconds = {name: median(times) for name, times in taken.items()}
        found.append(Batching(method=method, faces=count, **seconds))
    return found


def _each(work: Callable[[Tensor], Latent], faces: Sequence[Tensor]) -> None:
    for face in faces:
        work(face)
