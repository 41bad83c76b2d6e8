"""A cache for what is computed from weights, valid as long as the weights do not change."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

__all__ = ["WeightCache"]

Value = TypeVar("Value")


class WeightCache(nn.Module, Generic[Value]):
    """Holds the last value that was computed from some weights. A copy starts empty.

    It is a submodule of the module that owns the weights, without parameters of its own. So it learns of every move to
    another device or precision, and clears itself: no memory stays allocated.

    It detects changed weights by their values, since an edit through ``weight.data`` leaves no other trace. The check
    takes about a hundredth of a convolution's time. Nothing is cached

    - for weights that require gradients, or that were created in inference mode,
    - on a GPU, where the check would need a synchronization and computing the value anew costs less.

    Several threads may use one module: each gets the value for its own key, and at worst one is computed twice.
    """

    def __init__(self) -> None:
        super().__init__()
        self._entry: tuple[tuple[object, ...], list[Tensor], Value] | None = None

    def get(self, weights: Sequence[Tensor], compute: Callable[[], Value], *key: object) -> Value:
        """The value for the current `weights`, from the cache or computed anew.

        Args:
            weights: what the value is computed from.
            compute: computes the value.
            key: everything else that the value depends on.
        """
        if any(weight.requires_grad or weight.is_inference() or weight.device.type != "cpu" for weight in weights):
            self.clear()
            return compute()
        # autograd can't use tensors created in inference mode, for example when it optimizes a latent
        with torch.inference_mode(False), torch.no_grad():
            sums = [_checksums(weight) for weight in weights]
            entry = self._entry  # read once: other threads may replace it meanwhile
            if entry is None or entry[0] != key or not all(map(torch.equal, sums, entry[1])):
                self._entry = entry = None  # frees the old value before the new one is allocated
                self._entry = entry = key, sums, compute()
        return entry[2]

    def clear(self) -> None:
        """Drop the value and free its memory."""
        self._entry = None

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "WeightCache[Value]":
        """Called by the owner's `to`, `half` and so on."""
        self.clear()
        return super()._apply(fn, recurse)  # type: ignore[no-any-return,no-untyped-call]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_entry": None}


def _checksums(weight: Tensor) -> Tensor:
    """The product of each row of a weight with one fixed input, float32 ``[O]``.

    This resembles a convolution's output at one position: an edit that is lost to rounding here is lost there as well.
    """
    weight = weight.detach()
    if weight.ndim == 5:  # [1, O, I, k, k]
        weight = weight[0]
    if weight.ndim < 2:
        return weight.clone()
    rows = weight.movedim(1, -1) if weight.movedim(1, -1).is_contiguous() else weight  # in memory order
    rows = rows.reshape(len(weight), -1).float()
    return torch.mv(rows, _fixed_input(rows.shape[1]))


@lru_cache
def _fixed_input(size: int) -> Tensor:
    """Random numbers, so that no structure of the weights cancels out."""
    with torch.inference_mode(False):
        return torch.randn(size, generator=torch.Generator("cpu").manual_seed(0), device="cpu")
