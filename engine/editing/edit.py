"""Edits of faces: directions by amounts, before any style is drawn."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ..directions import Direction
from ..errors import LatentError
from ..latents import Latent
from ..stylegan2 import LatentGenerator
from ..stylegan2.fingerprint import fingerprint

__all__ = ["Amount", "Edits", "edit", "ladder", "parse_rows", "step_of"]

Amount = float | Tensor
"""How far to move: one number, or one for each face ``[N]``."""

Edits = Sequence[tuple[Direction, Amount]]


@torch.no_grad()
def edit(latent: Latent, generator: LatentGenerator, edits: Edits) -> Latent:
    """Move faces along directions. The result can be drawn by the generator or by any style of it.

        happier = edit(latent, generator, [(directions["smile"], 1.5), (directions["age"], -2)])

    Args:
        latent: faces, in any space of the generator.
        generator: the generator of the latent and of the directions; for a person, the base of the tuning; for the model of a
            method, what it was fine-tuned from (`Checkpoint.base`).
        edits: directions with their amounts; 0 changes nothing. They add up, in any order; only a direction with a goal sees
            what those before it did.

    Returns:
        The faces in w+. Directions in S space are kept as its `offset`.

    Raises:
        LatentError: a direction belongs to another generator, an amount is not finite, or there is not one for each face.
    """
    found = fingerprint(generator)
    for direction, _ in edits:
        direction.expect(generator, found)
    placed = generator.to_w_plus(latent)
    codes, offset = placed.codes.float(), placed.offset
    for direction, amount in edits:
        amounts = _amounts(direction, amount, codes)
        if direction.space == "s":
            step = amounts[:, None] * direction.vector.to(codes)
            offset = step if offset is None else offset + step
        else:
            codes = codes + _step(direction, codes, amounts)
    return Latent(codes, "w+", placed.noise, offset)


def ladder(
    latent: Latent, generator: LatentGenerator, direction: Direction, amounts: Sequence[float], edits: Edits = ()
) -> Latent:
    """Each face at every amount of one direction: ``N * K`` codes, the K amounts of the first face first.

    Args:
        direction: the one whose range is shown.
        amounts: K of them.
        edits: other edits, the same for all.

    Raises:
        LatentError: see `edit`; or there are no amounts.
    """
    if not amounts:
        raise LatentError(f"there are no amounts for a range of {direction.name}: give at least one")
    start = edit(latent, generator, edits)

    def repeated(value: Tensor) -> Tensor:
        return value.expand(len(start), *value.shape[1:]).repeat_interleave(len(amounts), dim=0)

    faces = Latent(
        repeated(start.codes),
        "w+",
        tuple(repeated(level) if len(level) > 1 else level for level in start.noise),
        None if start.offset is None else repeated(start.offset),
    )
    return edit(faces, generator, [(direction, torch.tensor(list(amounts)).repeat(len(start)))])


def _amounts(direction: Direction, amount: Amount, codes: Tensor) -> Tensor:
    amounts = torch.as_tensor(amount, dtype=torch.float32, device=codes.device)
    if amounts.ndim > 1 or (amounts.ndim == 1 and len(amounts) not in (1, len(codes))):
        raise LatentError(f"{direction.name}: {list(amounts.shape)} amounts for {len(codes)} faces: give one, or one for each")
    if not bool(amounts.isfinite().all()):
        raise LatentError(f"{direction.name}: the amount is not finite: give a number, usually between -3 and 3")
    return amounts.expand(len(codes))


def _step(direction: Direction, codes: Tensor, amounts: Tensor) -> Tensor:
    """What is added to w+ codes ``[N, L, D]``."""
    if direction.goal is not None:
        assert direction.mean is not None
        vector = direction.vector.to(codes)
        coordinate = (codes[:, 0] - direction.mean.to(codes)) @ vector / vector.square().sum()
        amounts = amounts * (direction.goal - coordinate)
    return amounts[:, None, None] * step_of(direction, codes.shape[1]).to(codes)


def parse_rows(text: str) -> list[int]:
    """Rows of w+ from a text such as "0-6" or "0, 1, 5".

    Raises:
        LatentError: it is no such text.
    """
    rows: list[int] = []
    for part in text.replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()) or len(part) > 9:
            raise LatentError(f"rows {text!r}: give rows such as 0-6 or 0,1,5")
        start, end = int(first), int(last if dash else first)
        if end < start:
            raise LatentError(f"rows {text!r}: {part} counts down: give {end}-{start}")
        rows += range(start, end + 1)
    return rows


def step_of(direction: Direction, num_layers: int) -> Tensor:
    """What an amount of 1 of a direction in w or w+ adds to a code: ``[L, D]``."""
    step = torch.zeros(num_layers, direction.vector.shape[-1])
    rows = list(range(num_layers)) if direction.rows is None else list(direction.rows)
    step[rows] = direction.vector.cpu() if direction.space == "w" else direction.vector.cpu()[rows]
    return step
