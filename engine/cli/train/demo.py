"""`pastiche train demo`: the models that ship, again from scratch."""

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from ...demo.dry_run import DryRun
from ...demo.dry_run import dry_run as try_out
from ...demo.make import METHODS, PARTS, PRESETS, make
from ...devices import find_device
from ...training.rehearsal import duration
from ..console import emit, say
from ..options import DeviceOption, JsonOption
from .stages import stages

__all__ = ["demo"]

PresetName = Enum("PresetName", {name: name for name in PRESETS}, type=str)  # type: ignore[misc]


def demo(
    run: Annotated[
        Path,
        typer.Option("--run", help="Folder for portraits and training states, gigabytes; a later run resumes from it."),
    ] = Path("runs/demo"),
    out_path: Annotated[Path, typer.Option("--out", "-o", help="Folder for the bundle.")] = Path("weights/demo"),
    log: Annotated[
        Path | None,
        typer.Option("--log", help="Folder for TensorBoard logs with losses and previews (needs pastiche[training])."),
    ] = None,
    preset: Annotated[
        PresetName | None,
        typer.Option(
            "--preset",
            help="Size of the training: full for a GPU, small for a CPU. The default depends on the device.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            help=f"Make only this part: {', '.join((*PARTS, *METHODS))}; repeat it for several. Methods are learned on a base.",
            show_default=False,
        ),
    ] = None,
    base: Annotated[
        Path | None,
        typer.Option(
            "--base", help="The base for [b]--only[/b]; by default the one in the bundle's folder.", show_default=False
        ),
    ] = None,
    portraits: Annotated[
        Path | None,
        typer.Option(
            "--portraits",
            help="Folder of another run, whose portraits are used as they are. By default they are painted.",
            show_default=False,
        ),
    ] = None,
    start_from: Annotated[
        Path | None,
        typer.Option(
            "--start-from",
            help="Folder of a bundle with another base of the same sizes: its models of the methods are moved to this base and "
            "trained on. By default new ones are trained.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Paint a few portraits, make one step of every stage, print what all of it needs, and stop."
        ),
    ] = False,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Train the demo bundle from scratch: paint portraits, then train every network, then the methods' models on the base.

    Stop it at any time with Ctrl-C. The same command resumes from the state that was saved then.

      pastiche train demo --dry-run
      pastiche train demo --run runs/demo --out weights/demo
      pastiche train demo --log runs/log      (in another terminal: tensorboard --logdir runs/log)
      pastiche train demo --only blendgan --base weights/demo/faces.safetensors
      pastiche train demo --only blendgan --base new/faces.safetensors --start-from weights/demo --out new
    """
    where = find_device(device)
    chosen = preset.value if preset else "small" if where.type == "cpu" else "full"
    with stages(None if dry_run else log) as stage:
        found = (try_out if dry_run else make)(
            run,
            out_path,
            recipe=PRESETS[chosen],
            device=where,
            only=only or (),
            base=base,
            portraits=portraits,
            start_from=start_from,
            stage=stage,
        )
    if found is not None:
        _print_estimate(found, run, as_json=as_json)
        return
    files = {path.name: path.stat().st_size for path in sorted(out_path.glob("*.safetensors"))}
    if as_json:
        emit({"written": str(out_path), "bytes": files})
    else:
        say(", ".join(f"{name} ({size / 2**20:.1f} MB)" for name, size in files.items()))


def _print_estimate(found: DryRun, run: Path, *, as_json: bool) -> None:
    """Print what a dry run has found."""
    if as_json:
        stages = {name: {"seconds": stage.seconds, "memory": stage.memory} for name, stage in found.stages.items()}
        emit({"stages": stages, "painting": found.painting, "seconds": found.whole.seconds, "bytes": found.space})
        return
    for name, stage in found.stages.items():
        say(f"{name}: {stage}")
    say(f"painting: about {duration(found.painting)}")
    need, free = (f"{size / 2**30:.1f} GB" for size in (found.space, found.free))
    say(f"in all {found.whole}, and up to {need} in {run}, on whose disk {free} are free")
