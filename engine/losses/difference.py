"""How much of the change between two images is drawn."""

import torch.nn.functional as F
from torch import Tensor

__all__ = ["difference_loss"]

FLOOR = 1e-3  # added to the squared change of the targets: a change that can hardly be seen counts little


def difference_loss(before: Tensor, after: Tensor, wanted_before: Tensor, wanted_after: Tensor, *, sizes: int = 3) -> Tensor:
    """The share of the targets' squared change that the change of the images does not explain (ours).

    ``L = mean over sizes and pairs of ||d - D||^2 / (||D||^2 + floor)`` with ``d = after - before`` of the images and ``D`` of
    their targets, at the full size and at halves of it. 1 means that nothing is drawn of the change, 0 that all of it is.

    An absolute difference would have its optimum at the median of what is possible, which is no change for everything that
    is hard to foresee. A square has it at the mean.

    Args:
        before, after: ``[N, 3, H, W]`` in [-1, 1].
        wanted_before, wanted_after: their targets, of the same size.
        sizes: how many sizes are compared.
    """
    drawn, wanted = after - before, wanted_after - wanted_before
    total = drawn.new_zeros(())
    for size in range(sizes):
        if size:
            drawn, wanted = F.avg_pool2d(drawn, 2), F.avg_pool2d(wanted, 2)
        missed, whole = (part.square().mean(dim=(1, 2, 3)) for part in (drawn - wanted, wanted))
        total = total + (missed / (whole + FLOOR)).mean()
    return total / sizes
