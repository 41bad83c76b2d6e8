"""Where a training's real faces come from: pictures, or the faces that a generator drew before."""

from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ...training.data import Stream
from ...training.task import Draw
from ..generator import BlendGenerator
from .codes import Pictures
from .faces import draw_faces, face_codes, show

__all__ = ["DrawnFaces", "FaceSource", "PicturedFaces"]


class FaceSource(Protocol):
    """Real faces, of which some are drawn by number or by code.

    Attributes:
        frozen: networks that are needed and do not learn, by name.
    """

    frozen: Mapping[str, nn.Module]

    def draw(self, rng: torch.Generator, count: int) -> Draw:
        """What tells the next `count` faces."""

    def show(self, draw: Draw, device: torch.device) -> Tensor:
        """The faces ``[N, 3, R, R]``, RGB in [-1, 1]."""

    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state_dict: dict[str, Any], /) -> None: ...


class PicturedFaces:
    """Pictures, in shuffled epochs.

    Args:
        pictures: of natural faces.
        flip: how often one is mirrored.
    """

    def __init__(self, pictures: Pictures, flip: float) -> None:
        self.pictures, self.flip = pictures, flip
        self.stream = Stream(len(pictures))
        self.frozen: Mapping[str, nn.Module] = {}

    def draw(self, rng: torch.Generator, count: int) -> Draw:
        """See `FaceSource`."""
        return {"real": self.stream.next(count, rng), "real_flips": torch.rand(count, generator=rng) < self.flip}

    def show(self, draw: Draw, device: torch.device) -> Tensor:
        """See `FaceSource`."""
        return self.pictures.batch(draw["real"], draw["real_flips"], device)

    def state_dict(self) -> dict[str, Any]:
        """Where the stream is."""
        return self.stream.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from `state_dict`."""
        self.stream.load_state_dict(state_dict)


class DrawnFaces:
    """What a generator draws without a style. Ours: so that a style can be learned where no photographs are at hand.

    Args:
        generator: stays as it is.
        noise: whether it draws with random noise.
    """

    def __init__(self, generator: BlendGenerator, *, noise: bool) -> None:
        self.generator, self.noise = generator, noise
        self.frozen: Mapping[str, nn.Module] = {"faces": generator}

    def draw(self, rng: torch.Generator, count: int) -> Draw:
        """See `FaceSource`."""
        return {f"real_{name}": value for name, value in draw_faces(rng, count, self.generator, 0.0).items()}

    @torch.no_grad()
    def show(self, draw: Draw, device: torch.device) -> Tensor:
        """See `FaceSource`."""
        generator = self.generator
        w_plus = face_codes(generator, draw["real_z"], draw["real_cut"])
        return show(generator, w_plus, draw["real_noise"] if self.noise else None, generator.resolution)

    def state_dict(self) -> dict[str, Any]:
        """Nothing: each face is drawn anew."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Nothing to go on from."""
