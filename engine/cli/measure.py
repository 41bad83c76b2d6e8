"""`pastiche bench`: speed on this machine, compared with the published implementation."""

from dataclasses import asdict
from typing import Annotated

import torch
import typer
from rich import box
from rich.table import Table

from ..bench.inversion import Networks, measure_batching
from ..bench.learning import LearningRow, measure_learning
from ..bench.meter import convolution_rates, machine
from ..bench.networks import NETWORKS, NetworkRow, measure_network
from ..bench.streams import Stream, measure_folder, measure_video_stream
from ..bench.synthesis import Row, measure_synthesis
from ..bench.video import photo_clip
from ..bundle import DEMO
from ..devices import find_device
from ..jojogan import JoJoStyle, OneShot
from ..numerics import precision
from ..stylegan2.config import check_resolution
from ..video import VideoNetworks, VideoSettings
from .console import emit, err, out
from .options import DeviceOption, JsonOption, PictureFormat, load_models

__all__ = ["bench"]

SYNTHESIS = ("px", "batch", "form", "s", "faster", "error", "dB", "MB", "of rate")
NETWORK = ("network", "px", "form", "s", "faster", "error")
INVERSION = ("network", "faces", "s at once", "s one by one", "faster")
STEPS = ("step", "s each")
LEARNING = ("px", "form", "s a step", "MB", "losses")


def _resolutions(given: list[int] | None) -> list[int] | None:
    try:
        for resolution in given or []:
            check_resolution(resolution)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    return given


def bench(
    resolutions: Annotated[
        list[int] | None,
        typer.Option(
            "--resolution", "-r", callback=_resolutions, help="8 to 2048 pixels; by default 256 and 1024. Repeatable."
        ),
    ] = None,
    batches: Annotated[
        list[int] | None, typer.Option("--batch", "-b", min=1, help="Batch size; by default 1 and 4. Repeatable.")
    ] = None,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="How often to time each variant.")] = 5,
    training: Annotated[
        bool, typer.Option("--training", help="Also time one training step of a style, which takes minutes.")
    ] = False,
    networks: Annotated[
        list[str] | None, typer.Option("--network", "-n", help=f"Time this instead: {', '.join(NETWORKS)}; repeatable.")
    ] = None,
    inversion: Annotated[
        int | None,
        typer.Option("--inversion", min=2, help="Time this instead: so many faces inverted at once, against one by one."),
    ] = None,
    folder: Annotated[
        int | None, typer.Option("--folder", min=2, help="Time this instead: a folder of so many pictures, against its steps.")
    ] = None,
    files: Annotated[
        PictureFormat, typer.Option("--format", help="The format of the pictures of [b]--folder[/b], read and written.")
    ] = "png",
    video: Annotated[
        int | None, typer.Option("--video", min=8, help="Time this instead: a video of so many frames, against its steps.")
    ] = None,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Time synthesis on this machine, and compare it with the published implementation (`pastiche/bench/published/`).

    The output begins with the hardware and its instruction sets. For each size it lists: seconds, the speedup over the
    published implementation, the largest error relative to the image's spread, PSNR, peak memory beyond the weights, and
    the fraction of the machine's convolution rate.
    On a GPU, each precision is timed eagerly, compiled (torch.compile) and as a CUDA graph.

    pastiche bench --resolution 256 --rounds 9
    pastiche bench --inversion 16
    pastiche bench --folder 64 --format jpg --rounds 1
    pastiche bench --video 64 --rounds 1
    pastiche bench --network encoder --network dualstylegan --resolution 1024
    """
    where = find_device(device)
    if folder is not None or video is not None:
        _bench_streams(folder, video, rounds, device, files, as_json=as_json)
        return
    if inversion is not None:
        _bench_inversion(inversion, rounds, device, as_json=as_json)
        return
    if networks:
        _bench_networks(networks, resolutions or [1024], rounds, where, as_json=as_json)
        return
    rates = {name: rate / 1e9 for name, rate in convolution_rates(where).items()}
    rows = []
    for resolution in resolutions or (256, 1024):
        for batch in batches or (1, 4):
            err.print(f"[dim]synthesis at {resolution} pixels, batch {batch} ...[/dim]")
            rows += list(measure_synthesis(resolution, batch, where, rounds=rounds))
    learning = [
        row for resolution in (resolutions or (256, 1024)) for row in (measure_learning(resolution, where) if training else [])
    ]
    if as_json:
        emit(
            {
                "machine": machine(where),
                "rates_gflops": rates,
                "synthesis": [asdict(row) for row in rows],
                "training": [asdict(row) for row in learning],
            }
        )
        return
    out.print(machine(where))
    out.print("convolution, GFLOP/s: " + "; ".join(f"{name} {rate:.0f}" for name, rate in rates.items()))
    out.print(_table(SYNTHESIS, [_synthesis_cells(row) for row in rows]))
    if learning:
        out.print(_table(LEARNING, [_learning_cells(row) for row in learning]))


def _bench_networks(names: list[str], resolutions: list[int], rounds: int, where: torch.device, *, as_json: bool) -> None:
    unknown = [name for name in names if name not in NETWORKS]
    if unknown:
        raise typer.BadParameter(f"there is no network {unknown[0]}: choose from {', '.join(NETWORKS)}")
    found = []
    for resolution in resolutions:
        for name in names:
            err.print(f"[dim]{name} at {resolution} pixels ...[/dim]")
            found += [(resolution, row) for row in measure_network(name, resolution, where, rounds=rounds)]
    if as_json:
        emit({"machine": machine(where), "networks": [{"resolution": resolution, **asdict(row)} for resolution, row in found]})
        return
    out.print(machine(where))
    out.print(_table(NETWORK, [_network_cells(resolution, row) for resolution, row in found]))


def _bench_inversion(faces: int, rounds: int, device: str, *, as_json: bool) -> None:
    """The bundled encoder and a short optimization, with their generator."""
    models = load_models(DEMO, None, device)
    networks = Networks(generator=models.generator, encoder=models.encoder, discriminator=models.discriminator)
    with precision("auto", models.device):
        found = measure_batching(networks, count=faces, rounds=rounds)
    if as_json:
        emit({"machine": machine(models.device), "inversion": [asdict(row) | {"ratio": row.ratio} for row in found]})
        return
    out.print(machine(models.device))
    cells: list[tuple[str, ...]] = [
        (row.method, str(row.faces), f"{row.together:.3f}", f"{row.apart:.3f}", f"{row.ratio:.2f}") for row in found
    ]
    out.print(_table(INVERSION, cells))


def _bench_streams(
    folder: int | None, video: int | None, rounds: int, device: str, files: PictureFormat, *, as_json: bool
) -> None:
    """`pastiche batch` and `pastiche video` on the bundle, with a style that draws what the generator does."""
    models = load_models(DEMO, None, device)
    assert models.encoder is not None
    style = JoJoStyle(models.stylegan2, models.stylegan2, OneShot())
    found: list[Stream] = []
    with precision("auto", models.device):
        if folder is not None:
            suffix = f".{files}"
            found.append(measure_folder(style, models.generator, models.encoder, count=folder, rounds=rounds, suffix=suffix))
        if video is not None:
            networks = VideoNetworks(generator=models.generator, encoder=models.encoder)
            found.append(measure_video_stream(photo_clip(video, 256), style, networks, VideoSettings(), rounds=rounds))
    if as_json:
        rows = [asdict(row) | {"of_parts": row.of_parts, "of_drawing": row.of_drawing} for row in found]
        emit({"machine": machine(models.device), "streams": rows})
        return
    out.print(machine(models.device))
    for row in found:
        out.print(
            f"{row.what}: {row.items / row.seconds:.2f} a second, {100 * row.of_parts:.0f} % of the sum of its steps, "
            f"{100 * row.of_drawing:.0f} % of drawing alone"
        )
        out.print(_table(STEPS, [(name, f"{seconds / row.items:.4f}") for name, seconds in row.parts.items()]))


def _network_cells(resolution: int, row: NetworkRow) -> tuple[str, ...]:
    return row.network, str(resolution), row.what, f"{row.seconds:.3f}", f"{row.ratio:.2f}", f"{row.error:.0e}"


def _table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=True, justify="left" if column in ("form", "network", "step") else "right")
    for row in rows:
        table.add_row(*row)
    return table


def _synthesis_cells(row: Row) -> tuple[str, ...]:
    quality = (f"{row.error:.0e}", f"{row.psnr:.1f}")
    speed = (f"{row.seconds:.3f}", f"{row.ratio:.2f}")
    return (str(row.resolution), str(row.batch), row.what, *speed, *quality, _megabytes(row.memory), f"{100 * row.share:.0f} %")


def _learning_cells(row: LearningRow) -> tuple[str, ...]:
    losses = " ".join(f"{loss:.4f}" for loss in row.losses)
    return str(row.resolution), row.what, f"{row.seconds:.2f}", _megabytes(row.memory), losses


def _megabytes(memory: float | None) -> str:
    return "" if memory is None else f"{memory / 2**20:.0f}"
