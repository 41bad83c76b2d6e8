"""A module stored as its difference from another one, which it was fine-tuned from and whose file is at hand.

A tensor has a counterpart in the base: the one whose name is the longest end of its own, if its shape is the same.

    convs.3.conv.weight               convs.3.conv.weight
    branches.0.convs.3.conv.weight    convs.3.conv.weight

Tensors that equal their counterpart are left out of the file. Of the others it holds the difference in float16 or int8, or
the values in float32; those without a counterpart are stored as they are.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ..errors import Advice, CheckpointError
from .plan import BaseFacts, Part

__all__ = ["Difference", "difference", "digest", "move_base", "with_base"]

OTHER_BASE = Advice(
    python="pass the right one as `base`",
    command="give the right one as --base to pastiche convert, and use the file that it writes",
    node="put the right one into the folder of this file, under the name that it had",
)


@dataclass(frozen=True)
class Difference:
    """What a file holds of one module.

    Attributes:
        tensors: by their names in the module.
        facts: for the file's header.
    """

    tensors: Mapping[str, Tensor]
    facts: BaseFacts


@torch.no_grad()
def digest(module: nn.Module) -> str:
    """sha256 over the names, shapes and float32 values of all parameters and buffers, in hex."""
    found = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        found.update(f"{name} {list(value.shape)}\n".encode())
        found.update(value.detach().float().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def difference(module: nn.Module, base: nn.Module, name: str, *, subtract: bool) -> Difference:
    """What is left of a module without what its base has too.

    Args:
        name: of the base: what `load` looks for.
        subtract: the counterparts, so that the rest can be stored in less than float32.
    """
    before = base.state_dict()
    tensors, shared = {}, []
    for key, tensor in module.state_dict().items():
        twin = _counterpart(key, tensor, before)
        if twin is None:
            tensors[key] = tensor
        elif torch.equal(tensor, twin.to(tensor)):
            shared.append(key)
        else:
            tensors[key] = tensor - twin.to(tensor) if subtract and tensor.is_floating_point() else tensor
    return Difference(tensors, BaseFacts(name=name, sha256=digest(base), shared=tuple(shared), subtracted=subtract))


@torch.no_grad()
def move_base(module: nn.Module, before: nn.Module, after: nn.Module) -> None:
    """Add to a module, in place, what changed between the base that it was fine-tuned from and another training of that base.

    What it shares with the old base, it shares with the new one to the bit. Tensors without a counterpart stay.

    Args:
        before, after: of the same sizes.
    """
    old, new = before.state_dict(), after.state_dict()
    for key, tensor in module.state_dict().items():
        name = _name_of_counterpart(key, tensor, old)
        if name is not None and tensor.is_floating_point():
            kept = torch.equal(tensor, old[name].to(tensor))
            tensor.copy_(new[name] if kept else tensor + (new[name] - old[name]).to(tensor))


def with_base(part: Part, base: nn.Module, where: str) -> Part:
    """The part, with what its file leaves out taken from the base.

    Raises:
        CheckpointError: this is not the base that the file was made with.
    """
    facts = part.base
    assert facts is not None
    found = digest(base)
    if found != facts.sha256:
        raise CheckpointError(
            f"{where} is stored as its difference from {facts.name} (sha256 of its weights {facts.sha256[:12]}), and the base "
            f"that was found has other weights ({found[:12]})",
            OTHER_BASE,
        )
    before = base.state_dict()
    shared = {key: _expect(key, before, where) for key in facts.shared}
    twins = {key: _counterpart(key, tensor, before) for key, tensor in part.state.items() if facts.subtracted}
    added = {key: twin for key, twin in twins.items() if twin is not None and twin.is_floating_point()}
    return replace(part, base=None, shared=shared, added=added)


def _expect(key: str, before: Mapping[str, Tensor], where: str) -> Tensor:
    twin = _namesake(key, before)
    if twin is None:
        raise CheckpointError(f"{where} takes {key[:160]} from a base that has nothing like it; save it anew")
    return twin


def _counterpart(key: str, tensor: Tensor, before: Mapping[str, Tensor]) -> Tensor | None:
    name = _name_of_counterpart(key, tensor, before)
    return None if name is None else before[name]


def _name_of_counterpart(key: str, tensor: Tensor, before: Mapping[str, Tensor]) -> str | None:
    name = _longest_end(key, before)
    return name if name in before and before[name].shape == tensor.shape else None


def _namesake(key: str, before: Mapping[str, Tensor]) -> Tensor | None:
    return before.get(_longest_end(key, before))


def _longest_end(key: str, names: Mapping[str, Tensor]) -> str:
    """The name that is the longest end of `key`; empty if there is none."""
    while key and key not in names:
        key = key.partition(".")[2]
    return key
