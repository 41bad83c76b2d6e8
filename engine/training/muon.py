"""Muon, an optimizer for weight matrices (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon)."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from ..numerics import choose_dtype

__all__ = ["Muon", "muon_or_adam", "orthogonalize"]

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the quintic iteration, as published
STEPS = 5
SMALLEST = 16  # rows or columns of what counts as a matrix


def orthogonalize(matrix: Tensor) -> Tensor:
    """Approximately U V^T of the matrix U S V^T, ``[R, C]``, by five Newton-Schulz iterations in bfloat16 where that
    is fast.

    Singular values that are not far below the largest end between 0.7 and 1.2.
    """
    a, b, c = COEFFICIENTS
    x: Tensor = matrix.to(choose_dtype("auto", matrix.device))
    x = x.T if len(matrix) > matrix.shape[1] else x
    x = x / (x.norm() + 1e-7)
    for _ in range(STEPS):
        square = x @ x.T
        x = a * x + (b * square + c * (square @ square)) @ x
    x = x.T if len(matrix) > matrix.shape[1] else x
    return x.float()


class Muon(torch.optim.Optimizer):
    """Muon for weights of at least 16 rows and columns, Adam for all others.

    A convolution ``[O, I, K, K]``, or ``[1, O, I, K, K]`` as modulated ones are stored, counts as the matrix ``[O, I K K]``.
    The update of a matrix is the orthogonalized Nesterov momentum, whose root mean square is made ``share * lr``, so that one
    learning rate serves both kinds.

    Args:
        params: parameters or groups, as for every PyTorch optimizer.
        lr: learning rate.
        share: root mean square of a matrix's update, as a share of the learning rate.
        momentum: of matrices.
        betas, eps: Adam's, of the other parameters.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        *,
        share: float = 0.1,
        momentum: float = 0.9,
        betas: tuple[float, float] = (0.9, 0.99),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(params, {"lr": lr, "share": share, "momentum": momentum, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One update of all parameters that have a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    shape = _matrix(parameter)
                    update = self._adam(parameter, group) if shape is None else self._orthogonal(parameter, shape, group)
                    parameter.add_(update.view_as(parameter), alpha=-group["lr"])
        return loss

    def _orthogonal(self, parameter: Tensor, shape: tuple[int, int], group: dict[str, Any]) -> Tensor:
        state, momentum, gradient = self.state[parameter], group["momentum"], parameter.grad
        assert gradient is not None
        if not state:
            state["mean"] = torch.zeros_like(parameter)
        mean: Tensor = state["mean"].lerp_(gradient, 1 - momentum)
        return orthogonalize(gradient.lerp(mean, momentum).reshape(shape)).mul(group["share"] * max(shape) ** 0.5)

    def _adam(self, parameter: Tensor, group: dict[str, Any]) -> Tensor:
        state, (beta1, beta2), gradient = self.state[parameter], group["betas"], parameter.grad
        assert gradient is not None
        if not state:
            state |= {"mean": torch.zeros_like(parameter), "square": torch.zeros_like(parameter), "step": torch.zeros(())}
        state["step"] += 1
        mean: Tensor = state["mean"].lerp_(gradient, 1 - beta1) / (1 - beta1 ** state["step"].item())
        square: Tensor = state["square"].lerp_(gradient.square(), 1 - beta2) / (1 - beta2 ** state["step"].item())
        return mean.div(square.sqrt() + group["eps"])


def muon_or_adam(
    params: Iterable[Any], lr: float, betas: tuple[float, float], *, muon: float = 0.0, eps: float = 1e-8
) -> torch.optim.Optimizer:
    """The optimizer that a method's settings ask for.

    Args:
        params: parameters or groups, each with its own ``lr`` or without.
        lr, betas, eps: Adam's, and of what Muon leaves to Adam.
        muon: Muon's `share`; 0 for Adam alone.
    """
    if muon:
        return Muon(params, lr=lr, share=muon, betas=betas, eps=eps)
    return torch.optim.Adam(params, lr=lr, betas=betas, eps=eps)


def _matrix(parameter: Tensor) -> tuple[int, int] | None:
    """Rows and columns of a weight matrix or convolution; None for what Adam updates."""
    shape = parameter.shape[1:] if parameter.ndim == 5 else parameter.shape
    if len(shape) < 2 or min(shape[0], shape[1:].numel()) < SMALLEST:
        return None
    return int(shape[0]), int(shape[1:].numel())
