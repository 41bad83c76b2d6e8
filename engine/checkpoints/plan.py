"""The contents of a file under our names, before a module is built or a weight is read.

A format's reader turns a file into a `Plan`. `load` builds the plan and `inspect` describes it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ..errors import Advice
from ..latents import Space
from .files import StateDict

__all__ = ["BaseFacts", "Part", "Plan", "Request", "Resize"]

Resize = Literal["bilinear", "area"]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the caller specifies about the file.

    Attributes:
        space: latent space of the encoder's codes.
        architecture: the choice where the file fits more than one.
        resize: how the encoder's images are resized to its input.
    """

    space: Space | None = None
    architecture: str | None = None
    resize: Resize | None = None


@dataclass(frozen=True, kw_only=True)
class BaseFacts:
    """What a part that is stored as a difference needs to be complete; see `difference`.

    Attributes:
        name: of the base: "demo", "catalog:NAME", or a file in the same folder.
        sha256: of the base's weights.
        shared: names of the tensors that the base has too, and the file leaves out.
        subtracted: whether the file holds differences from the base's tensors, or else their new values.
    """

    name: str
    sha256: str
    shared: tuple[str, ...]
    subtracted: bool


@dataclass(frozen=True, kw_only=True)
class Part:
    """A module to build.

    Attributes:
        kind: a key of `modules.KINDS`.
        config: its sizes.
        state: tensors under the module's names, still unread.
        fill: functions from a shape to a tensor, for keys that the file may lack.
        finish: called with the module after it is built, and with the modules built before it.
        base: what is lacking, for a part that is stored as a difference; None once it was found.
        shared: tensors of the base that replace those that the file leaves out.
        added: tensors of the base that are added to those of the file.
        scales: factors ``[channels]`` of the tensors that are stored in 8 bits.
    """

    kind: str
    config: Any
    state: StateDict
    fill: Mapping[str, Callable[[torch.Size], Tensor]] = field(default_factory=dict)
    finish: Callable[[Any, Mapping[str, nn.Module]], None] | None = None
    base: BaseFacts | None = None
    shared: StateDict = field(default_factory=dict)
    added: StateDict = field(default_factory=dict)
    scales: StateDict = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The contents of a file.

    Attributes:
        format: layout of the file.
        architecture: None if the file fits more than one.
        parts: by their attribute of `Checkpoint`, in the order in which they are built.
        options: plain data for `Checkpoint.options`.
        notes: sentences about what is uncertain or was filled in.
        refusal: why the file can't be loaded, although it can be described.
        advice: what to do about the refusal.
        facts: values for `Facts` if there are no parts to read them from.
        source, license: as the file states them.
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
