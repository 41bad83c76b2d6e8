"""What a file means, in our names, before a module is built or a weight is read.

A format's reader turns a file into a `Plan`. `load` builds what the plan says, `inspect` describes it:
one reading, two uses.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ..errors import Advice
from ..latents import Space
from .files import StateDict

__all__ = ["Part", "Plan", "Request", "Resize"]

Resize = Literal["bilinear", "area"]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the caller knows better than the file.

    Attributes:
        space: of the encoder's codes.
        architecture: where the file fits more than one.
        resize: how the encoder's pictures come to its size.
    """

    space: Space | None = None
    architecture: str | None = None
    resize: Resize | None = None


@dataclass(frozen=True, kw_only=True)
class Part:
    """One module to be.

    Attributes:
        kind: which module, a key of `modules.KINDS`.
        config: its sizes.
        state: tensors in the module's names, still unread.
        fill: for keys that the file may lack, what gives them, called with their shape.
        finish: called with the module when it is built, and with the modules built before it.
    """

    kind: str
    config: Any
    state: StateDict
    fill: Mapping[str, Callable[[torch.Size], Tensor]] = field(default_factory=dict)
    finish: Callable[[Any, Mapping[str, nn.Module]], None] | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a file means.

    Attributes:
        format: which layout the file has.
        architecture: None where the file fits more than one.
        parts: by the attribute of `Checkpoint` that they become, in the order in which they are built.
        options: plain facts for `Checkpoint.options`.
        notes: what is uncertain or was filled in, in sentences.
        refusal: why it can't be loaded, though it can be described.
        advice: what to do about the refusal.
        facts: for `Facts`, where there are no parts to read them from.
        source, license: as the file gives them.
    """

    format: str
    architecture: str | None
    parts: Mapping[str, Part] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    refusal: str | None = None
    advice: Advice | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    license: str = ""
