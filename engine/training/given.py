"""What a training from a few references was given, which tells it from another one wherever it is resumed."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import TrainingError

__all__ = ["Given"]

SIDE = 16  # of the thumbnails that pictures are compared by
SAME_PICTURE, SAME_CODE = 0.05, 0.3  # what rounding, another device and another precision stay far below


class Given:
    """References and their codes.

    Codes are found anew in every call, and on another device a little differently. A resumed training goes on with those
    that it began with.

    Args:
        references: ``[N, 3, H, W]`` in [-1, 1].
        codes: ``[N, ...]``, such as w+ or style codes; `load_state_dict` changes them in place.
    """

    def __init__(self, references: Tensor, codes: Tensor) -> None:
        self.thumbnails = F.adaptive_avg_pool2d(references.detach().float().cpu(), SIDE)
        self.codes = codes

    def state_dict(self) -> dict[str, Any]:
        """Small pictures of the references, and the codes."""
        return {"thumbnails": self.thumbnails, "codes": self.codes.detach().cpu()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with the codes of `state_dict`.

        Raises:
            TrainingError: it is of other references, or of codes that another encoder found.
        """
        thumbnails, codes = state["thumbnails"], state["codes"]
        other = "are not those of the training in this folder: give the same ones, or train in another folder"
        if thumbnails.shape != self.thumbnails.shape or (thumbnails - self.thumbnails).abs().max() > SAME_PICTURE:
            raise TrainingError(f"the references {other}")
        if codes.shape != self.codes.shape or self._far(codes):
            raise TrainingError(f"the codes of the references {other}")
        with torch.no_grad():
            self.codes.copy_(codes)

    def _far(self, codes: Tensor) -> bool:
        """Whether codes are other ones, in root mean squares of their own."""
        apart = (self.codes.detach().cpu() - codes).square().mean() / codes.square().mean().clamp_min(1e-12)
        return bool(apart.sqrt() > SAME_CODE)
