"""`pastiche evaluate video`: how much a stylized video flickers, compared with frames drawn one by one."""

from dataclasses import asdict
from math import isnan
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from ..bench.video import CLIPS, VideoRow, measure_video, painted_clip, photo_clip
from ..faces import Region
from ..numerics import precision
from ..video import VideoSettings
from ..video.writer import CONTAINERS
from .console import emit, out, working
from .groups import grouped
from .methods import MethodOption, MethodOptions, SavedStyleOption, StyleRequest, make_style
from .options import JsonOption, LandmarksOption, NetworkOptions
from .person import tuning_of
from .targets import check_target
from .video_networks import video_networks

__all__ = ["evaluate_video"]

COLUMNS = ("clip", "frame by frame", "video", "ratio", "still", "beyond still", "jitter", "smoothed", "motion kept")


@grouped
def evaluate_video(
    *,
    making: MethodOptions,
    style: SavedStyleOption = None,
    method: MethodOption = None,
    clips: Annotated[list[str] | None, typer.Option("--clip", help=f"{' or '.join(CLIPS)}; by default both.")] = None,
    frames: Annotated[int, typer.Option("--frames", min=4, help="Length of each clip.")] = 16,
    side: Annotated[int, typer.Option("--size", min=64, help="Side of each clip in pixels.")] = 256,
    region: Annotated[Region, typer.Option("--region", help="What is pasted back.")] = "face",
    likeness: Annotated[
        float,
        typer.Option("--likeness", min=0, max=1, help="How much of the person stays; above 0 the generator is tuned, twice."),
    ] = 0.0,
    keep: Annotated[Path | None, typer.Option("--keep", help="Keep the videos in this folder.")] = None,
    landmarks: LandmarksOption = "auto",
    networks: NetworkOptions,
    as_json: JsonOption = False,
) -> None:
    """Measure the flicker of a stylized video on two clips: the photo that ships before a moving camera, and a painted
    portrait that moves.

    frame by frame, video: warping error (Lai et al. 2018) relative to the clip's own; along the camera's motion, which is
    known, or the optical flow of the portrait's.
    ratio: of video to frame by frame.
    still: the same error of a drawing that does not flicker: one that moves exactly with the camera, or the portrait itself
    without its noise. No smoothing comes below it.
    beyond still: the ratio of what lies above that.
    jitter, smoothed: how far the crop strays from where it should be, from frame to frame, in percent of its side.
    motion kept: of the face's true motion, after smoothing.

      pastiche evaluate video --style painting.safetensors
      pastiche evaluate video --weights demo:agilegan-comic --frames 24
    """
    if unknown := [name for name in clips or () if name not in CLIPS]:
        raise typer.BadParameter(f"there is no clip {unknown[0]}: choose {' or '.join(CLIPS)}")
    request = StyleRequest(style=style, method=method, options=vars(making), seed=0, landmarks=landmarks)
    models = networks.load(request.bundled)
    _, style_of = make_style(models, request)
    video = video_networks(models, landmarks=landmarks, tuned=likeness > 0)
    makers = {"photo": photo_clip, "painted": painted_clip}
    if keep is not None:
        check_target(keep / "clip.mp4", CONTAINERS)
    made = [makers[name](frames, side) for name in clips or CLIPS]  # in float32
    with precision(networks.precision, models.device), TemporaryDirectory() as temporary:
        folder = keep or Path(temporary)
        used = style_of()
        settings = VideoSettings(region=region, likeness=likeness, tuning=tuning_of(models.checkpoint, None))
        rows = [measure_video(clip, used, video, settings, folder, phases=working) for clip in made]
    if as_json:
        emit(
            {
                "frames": frames,
                "size": side,
                "region": region,
                "likeness": likeness,
                "clips": [asdict(row) | {"beyond_still": row.beyond_still} for row in rows],
            }
        )
    else:
        out.print(_table(rows))


def _table(rows: list[VideoRow]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for column in COLUMNS:  # titles wrap, so that the numbers fit into 80 columns
        table.add_column(column, justify="left" if column == COLUMNS[0] else "right")
    for row in rows:
        jitter = ("" if isnan(value) else f"{100 * value:.2f} %" for value in row.jitter)
        still = "" if isnan(row.still) else f"{row.still:.2f}"
        beyond = "" if isnan(row.still) else f"{row.beyond_still:.2f}"
        kept = "" if isnan(row.kept[1]) else f"{100 * row.kept[1]:.0f} %"
        table.add_row(row.clip, f"{row.alone:.2f}", f"{row.smooth:.2f}", f"{row.ratio:.2f}", still, beyond, *jitter, kept)
    return table
