"""ReStyle (Alaluf et al. 2021): an encoder that looks at its own last attempt, and corrects it.

Must match yuval-alaluf/restyle-encoder: the encoder sees six channels, the face and what the generator makes of
the code so far, and says by how much the code is off. The first attempt is the mean code.
"""

from abc import ABC, abstractmethod
from functools import partial

import torch
from torch import Tensor

from ..errors import LatentError
from ..images import resize
from ..latents import Latent
from ..progress import Progress, Step, silent
from ..stylegan2 import LatentGenerator
from .config import IMAGE_SIZE
from .pyramid import PyramidEncoder

__all__ = ["STEPS", "Refining", "RestyleEncoder", "seen_attempt"]

STEPS = 5


def seen_attempt(attempt: Tensor) -> Tensor:
    """The generator's image ``[N, 3, S, S]`` as the encoder sees it: averaged (or repeated) to ``[N, 3, 256, 256]``."""
    return resize(attempt, IMAGE_SIZE, "area")


class Refining(ABC):
    """Encoders that correct the attempt that they see beside the face."""

    @property
    @abstractmethod
    def first(self) -> Tensor:
        """The code of the first attempt, ``[L, D]``."""

    @abstractmethod
    def correction(self, images: Tensor) -> Tensor:
        """Face and attempt, ``[N, 6, 256, 256]``, to what must be added to the attempt's code, ``[N, L, D]``."""

    @abstractmethod
    def prepare(self, images: Tensor) -> Tensor:
        """Faces ``[N, 3, H, W]`` at 256 pixels."""

    @torch.no_grad()
    def refine(
        self,
        images: Tensor,
        generator: LatentGenerator,
        *,
        steps: int = STEPS,
        start: Latent | None = None,
        progress: Progress = silent,
    ) -> Latent:
        """Invert faces: guess, look, correct.

        Args:
            images: aligned faces ``[N, 3, H, W]``, RGB in [-1, 1], of any size.
            generator: which the encoder was trained for.
            steps: of refinement; most is gained in the first 3.
            start: the first attempt, in place of the mean code: with the code that another encoder found, this is
                the paper's encoder bootstrapping.
            progress: called after each step; its preview is the attempt. Raise `Cancelled` in it to stop.

        Raises:
            LatentError: there are no steps, or the generator takes other codes than this encoder gives.
            ImageError: the images are not RGB.
        """
        if steps < 1:
            raise LatentError(f"{steps} steps of refinement were asked for: there must be one at least")
        images = self.prepare(images)
        codes = self.first[None] if start is None else generator.to_w_plus(start).codes.to(images.device)
        for index in range(steps):
            seen = seen_attempt(generator(Latent(codes, "w+"))).expand(len(images), -1, -1, -1)
            codes = codes + self.correction(torch.cat([images, seen.to(images)], dim=1))
            progress(Step(index=index + 1, total=steps, preview=partial(generator, Latent(codes, "w+"))))
        return Latent(codes, "w+")


class RestyleEncoder(PyramidEncoder, Refining):
    """A face and the attempt so far, ``[N, 6, 256, 256]``, to a correction of the code.

    `codes` gives the correction, `forward` adds it to the mean code (which is right for the first attempt alone),
    and `refine` is what inverts a face.
    """

    @property
    def first(self) -> Tensor:
        """The mean code."""
        return self.latent_avg

    def correction(self, images: Tensor) -> Tensor:
        """As `codes`."""
        return self.codes(images)
