"""Ranger (Wright 2019), the optimizer of the published encoders: RAdam, LookAhead and centralised gradients.

RAdam (Liu et al. 2020) is PyTorch's. LookAhead (Zhang et al. 2019) pulls the weights back towards a slow copy every few
steps. Gradient centralisation (Yong et al. 2020) removes from the gradient of each output its mean over the inputs.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim import RAdam

__all__ = ["Ranger"]

SLOW = "slow"  # in the state of each parameter: its slow copy


class Ranger(RAdam):
    """The defaults are those of pSp, e4e and ReStyle (``training/ranger.py`` of eladrich/pixel2style2pixel).

    Args:
        params: parameters or groups of them.
        lr: learning rate.
        betas, eps, weight_decay: of RAdam.
        every: steps between two pulls of LookAhead.
        pull: how far the slow copy goes towards the weights then.
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.95, 0.999),
        eps: float = 1e-5,
        weight_decay: float = 0.0,
        *,
        every: int = 6,
        pull: float = 0.5,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
        self.every = every
        self.pull = pull

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step; see `torch.optim.Optimizer.step`."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        moved = [p for group in self.param_groups for p in group["params"] if p.grad is not None]
        starts = {p: p.clone() for p in moved if SLOW not in self.state[p]}
        for p in moved:
            centralise(p.grad)
        super().step()
        for p in moved:
            state = self.state[p]
            slow = state.setdefault(SLOW, starts.get(p))
            if int(state["step"]) % self.every == 0:
                p.copy_(slow.lerp_(p, self.pull))
        return loss


def centralise(gradient: Tensor | None) -> None:
    """Remove the mean over all axes but the first; in place. A gradient of one axis stays as it is."""
    if gradient is not None and gradient.ndim > 1:
        gradient.sub_(gradient.mean(dim=tuple(range(1, gradient.ndim)), keepdim=True))
