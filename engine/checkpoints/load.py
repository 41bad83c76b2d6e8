"""Loading and inspecting a checkpoint of any known format."""

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import torch

from ..devices import find_device
from ..errors import Advice, CheckpointError
from ..latents import Space
from ..stylegan2 import Generator
from .build import build_parts
from .checkpoint import Checkpoint
from .difference import with_base
from .facts import Facts, describe
from .files import Content, open_file
from .modules import KINDS
from .plan import Part, Plan, Request, Resize
from .registry import find_format

__all__ = ["NO_BASE", "inspect", "load"]

log = logging.getLogger(__name__)

Base = Checkpoint | Callable[[str], Checkpoint]

NO_BASE = Advice(
    python="pass the checkpoint that it was fine-tuned from as `base`",
    command="put the file that it was fine-tuned from into the same folder, or give it as --base to pastiche convert",
    node="put the file that it was fine-tuned from into the same folder",
)
NO_SPACE = Advice("leave `space` out", "leave --space out", 'set space to "as the file says"')
NO_RESIZE = Advice("leave `resize` out", "leave --resize out", 'set resize to "as the file says"')


def load(
    path: str | os.PathLike[str],
    *,
    space: Space | None = None,
    architecture: str | None = None,
    resize: Resize | None = None,
    device: torch.device | str = "cpu",
    base: Base | None = None,
) -> Checkpoint:
    """Load a checkpoint file. Its contents determine its format, never its name.

    The caller resolves names of the catalog and of the demo bundle to paths.

    Args:
        path: a .pt, .pth, .pkl or .safetensors file.
        space: latent space of an encoder's codes, where the file does not say: ``"z+"`` for DualStyleGAN's encoder; w+ by
            default.
        architecture: ``"psp"`` or ``"e4e"``, ``"restyle-psp"`` or ``"restyle-e4e"``, for an encoder file that fits both.
        resize: how the encoder resizes images to 256 pixels, if not in the usual way of its architecture: ``"area"``,
            averaging, for DualStyleGAN's encoder_wplus.pt, which is a pSp otherwise.
        device: device of the modules: "cpu", "cuda", "cuda:1", "mps", or "auto" for a GPU if there is one.
        base: what a file that is stored as a difference was fine-tuned from; or what gives it, called with its name.

    Returns:
        Modules in float32 in evaluation mode, with frozen parameters.

    Raises:
        PasticheError: this machine does not have the device.
        UnsafeCheckpointError: the file asks for code to be run; nothing was run.
        CheckpointError: the file is missing, damaged, of an unknown format, or contradicts `space`, `architecture` or
            `resize`; or it needs a base, and there is none, or another one.
    """
    where = find_device(device)
    content, plan = _read(Path(path), Request(space=space, architecture=architecture, resize=resize))
    if plan.refusal is not None or plan.architecture is None:
        raise CheckpointError(f"{path}: {plan.refusal}", plan.advice)
    for note in plan.notes:
        log.info("%s: %s", content.path, note)
    parts, origin = _completed(plan, base, content.path)
    modules = build_parts(replace(plan, parts=parts), content)
    checkpoint = Checkpoint(
        architecture=plan.architecture,
        options=plan.options,
        source=plan.source or content.path.name,
        license=plan.license,
        base=origin,
        **modules,  # type: ignore[arg-type]  # the slots of Plan.parts are the attributes of Checkpoint
    )
    return checkpoint.to(where)


def inspect(
    path: str | os.PathLike[str],
    *,
    space: Space | None = None,
    architecture: str | None = None,
    resize: Resize | None = None,
    sha256: bool = False,
) -> Facts:
    """Collect the facts that `load` would find, without building modules, reading as little as possible.

    Args:
        path: the file.
        space, architecture, resize: as for `load`.
        sha256: read the whole file and compute its hash.

    Raises:
        UnsafeCheckpointError, CheckpointError: as for `load`; a known file that can't be loaded is described instead.
    """
    content, plan = _read(Path(path), Request(space=space, architecture=architecture, resize=resize))
    return describe(content, plan, sha256=sha256)


def _completed(plan: Plan, given: Base | None, path: Path) -> tuple[Mapping[str, Part], Generator | None]:
    """The plan's parts with what the file leaves out, and the generator that it was fine-tuned from."""
    lacking = {slot: part.base for slot, part in plan.parts.items() if part.base is not None}
    if not lacking:
        return plan.parts, None
    name = next(iter(lacking.values())).name
    if given is None:
        raise CheckpointError(f"{path}: is stored as its difference from {name}, and no base was given", NO_BASE)
    base = given if isinstance(given, Checkpoint) else given(name)
    parts = dict(plan.parts)
    for slot in lacking:
        if slot not in base.modules:
            raise CheckpointError(f"{path}: its {slot} is stored as a difference from {name}'s, which holds none", NO_BASE)
        parts[slot] = with_base(parts[slot], base.modules[slot], f"{path}: its {slot.replace('_', ' ')}")
    origin = base.generator if "generator" in lacking and isinstance(base.generator, Generator) else None
    return parts, origin


def _read(path: Path, request: Request) -> tuple[Content, Plan]:
    with torch.device("cpu"):  # independent of the default device
        content = open_file(path)
        plan = find_format(content).read(content, request)
    if request.architecture not in (None, plan.architecture):
        raise CheckpointError(f"{path}: is a {plan.architecture} checkpoint, not {request.architecture!r}")
    plan = plan if request.space is None else _in_space(plan, request.space, path)
    return content, plan if request.resize is None else _resizing(plan, request.resize, path)


def _in_space(plan: Plan, space: Space, path: Path) -> Plan:
    """The plan with an encoder whose codes are in `space`."""
    encoder = plan.parts.get("encoder")
    if encoder is None:
        raise CheckpointError(f"{path}: holds no encoder whose codes can be in {space}", NO_SPACE)
    settled = KINDS[encoder.kind].space
    if settled not in (None, space):
        raise CheckpointError(f"{path}: the codes of its encoder are in {settled}, not {space!r}", NO_SPACE)
    if settled == space:
        return plan
    try:
        config = replace(encoder.config, space=space)
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: the codes of its encoder can't be in {space!r}: {error}") from error
    return replace(plan, parts={**plan.parts, "encoder": replace(encoder, config=config)})


def _resizing(plan: Plan, resize: Resize, path: Path) -> Plan:
    """The plan with an encoder that resizes images in this way."""
    encoder = plan.parts.get("encoder")
    if encoder is None or not hasattr(encoder.config, "resize"):
        raise CheckpointError(f"{path}: holds no encoder with a choice of resizing", NO_RESIZE)
    config = replace(encoder.config, resize=resize)
    return replace(plan, parts={**plan.parts, "encoder": replace(encoder, config=config)})
