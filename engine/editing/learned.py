"""Directions learned from labelled latents (InterFaceGAN; Shen et al. 2020).

A logistic regression tells the faces with an attribute from those without it: its normal n says in which latents the
attribute shows. The published edit moves along n itself. But what separates two classes is not what differs between them:
n leaves out what varies for other reasons, and so leads out of where latents lie. With the covariance C of the latents,
``C n`` is what changes with the attribute (Haufe et al. 2014, "activation patterns"), and that is what we move along.

A conditional direction holds other attributes: of all steps that raise its own score by one and no other held score, it is
the shortest. Shortest is measured by C (Mahalanobis): ``d = C N^T (N C N^T)^-1 e``, the rows of N being the normals. With
the identity in place of C this is the projection of the paper (section 3.3).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..directions import Direction, Directions
from ..errors import LatentError
from ..stylegan2 import LatentGenerator
from ..stylegan2.fingerprint import fingerprint

__all__ = ["Boundaries", "fit_boundaries", "learn_directions"]

DECAY = 1e-3  # weight of the squared normal, in latents of unit variance
MIDDLE = 0.4  # of the faces, those in the middle of a label with many values are in neither class
FEWEST = 10  # faces in a class


@dataclass(frozen=True, kw_only=True)
class Boundaries:
    """Which side of each attribute's boundary latents lie on.

    Attributes:
        names: of K attributes.
        normals: ``[K, D]``; the scores ``(w - mean) @ normals.T`` have a standard deviation of 1.
        mean: of the latents, ``[D]``.
        covariance: of the latents, ``[D, D]``.
        accuracy: for each attribute, the part of held-out faces that lie on the right side.
    """

    names: tuple[str, ...]
    normals: Tensor
    mean: Tensor
    covariance: Tensor
    accuracy: tuple[float, ...]

    def direction(self, name: str, hold: Sequence[str] = ()) -> Tensor:
        """The step ``[D]`` that raises the score of `name` by 1 and those of `hold` by 0.

        Raises:
            LatentError: an attribute is not among the names, or `name` can't be told from those to hold.
        """
        if unknown := [other for other in (name, *hold) if other not in self.names]:
            raise LatentError(f"there is no label {unknown[0]!r}: choose from {', '.join(self.names)}")
        chosen = [self.names.index(other) for other in dict.fromkeys((name, *hold))]
        normals = self.normals[chosen]
        spread = self.covariance @ normals.T  # [D, K]
        between = normals @ spread
        if float(torch.linalg.cond(between)) > 1e4:
            raise LatentError(f"{name} can't change while {', '.join(hold)} stay: their labels say nearly the same")
        step: Tensor = spread @ torch.linalg.inv(between)[:, 0]
        return step


def learn_directions(
    generator: LatentGenerator,
    w: Tensor,
    labels: Mapping[str, Tensor],
    *,
    hold: Mapping[str, Sequence[str]] | None = None,
    rows: Mapping[str, Sequence[int]] | None = None,
    name: str = "",
) -> Directions:
    """A direction in w for each label. Its step of 1 is one standard deviation of the attribute's score.

    Args:
        w: latents ``[N, D]`` of N faces.
        labels: for each attribute, ``[N]``: True and False, or numbers, of which the upper and the lower part are the two
            classes.
        hold: for an attribute, the others that stay as they are while it changes; all others by default.
        rows: for an attribute, the rows of w+ to move; all by default.
        name: human-readable name of the generator.

    Raises:
        LatentError: see `fit_boundaries` and `Boundaries.direction`.
    """
    boundaries = fit_boundaries(w, labels)
    hold = hold or {}
    mark = fingerprint(generator)
    found = []
    for label in labels:
        others = hold.get(label, [other for other in labels if other != label])
        chosen = (rows or {}).get(label)
        vector = boundaries.direction(label, others)
        source = f"logistic regression, holding {', '.join(others)}" if others else "logistic regression"
        kept = None if chosen is None else tuple(chosen)
        found.append(Direction(name=label, space="w", vector=vector, generator=mark, rows=kept, source=source))
    return Directions(found, name)


def fit_boundaries(w: Tensor, labels: Mapping[str, Tensor], *, held_out: float = 0.1) -> Boundaries:
    """A logistic regression for each label.

    Args:
        w, labels: see `learn_directions`.
        held_out: the part of the faces, the last ones, that the accuracies are measured on.

    Raises:
        LatentError: latents and labels do not fit each other, or a class has too few faces.
    """
    if w.ndim != 2 or not labels:
        raise LatentError(
            f"latents {list(w.shape)} with {len(labels)} labels were given: expected [N, D] and at least one label"
        )
    mean, w = w.float().mean(dim=0), w.float()
    covariance = torch.cov(w.T)
    values, axes = torch.linalg.eigh(covariance)
    whiten = axes * values.clamp_min(1e-6 * float(values.max())).rsqrt()  # [D, D]; unit variance along each axis
    x = (w - mean) @ whiten
    learned = len(x) - int(held_out * len(x))
    normals, accuracy = [], []
    for name, label in labels.items():
        if label.shape != (len(w),):
            raise LatentError(f"the label {name} {list(label.shape)} does not fit {len(w)} faces: give one value for each")
        normal, bias = _logistic(x[:learned], *_classes(name, label[:learned]))
        target, known = _classes(name, label)
        rest = known.clone()
        rest[:learned] = False
        right = ((x[rest] @ normal + bias > 0) == target[rest].bool()).float().mean()
        accuracy.append(float(right))
        normals.append(whiten @ normal)
    stacked = torch.stack(normals)
    stacked = stacked / torch.einsum("kd,de,ke->k", stacked, covariance, stacked).sqrt()[:, None]
    return Boundaries(names=tuple(labels), normals=stacked, mean=mean, covariance=covariance, accuracy=tuple(accuracy))


def _classes(name: str, label: Tensor) -> tuple[Tensor, Tensor]:
    """The class of each face, 0 or 1, and which faces are in a class at all."""
    if label.dtype == torch.bool:
        target, known = label.float(), torch.ones_like(label)
    else:
        low, high = label.float().quantile(0.5 - MIDDLE / 2), label.float().quantile(0.5 + MIDDLE / 2)
        target, known = (label >= high).float(), (label <= low) | (label >= high)
    counts = int(target[known].sum()), int((1 - target[known]).sum())
    if min(counts) < FEWEST:
        raise LatentError(
            f"the label {name} has {counts[0]} faces with it and {counts[1]} without: give at least {FEWEST} of each"
        )
    return target, known


@torch.enable_grad()
def _logistic(x: Tensor, target: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """Normal ``[D]`` and bias of a logistic regression; both classes count alike, however many faces they have."""
    x, target = x[known].detach(), target[known]
    share = target.mean()
    weight = torch.where(target > 0, 0.5 / share, 0.5 / (1 - share))
    line = torch.zeros(x.shape[1] + 1, requires_grad=True, device=x.device)
    optimizer = torch.optim.LBFGS([line], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        scores = x @ line[:-1] + line[-1]
        value = F.binary_cross_entropy_with_logits(scores, target, weight) + DECAY * line[:-1].square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    found = line.detach()
    return found[:-1], found[-1]
