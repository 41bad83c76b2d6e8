"""Landmarks from the network of the face-alignment package (Bulat and Tzimiropoulos 2017).

The package does not include its weights: ``pastiche weights get face-alignment`` downloads them to where the package looks.
"""

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import Advice, PasticheError
from ..images import to_uint8
from .box import Box
from .landmarks import frame, shape_in
from .shape import Array
from .warp import apply, inverse, warp

__all__ = ["FaceAlignmentLandmarks", "weights_file"]

FILE = "2DFAN4-11f355bf06.pth.tar"  # the package's name for it; the catalog calls it face-alignment
COMMAND = "run `pastiche weights get face-alignment`, or choose the small network, which is bundled"
GET_WEIGHTS = Advice(
    python=COMMAND,
    command=COMMAND,
    node=f"download https://www.adrianbulat.com/downloads/python-fan/{FILE} to that place, or set landmarks to small",
)
GET_NEW_WEIGHTS = Advice(*(f"delete it, and {words}" for words in GET_WEIGHTS))
VIEW = 512  # the package returns whole pixels, which are fine enough in a view of this size


class FaceAlignmentLandmarks:
    """The 2D face alignment network: the most accurate landmarker. It has 24 million parameters and runs twice for each
    face.

    Args:
        device: device of the network.
    """

    def __init__(self, *, device: str = "cpu") -> None:
        self.device = device

    def __call__(self, image: Tensor, box: Box) -> Tensor:
        """See `Landmarker`.

        Raises:
            PasticheError: the package is missing or too old, or its weights are missing or damaged.
        """
        guess = shape_in(box)
        to_photo = frame(guess, size=VIEW)  # upright, and of one size for photos of any size
        view = to_uint8(warp(image, to_photo, VIEW))[0]
        inside = apply(inverse(to_photo), guess)
        bounds = np.concatenate([inside.min(axis=0), inside.max(axis=0)])
        (found,) = self._network.get_landmarks_from_image(view, detected_faces=[bounds])
        points: Array = np.asarray(found, dtype=np.float64)
        return torch.from_numpy(apply(to_photo, points))

    @cached_property
    def _network(self) -> Any:
        package, path = _package(), weights_file()
        if not path.exists():
            raise PasticheError(f"the weights of face-alignment are not at {path}", GET_WEIGHTS)
        try:
            return package.FaceAlignment(
                package.LandmarksType.TWO_D,
                device=self.device,
                flip_input=True,
                face_detector="folder",  # the detector without weights: we pass our own boxes
                compile=False,  # True would need a compiler
            )
        except (OSError, EOFError, RuntimeError, pickle.UnpicklingError) as problem:
            raise PasticheError(
                f"{path} can't be read as the weights of face-alignment ({problem})", GET_NEW_WEIGHTS
            ) from problem


def weights_file() -> Path:
    """The package's weights file, in the cache of torch hub."""
    return Path(torch.hub.get_dir()) / "checkpoints" / FILE


def _package() -> Any:
    try:
        with _without_numba():
            import face_alignment  # noqa: PLC0415 (slow to import)
    except ImportError as problem:
        raise PasticheError(
            f"the face-alignment landmarker needs the package face-alignment ({problem}): "
            'install it with `pip install "face-alignment>=1.5"`, or choose the small network'
        ) from problem
    version = str(face_alignment.__version__)
    if tuple(int(part) for part in version.split(".")[:2]) < (1, 5):
        raise PasticheError(
            f"face-alignment {version} runs code from its weights file; 1.5 or newer is required: "
            'install it with `pip install --upgrade "face-alignment>=1.5"`'
        )
    return face_alignment


@contextmanager
def _without_numba() -> Iterator[None]:
    """Turn numba's compilation off: it takes 20 s in each process, for functions that handle 68 points."""
    config: Any = import_module("numba").config
    before = config.DISABLE_JIT
    config.DISABLE_JIT = True
    try:
        yield
    finally:
        config.DISABLE_JIT = before
