"""What is made of a weight before it is used, kept while the weight stays what it is."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

__all__ = ["Kept"]

Made = TypeVar("Made")


class Kept(Generic[Made]):
    """The last thing that was made of one weight. Copies begin empty: they prepare their own weights.

    Of a weight that learns nothing is kept: not every optimiser (Adam with ``fused=True``) raises its version.
    Nor of one that was made in inference mode, which has no version.
    """

    def __init__(self) -> None:
        self._last: tuple[tuple[object, ...], Made] | None = None

    def of(self, weight: Tensor, make: Callable[[], Made], *facts: object) -> Made:
        """What `make` makes of `weight` as it is now.

        Args:
            facts: what else it depends on.
        """
        if weight.requires_grad or weight.is_inference():
            self._last = None
            return make()
        key = (id(weight), weight.data_ptr(), weight._version, weight.device, *facts)
        if self._last is None or self._last[0] != key:
            self._last = None  # before the next one takes its memory
            # what is made in inference mode could not be used where a latent is optimised
            with torch.inference_mode(False), torch.no_grad():
                self._last = key, make()
        return self._last[1]

    def __getstate__(self) -> dict[str, Any]:
        return {"_last": None}
