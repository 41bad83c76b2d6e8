"""`pastiche batch`: draw folders of pictures in a style."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from ..batch import Stylizer, find_items, stylize_folder
from ..errors import LatentError
from ..numerics import precision
from ..video.job import digest, style_facts
from .console import emit, say, working
from .faces import FindOptions, PasteOptions, StrengthOption
from .groups import grouped
from .methods import MethodOption, MethodOptions, SavedStyleOption, StyleRequest, make_style
from .options import JsonOption, NetworkOptions, PictureFormat, SeedOption

__all__ = ["batch"]


@dataclass(frozen=True, kw_only=True)
class WorkOptions:
    """How a folder is worked off."""

    format: Annotated[PictureFormat, typer.Option("--format", help="The format of the results.")] = "png"
    batch: Annotated[int, typer.Option("--batch", min=1, help="Pictures that are drawn at once.")] = 8
    workers: Annotated[int, typer.Option("--workers", min=1, help="Threads that decode and write.")] = 4
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try again what failed before.")] = False


@grouped
def batch(
    inputs: Annotated[list[Path], typer.Argument(help="Pictures, or folders of pictures.", show_default=False)],
    *,
    out_path: Annotated[Path, typer.Option("--out", "-o", help="The folder to write.")] = Path("stylized"),
    making: MethodOptions,
    style: SavedStyleOption = None,
    method: MethodOption = None,
    strength: StrengthOption = 1.0,
    pasting: PasteOptions,
    faces: Annotated[
        int, typer.Option("--faces", min=1, help="Maximum number of faces of a picture, with --keep-background.")
    ] = 8,
    working_with: WorkOptions,
    seed: SeedOption = 0,
    finding: FindOptions,
    networks: NetworkOptions,
    as_json: JsonOption = False,
) -> None:
    """Draw the faces of all pictures of INPUTS in a style.

    What can't be read or shows no face is recorded in [b]report.jsonl[/b] in the output folder, and the rest goes on.
    After an interruption, the same command makes what is missing.

      pastiche batch photos/ --style painting.safetensors --out drawn/
      pastiche batch photos/ --style painting.safetensors --keep-background --format jpg --out drawn/
      pastiche batch photos/ --method dualstylegan --exemplar 31 --out drawn/
    """
    request = StyleRequest(style=style, method=method, options=vars(making), seed=seed, landmarks=finding.landmarks)
    items = find_items(inputs, f".{working_with.format}", out=out_path)
    models = networks.load(request.bundled)
    if models.encoder is None:
        raise LatentError(f"{models.checkpoint.source} has no encoder, and every face goes through one: give it as --encoder")
    used_method, style_of = make_style(models, request)
    options: dict[str, Any] = {
        "strength": strength,
        "faces": faces,
        "aligned": finding.aligned,
        **vars(pasting),
        "landmarker": finding.landmarks,
    }
    with precision(networks.precision, models.device):
        used = style_of()
        stylizer = Stylizer(used, models.generator, models.encoder, batch=working_with.batch, **options)
        drawn_by = {"networks": digest([models.generator, models.encoder]), "style": style_facts(used)}
        with working("stylizing") as progress:
            done = stylize_folder(
                items,
                out_path,
                stylizer,
                job={**options, **drawn_by, "format": working_with.format},
                batch=working_with.batch,
                workers=working_with.workers,
                retry=working_with.retry_failed,
                progress=progress,
            )
    rate = done.done / max(done.seconds, 1e-9)
    if as_json:
        facts = {"done": done.done, "failed": done.failed, "skipped": done.skipped, "seconds": done.seconds}
        emit({"method": used_method.value, **facts, "per_second": rate, "written": str(out_path)})
    else:
        more = f", {done.skipped} known from an earlier run" if done.skipped else ""
        say(f"{done.done} pictures drawn, {done.failed} failed{more}: {out_path}")
