"""Build modules from a plan. Nothing is initialized at random, and no memory is allocated, before all shapes agree."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from ..errors import CheckpointError
from .eight_bits import channel_shape
from .files import Content, StateDict, TensorReader
from .modules import KINDS, check_sizes
from .plan import Part, Plan

__all__ = ["build_parts"]

SLACK = 2**20  # bytes by which the tensors may exceed the file's size
MOST_LISTED = 4  # mismatches listed in a message


def build_parts(plan: Plan, content: Content) -> dict[str, nn.Module]:
    """Build every module of a plan, in evaluation mode and with frozen parameters, by its attribute of `Checkpoint`.

    Args:
        plan: what the file contains.
        content: the open file. Its weights are read here, one tensor after the other, into the modules' own memory.

    Raises:
        CheckpointError: names or shapes do not match; the message lists them.
    """
    _check_total_size(plan, content.size, str(content.path))
    modules: dict[str, nn.Module] = {}
    # The parameters of a module built in inference mode, in which ComfyUI runs nodes, could never be trained.
    with torch.inference_mode(False), torch.no_grad(), torch.device("cpu"), content.file.tensors() as reader:
        for slot, part in plan.parts.items():
            where = f"{content.path}: its {slot.replace('_', ' ')}"
            modules[slot] = _build(part, modules, reader, content.size, where)
    return modules


def _check_total_size(plan: Plan, size: int, where: str) -> None:
    """Refuse tensors that share bytes of the file and would need more memory than the file has bytes."""
    needed = sum(tensor.numel() * tensor.element_size() for part in plan.parts.values() for tensor in part.state.values())
    if needed > size + SLACK:
        raise CheckpointError(f"{where}: its tensors need {needed} bytes, and the file has {size}; download the file again")


def _build(part: Part, modules: Mapping[str, nn.Module], reader: TensorReader, size: int, where: str) -> nn.Module:
    module = _on_meta_device(part, where)
    wanted = module.state_dict()
    _compare(wanted, part, where)
    module.to_empty(device="cpu")
    _read_weights(module.state_dict(), part, reader)
    module.eval().requires_grad_(False)
    if part.finish:
        part.finish(module, modules)
    return module


def _read_weights(wanted: Mapping[str, Tensor], part: Part, reader: TensorReader) -> None:
    """Fill every tensor of a module, in the order of the tensors in the file."""
    for key in sorted(part.state, key=lambda key: part.state[key].data_ptr()):
        reader.read(wanted[key], part.state[key])
    for key, scale in part.scales.items():
        wanted[key].mul_(scale.view(channel_shape(wanted[key].shape)))
    for key, base in part.added.items():
        wanted[key].add_(base.to(wanted[key]))
    for key, tensor in wanted.items():
        if key not in part.state:
            tensor.copy_(part.shared[key] if key in part.shared else part.fill[key](tensor.shape))


def _on_meta_device(part: Part, where: str) -> nn.Module:
    """The module on the meta device, without memory for its tensors."""
    check_sizes(part.config, where)
    try:
        with torch.device("meta"):
            return KINDS[part.kind].module(part.config).float()  # type: ignore[no-any-return]
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(f"{where} has inconsistent sizes ({error}); download the file again") from error


def _compare(wanted: Mapping[str, Tensor], part: Part, where: str) -> None:
    """Refuse a state dict that does not match its module."""
    given = {**part.shared, **part.state}
    missing = [key for key in wanted if key not in given and key not in part.fill]
    unexpected = [key for key in given if key not in wanted]
    wrong = [_difference(key, wanted[key], given, part.scales) for key in given if key in wanted]
    complaints = [
        f"{what} {_listed(keys)}"
        for what, keys in (
            ("lacks", missing),
            ("has the unexpected keys", unexpected),
            ("has other shapes or types for", list(filter(None, wrong))),
        )
        if keys
    ]
    if complaints:
        raise CheckpointError(f"{where} {', '.join(complaints)}; is it a checkpoint of another architecture, or truncated?")


def _difference(key: str, wanted: Tensor, state: StateDict, scales: StateDict) -> str:
    found = state[key]
    if found.shape != wanted.shape:
        return f"{key} (expected {list(wanted.shape)}, found {list(found.shape)})"
    if (found.is_floating_point() or key in scales) != wanted.is_floating_point():
        return f"{key} (expected {wanted.dtype}, found {found.dtype})"
    return ""


def _listed(names: Iterable[str]) -> str:
    every = [name[:160] if name.isprintable() else ascii(name)[:160] for name in names]
    more = f" and {len(every) - MOST_LISTED} more" if len(every) > MOST_LISTED else ""
    return ", ".join(every[:MOST_LISTED]) + more
