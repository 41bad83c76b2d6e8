"""What every node shares: how it is called, and how it fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import torch

from . import comfy

__all__ = ["Node"]


class Node:
    """A node of ComfyUI. Its `run` takes the inputs by name and gives the outputs in order."""

    FUNCTION = "execute"
    CATEGORY = "Pastiche"
    DESCRIPTION: ClassVar[str]
    RETURN_TYPES: ClassVar[tuple[str, ...]]
    RETURN_NAMES: ClassVar[tuple[str, ...]]
    OUTPUT_TOOLTIPS: ClassVar[tuple[str, ...]]

    FAST: ClassVar[bool] = True  # compute in the precision that the hardware is fast in, and not in float32

    run: Callable[..., Any]

    def execute(self, **inputs: Any) -> Any:
        """Called by ComfyUI, in inference mode, in which nothing could be learned.

        Raises:
            PasticheError: what the user can mend, as one sentence without a trace of where it came from.
        """
        from ..engine import PasticheError as Mendable
        from ..engine import precision

        try:
            chosen = precision("auto" if self.FAST else "float32", comfy.device())
            with torch.inference_mode(False), torch.no_grad(), chosen:
                return self.run(**inputs)
        except Mendable as error:
            sentence = error.message("node")
        raise PasticheError(sentence)


class PasticheError(Exception):
    """What ComfyUI shows in the node's error box."""


PasticheError.__module__ = "builtins"  # ComfyUI shows the module's name, which is a path, before the error's
