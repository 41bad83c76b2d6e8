"""What is made of weights before they are used, kept while the weights stay what they are."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

__all__ = ["Kept"]

Made = TypeVar("Made")


class Kept(nn.Module, Generic[Made]):
    """The last thing that was made of some weights. Copies begin empty: they prepare their own weights.

    It is a part of the module that owns the weights, without parameters of its own, so that it learns of every move to
    another device or precision, and then forgets: no memory stays behind.

    Whether the weights are still the same is asked of their values, since an edit by way of ``weight.data`` leaves no
    other trace; that takes about a hundredth of a convolution's time. Nothing is kept

    - of weights that learn, or that were made in inference mode,
    - on a GPU, where the answer would have to be waited for, and making it anew costs less.
    """

    def __init__(self) -> None:
        super().__init__()
        self._last: tuple[tuple[object, ...], list[Tensor], Made] | None = None

    def of(self, weights: Sequence[Tensor], make: Callable[[], Made], *facts: object) -> Made:
        """What `make` makes of `weights` as they are now.

        Args:
            facts: what else it depends on.
        """
        if any(weight.requires_grad or weight.is_inference() or weight.device.type != "cpu" for weight in weights):
            self.forget()
            return make()
        # what is made in inference mode could not be used where a latent is optimised
        with torch.inference_mode(False), torch.no_grad():
            sums = [_sums(weight) for weight in weights]
            if self._last is None or self._last[0] != facts or not all(map(torch.equal, sums, self._last[1])):
                self.forget()  # before the next one takes its memory
                self._last = facts, sums, make()
        return self._last[2]

    def forget(self) -> None:
        """Give the memory back."""
        self._last = None

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Kept[Made]":
        """Called by the owner's `to`, `half` and so on."""
        self.forget()
        return super()._apply(fn, recurse)  # type: ignore[no-any-return,no-untyped-call]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_last": None}


def _sums(weight: Tensor) -> Tensor:
    """What each row of a weight makes of one fixed input, float32 ``[O]``.

    As a convolution's result at one place is: an edit that is lost in the rounding here is lost there as well.
    """
    weight = weight.detach()
    if weight.ndim == 5:  # [1, O, I, k, k]
        weight = weight[0]
    if weight.ndim < 2:
        return weight.clone()
    rows = weight.movedim(1, -1) if weight.movedim(1, -1).is_contiguous() else weight  # as it lies in memory
    rows = rows.reshape(len(weight), -1).float()
    return torch.mv(rows, _fixed_input(rows.shape[1]))


@lru_cache
def _fixed_input(size: int) -> Tensor:
    """Numbers without a pattern that weights could have too."""
    with torch.inference_mode(False):
        return torch.randn(size, generator=torch.Generator("cpu").manual_seed(0), device="cpu")
