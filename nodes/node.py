"""The base class of all nodes: how ComfyUI calls them, and how they report errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import torch

from . import comfy

__all__ = ["Node"]


class Node:
    """A ComfyUI node. `run` takes the inputs by name and returns the outputs in order."""

    FUNCTION = "execute"
    CATEGORY = "Pastiche"
    DESCRIPTION: ClassVar[str]
    RETURN_TYPES: ClassVar[tuple[str, ...]]
    RETURN_NAMES: ClassVar[tuple[str, ...]]
    OUTPUT_TOOLTIPS: ClassVar[tuple[str, ...]]

    FAST: ClassVar[bool] = True  # False computes in float32 even where the hardware is faster in another precision

    run: Callable[..., Any]

    def execute(self, **inputs: Any) -> Any:
        """Called by ComfyUI in inference mode, which is left here because training needs gradients.

        Raises:
            PasticheError: an error that the user can fix, without a traceback.
        """
        from ..engine import PasticheError as EngineError
        from ..engine import precision
        from ..engine.numerics import tensor_float32

        try:
            chosen = precision("auto", comfy.device()) if self.FAST else tensor_float32(allowed=False)
            with torch.inference_mode(False), torch.no_grad(), chosen:
                return self.run(**inputs)
        except EngineError as error:
            sentence = error.message("node")
        raise PasticheError(sentence)


class PasticheError(Exception):
    """The error that ComfyUI shows on the node."""


PasticheError.__module__ = "builtins"  # ComfyUI prefixes the error with the module name, which is a path
