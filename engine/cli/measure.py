"""`pastiche bench`: how fast this machine is, against the published formulation."""

from dataclasses import asdict
from typing import Annotated

import torch
import typer
from rich.table import Table

from ..bench.learning import measure_learning
from ..bench.meter import convolution_rate
from ..bench.synthesis import measure_synthesis
from .console import emit, err, out
from .options import DeviceOption, JsonOption, pick_device

__all__ = ["bench"]


def bench(
    resolutions: Annotated[
        list[int] | None, typer.Option("--resolution", "-r", help="256 and 1024 by default; repeatable.")
    ] = None,
    batches: Annotated[list[int] | None, typer.Option("--batch", "-b", help="1 and 4 by default; repeatable.")] = None,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Each form is timed this often, in turn.")] = 5,
    training: Annotated[
        bool, typer.Option("--training", help="Also time one step of learning a style; takes minutes.")
    ] = False,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Time synthesis here, beside the published formulation (`pastiche/bench/published.py`), with peak memory and agreement.

    pastiche bench --resolution 256 --rounds 9
    """
    where = pick_device(device)
    rates = {name: convolution_rate(getattr(torch, name), where) / 1e9 for name in ("float32", "bfloat16")}
    rows = []
    for resolution in resolutions or (256, 1024):
        for batch in batches or (1, 4):
            err.print(f"[dim]synthesis at {resolution} pixels, batch {batch} ...[/dim]")
            rows += list(measure_synthesis(resolution, batch, where, rounds=rounds))
    learning = [
        row for resolution in (resolutions or (256, 1024)) for row in (measure_learning(resolution, where) if training else [])
    ]
    if as_json:
        emit({"rates_gflops": rates, "synthesis": [asdict(row) for row in rows], "training": [asdict(row) for row in learning]})
        return
    threads = torch.get_num_threads()
    out.print(
        f"{where}, {threads} threads; convolution {rates['float32']:.0f} GFLOP/s float32, {rates['bfloat16']:.0f} bfloat16"
    )
    table = Table("pixels", "batch", "form", "s", "times published", "error", "PSNR dB", "peak MB", "of conv rate")
    for row in rows:
        memory = "" if row.memory is None else f"{row.memory / 2**20:.0f}"
        numbers = (
            f"{row.seconds:.3f}",
            f"{row.ratio:.2f}",
            f"{row.error:.1e}",
            f"{row.psnr:.1f}",
            memory,
            f"{100 * row.share:.0f} %",
        )
        table.add_row(str(row.resolution), str(row.batch), row.what, *numbers)
    out.print(table)
    if learning:
        steps = Table("pixels", "learning step", "s", "peak MB of the process", "losses")
        for step in learning:
            losses = " ".join(f"{loss:.4f}" for loss in step.losses)
            steps.add_row(str(step.resolution), step.what, f"{step.seconds:.2f}", f"{step.memory / 2**20:.0f}", losses)
        out.print(steps)
