"""Published directions: encoder4editing's .pt, GANSpace's components, STIT's .npy, and single vectors in any such file.

All of them were found for StyleGAN2 FFHQ at 1024 pixels, and no file says so. Whoever loads one says which generator it is
for: the directions then bear its fingerprint. Sizes are checked; no file runs code.
"""

import os
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..checkpoints.files import open_tensors
from ..directions import Direction, Directions
from ..errors import CheckpointError, LatentError
from ..stylegan2 import LatentGenerator
from ..stylegan2.fingerprint import fingerprint

__all__ = ["GANSPACE", "import_directions"]

GANSPACE: dict[str, tuple[int, int, int, float]] = {
    "eye_openness": (54, 7, 8, 20),
    "smile": (46, 4, 5, -20),
    "trimmed_beard": (58, 7, 9, 20),
    "white_hair": (57, 7, 10, -24),
    "lipstick": (34, 10, 11, 20),
}
"""Component, first row, end row and strength of attributes in encoder4editing's ffhq_pca.pt."""

STIT_SCALE = 0.5  # its factors are halved before use


def import_directions(
    path: str | os.PathLike[str], generator: LatentGenerator, *, attribute: str | None = None, name: str = ""
) -> Directions:
    """Read directions that were published for a generator, or saved by `Directions.save`.

    Args:
        path: a ``.pt`` with a vector ``[1, D]`` or ``[L, D]`` (encoder4editing: age, smile, pose); a ``.pt`` with mean, comp
            and std (GANSpace: every component by number, scaled to one standard deviation, and the attributes of
            `GANSPACE`, whose amount of 1 moves a face to the published strength); a ``.npy`` with ``[D]``, ``[1, D]`` or
            ``[L, D]`` (STIT, which uses the first row; half of its length is an amount of 1, as in its release); or a
            ``.safetensors`` from `Directions.save`.
        generator: the one that the file was made for.
        attribute: name of a single vector; the name of the file by default.
        name: human-readable name of the generator.

    Raises:
        UnsafeCheckpointError: the file would run code. None of it was run.
        CheckpointError: it is missing, damaged, or holds something else.
        LatentError: its vectors do not fit the generator.
    """
    path = Path(path)
    if path.suffix.lower() == ".safetensors":
        found = Directions.load(path)
        found.expect(generator)
        return found
    label = attribute or path.stem
    mark = fingerprint(generator)
    if path.suffix.lower() == ".npy":
        vector = _array(path)
        flat = STIT_SCALE * (vector if vector.ndim == 1 else vector[0])
        return Directions([_single(path, label, flat, generator, mark)], name)
    held = open_tensors(path)
    if isinstance(held, Tensor):
        return Directions([_single(path, label, held.float(), generator, mark)], name)
    if {"mean", "comp", "std"} <= set(held):
        return Directions(_ganspace(path, held, generator, mark), name)
    if len(held) == 1:
        (only,) = held.values()
        return Directions([_single(path, label, only.float(), generator, mark)], name)
    raise CheckpointError(
        f"{path}: holds {', '.join(list(held)[:5])}; expected a vector [1, D] or [L, D], or GANSpace's mean, comp and std"
    )


def _single(path: Path, label: str, vector: Tensor, generator: LatentGenerator, mark: str) -> Direction:
    """A vector ``[D]``, ``[1, D]`` or ``[L, D]``."""
    if vector.ndim == 2 and len(vector) == 1:
        vector = vector[0]
    wanted = [[generator.latent_dim], [generator.num_layers, generator.latent_dim]]
    if list(vector.shape) not in wanted:
        raise LatentError(
            f"{path}: holds a direction {list(vector.shape)}, and this generator of {generator.resolution} pixels takes "
            f"{wanted[0]} or {wanted[1]}: load the generator that it was found for"
        )
    return Direction(
        name=label, space="w" if vector.ndim == 1 else "w+", vector=vector.float(), generator=mark, source=path.name
    )


def _ganspace(path: Path, held: dict[str, Tensor], generator: LatentGenerator, mark: str) -> list[Direction]:
    mean, components, std = (held[name].float() for name in ("mean", "comp", "std"))
    count, dim = components.reshape(-1, components.shape[-1]).shape
    if dim != generator.latent_dim or mean.numel() != dim or std.numel() != count:
        raise LatentError(
            f"{path}: holds {count} components of {dim} dimensions, and w of this generator has {generator.latent_dim}: load "
            "the generator that they were found for"
        )
    vectors = components.reshape(count, dim) * std.reshape(count, 1)
    found = [
        Direction(name=f"pca_{index}", space="w", vector=vector, generator=mark, source=f"GANSpace: {path.name}")
        for index, vector in enumerate(vectors)
    ]
    for label, (component, first, end, strength) in GANSPACE.items():
        if component < count and end <= generator.num_layers:
            found.append(
                Direction(
                    name=label,
                    space="w",
                    vector=vectors[component],
                    generator=mark,
                    rows=tuple(range(first, end)),
                    goal=float(strength),
                    mean=mean.reshape(dim),
                    source=f"GANSpace: component {component} of {path.name}",
                )
            )
    return found


def _array(path: Path) -> Tensor:
    """A plain array of a ``.npy`` file. Mapped first, so that a header that lies about the size takes no memory."""
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
        if found.ndim not in (1, 2) or not np.issubdtype(found.dtype, np.floating) or not found.size:
            raise CheckpointError(f"{path}: holds an array {found.dtype} {list(found.shape)}; expected numbers [D] or [L, D]")
        return torch.from_numpy(np.array(found, dtype=np.float32))
    except (OSError, ValueError, EOFError) as error:
        raise CheckpointError(f"{path}: can't be read as an array of numbers ({error}); get the file again") from error
