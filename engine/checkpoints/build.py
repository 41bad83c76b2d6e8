"""From a plan's part to a module: nothing is drawn at random, and no memory is taken, before all sizes agree."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from ..errors import CheckpointError
from .files import Content, StateDict, TensorReader
from .modules import KINDS, check_sizes
from .plan import Part, Plan

__all__ = ["build_parts"]

SLACK = 2**20  # bytes by which tensors may claim more than their file has
SHOWN = 4  # mismatches in a message


def build_parts(plan: Plan, content: Content) -> dict[str, nn.Module]:
    """Every module of a plan, in evaluation mode and frozen, by the attribute of `Checkpoint` that it becomes.

    Args:
        plan: what the file means.
        content: the file, whose weights are read now, one tensor after the other, into the modules' own memory.

    Raises:
        CheckpointError: names or shapes do not fit; says which.
    """
    _check_claims(plan, content.size, str(content.path))
    modules: dict[str, nn.Module] = {}
    # A module that is built in inference mode, as ComfyUI's nodes are run, could never be trained.
    with torch.inference_mode(False), torch.no_grad(), torch.device("cpu"), content.file.tensors() as reader:
        for slot, part in plan.parts.items():
            where = f"{content.path}: its {slot.replace('_', ' ')}"
            modules[slot] = _build(part, modules, reader, content.size, where)
    return modules


def _check_claims(plan: Plan, size: int, where: str) -> None:
    """Tensors may share their bytes in a file; what they become does not."""
    claimed = sum(tensor.numel() * tensor.element_size() for part in plan.parts.values() for tensor in part.state.values())
    if claimed > size + SLACK:
        raise CheckpointError(f"{where}: its tensors claim {claimed} bytes, and it has {size}; download the file again")


def _build(part: Part, modules: Mapping[str, nn.Module], reader: TensorReader, size: int, where: str) -> nn.Module:
    module = _sketch(part, where)
    wanted = module.state_dict()
    _compare(wanted, part, where)
    module.to_empty(device="cpu")
    _read_weights(module.state_dict(), part, reader)
    module.eval().requires_grad_(False)
    if part.finish:
        part.finish(module, modules)
    return module


def _read_weights(wanted: Mapping[str, Tensor], part: Part, reader: TensorReader) -> None:
    """Give every tensor of a module its values, in the order in which they lie in the file."""
    for key in sorted(part.state, key=lambda key: part.state[key].data_ptr()):
        reader.read(wanted[key], part.state[key])
    for key, tensor in wanted.items():
        if key not in part.state:
            tensor.copy_(part.fill[key](tensor.shape))


def _sketch(part: Part, where: str) -> nn.Module:
    """The module without memory for its tensors."""
    check_sizes(part.config, where)
    try:
        with torch.device("meta"):
            return KINDS[part.kind].module(part.config).float()  # type: ignore[no-any-return]
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(f"{where} has sizes that do not fit together ({error}); download the file again") from error


def _compare(wanted: Mapping[str, Tensor], part: Part, where: str) -> None:
    """Refuse a state dict that does not fit the module whose sizes were read from it."""
    missing = [key for key in wanted if key not in part.state and key not in part.fill]
    unexpected = [key for key in part.state if key not in wanted]
    wrong = [_difference(key, wanted[key], part.state) for key in part.state if key in wanted]
    complaints = [
        f"{what} {_listed(keys)}"
        for what, keys in (("lacks", missing), ("has no place for", unexpected), ("disagrees about", list(filter(None, wrong))))
        if keys
    ]
    if complaints:
        raise CheckpointError(f"{where} {', '.join(complaints)}; is it a checkpoint of another architecture, or cut short?")


def _difference(key: str, wanted: Tensor, state: StateDict) -> str:
    found = state[key]
    if found.shape != wanted.shape:
        return f"{key} (expected {list(wanted.shape)}, found {list(found.shape)})"
    if found.is_floating_point() != wanted.is_floating_point():
        return f"{key} (expected {wanted.dtype}, found {found.dtype})"
    return ""


def _listed(names: Iterable[str]) -> str:
    every = [name[:160] if name.isprintable() else ascii(name)[:160] for name in names]
    more = f" and {len(every) - SHOWN} more" if len(every) > SHOWN else ""
    return ", ".join(every[:SHOWN]) + more
