"""`pastiche batch`: draw folders of pictures in a style."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ..batch import Stylizer, find_items, stylize_folder
from ..errors import LatentError
from ..faces import Region
from ..numerics import precision
from ..video.job import digest, modules_of
from .console import emit, say, working
from .methods import StyleRequest, make_style
from .options import (
    AlignedOption,
    DeviceOption,
    EncoderOption,
    JsonOption,
    LandmarksOption,
    PrecisionOption,
    SeedOption,
    WeightsOption,
    load_models,
)

__all__ = ["batch"]


def batch(
    inputs: Annotated[list[Path], typer.Argument(help="Pictures, or folders of pictures.", show_default=False)],
    out_path: Annotated[Path, typer.Option("--out", "-o", help="The folder to write.")] = Path("stylized"),
    style: Annotated[
        Path | None, typer.Option("--style", "-s", help="A style that was saved by [b]one-shot[/b] or [b]--save-style[/b].")
    ] = None,
    reference: Annotated[
        list[Path] | None, typer.Option("--reference", "-r", help="An image in the style, which is learned first.")
    ] = None,
    strength: Annotated[
        float, typer.Option("--strength", min=0, max=1, help="0: the face without the style; 1: the full style.")
    ] = 1.0,
    keep_background: Annotated[
        bool, typer.Option("--keep-background", help="Paste the faces back; otherwise the largest face is cut out.")
    ] = False,
    faces: Annotated[
        int, typer.Option("--faces", min=1, help="Maximum number of faces of a picture, with --keep-background.")
    ] = 8,
    region: Annotated[Region, typer.Option("--region", help="What to paste back: see [b]pastiche stylize[/b].")] = "face",
    match_color: Annotated[
        bool, typer.Option("--match-color", help="Match the pasted faces to the light and colours of the photo.")
    ] = False,
    kind: Annotated[Literal["png", "jpg", "webp"], typer.Option("--format", help="The format of the results.")] = "png",
    together: Annotated[int, typer.Option("--batch", min=1, help="Pictures that are drawn at once.")] = 8,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Threads that decode and write.")] = 4,
    retry: Annotated[bool, typer.Option("--retry-failed", help="Try again what failed before.")] = False,
    seed: SeedOption = 0,
    weights: WeightsOption = "demo",
    encoder: EncoderOption = None,
    aligned: AlignedOption = False,
    landmarks: LandmarksOption = "auto",
    device: DeviceOption = "auto",
    arithmetic: PrecisionOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Draw the faces of all pictures of INPUTS in a style.

    What can't be read or shows no face is recorded in [b]report.jsonl[/b] in the output folder, and the rest goes on.
    After an interruption, the same command makes what is missing.

      pastiche batch photos/ --style painting.safetensors --out drawn/
      pastiche batch photos/ --style painting.safetensors --keep-background --format jpg --out drawn/
    """
    request = StyleRequest(style=style, options={"reference": reference}, seed=seed, landmarks=landmarks)
    models = load_models(weights, encoder, device)
    if models.encoder is None:
        raise LatentError(f"{models.checkpoint.source} has no encoder, and every face goes through one: give it as --encoder")
    _, style_of = make_style(models, request)
    options: dict[str, Any] = {
        "strength": strength,
        "faces": faces,
        "aligned": aligned,
        "keep_background": keep_background,
        "region": region,
        "match_color": match_color,
        "landmarker": landmarks,
    }
    with precision(arithmetic, models.device):
        used = style_of()
        stylizer = Stylizer(used, models.generator, models.encoder, batch=together, **options)
        networks = digest([models.generator, models.encoder, *modules_of(used)])
        with working("stylizing") as progress:
            done = stylize_folder(
                find_items(inputs, f".{kind}"),
                out_path,
                stylizer,
                job={**options, "format": kind, "networks": networks},
                batch=together,
                workers=workers,
                retry=retry,
                progress=progress,
            )
    rate = done.done / max(done.seconds, 1e-9)
    if as_json:
        facts = {"done": done.done, "failed": done.failed, "skipped": done.skipped, "seconds": done.seconds}
        emit({**facts, "per_second": rate, "written": str(out_path)})
    else:
        more = f", {done.skipped} were there before" if done.skipped else ""
        say(f"{done.done} pictures drawn, {done.failed} failed{more}: {out_path}")
