"""`pastiche video`: draw the faces of a video in a style, or let a photo move as a video does."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from torch import Tensor

from ..faces import Face, align
from ..images import read, write
from ..numerics import precision
from ..style_protocol import Style
from ..video import (
    VideoNetworks,
    VideoReport,
    VideoSettings,
    checked,
    drive_face,
    preview_sheet,
    probe,
    stylize_video,
)
from ..video.writer import CONTAINERS
from .console import emit, say, working
from .faces import BlendOptions, StrengthOption
from .groups import grouped
from .methods import MethodOption, MethodOptions, SavedStyleOption, StyleRequest, make_style, wanted_style
from .options import JsonOption, LandmarksOption, NetworkOptions, OutOption, SeedOption
from .person import LikenessOption, tuning_of, wanted_likeness
from .targets import PICTURES, check_target
from .video_networks import video_networks

__all__ = ["video"]


@dataclass(frozen=True, kw_only=True)
class FollowOptions:
    """How people are followed through a video."""

    faces: Annotated[
        int, typer.Option("--faces", min=1, help="Maximum number of people, those who fill the most of the video first.")
    ] = 8
    identity: Annotated[
        str | None,
        typer.Option(
            "--identity", help="An ArcFace, by which people are found again in another light: [b]catalog:arcface-irse50[/b]."
        ),
    ] = None
    batch: Annotated[int, typer.Option("--batch", min=1, help="Frames that are drawn at once.")] = 4
    every: Annotated[int, typer.Option("--every", min=1, help="Frames between two looks of the face detector.")] = 12
    landmarks: LandmarksOption = "auto"


@grouped
def video(
    clip: Annotated[Path, typer.Argument(help="The video.", show_default=False)],
    *,
    making: MethodOptions,
    style: SavedStyleOption = None,
    method: MethodOption = None,
    out_path: OutOption = Path("stylized.mp4"),
    preview: Annotated[
        bool, typer.Option("--preview", help="Only draw ten frames on a sheet, [b]OUT.preview.png[/b], to check the faces.")
    ] = False,
    face: Annotated[
        Path | None,
        typer.Option("--face", help="A photo whose face moves as the video's does, instead of stylizing the video."),
    ] = None,
    strength: StrengthOption = 1.0,
    likeness: LikenessOption = None,
    blending: BlendOptions,
    following: FollowOptions,
    seed: SeedOption = 0,
    networks: NetworkOptions,
    as_json: JsonOption = False,
) -> None:
    """Draw the faces of a video in a style. Sound, frame rate and colours stay.

    People are followed over time, and lost and found again; crops, codes and outlines are smoothed, so that nothing
    flickers. Interrupted work goes on where it stopped: give the same command again.
    With [b]--face[/b], the face of a photo moves as the largest face of the video does.

      pastiche video clip.mp4 --style painting.safetensors --out film.mp4
      pastiche video clip.mp4 --reference painting.jpg --preview
      pastiche video clip.mp4 --method agilegan --attribute female --out film.mp4
      pastiche video clip.mp4 --face me.jpg --style painting.safetensors --out me.mp4
    """
    request = StyleRequest(style=style, method=method, options=vars(making), seed=seed, landmarks=following.landmarks)
    check_target(out_path, CONTAINERS)
    if preview:
        probe(clip)
    else:
        checked(clip, out_path)
    models = networks.load(request.bundled)
    used_method, style_of = (make_style if face is None else wanted_style)(models, request)
    amount = wanted_likeness(models.checkpoint, likeness, styled=style_of is not None)
    used_networks = video_networks(
        models, landmarks=following.landmarks, tuned=amount > 0 and not preview, identity=following.identity
    )
    settings = VideoSettings(
        strength=strength,
        likeness=amount,
        tuning=tuning_of(models.checkpoint, None),
        faces=following.faces,
        every=following.every,
        batch=following.batch,
        **vars(blending),
    )
    with precision(networks.precision, models.device):
        driven = None if face is None else _driven(face, used_networks)
        used = None if style_of is None else style_of()
        if preview and used is not None:
            page = out_path.with_name(f"{out_path.stem}.preview.png")
            check_target(page, PICTURES)
            write(preview_sheet(clip, used, used_networks, settings), page)
            _report(as_json, {"written": str(page)}, str(page))
            return
        done = _made(clip, out_path, driven, used, used_networks, settings)
    facts = {"frames": done.frames, "with_faces": done.drawn, "people": done.people, "cuts": done.cuts}
    drawn_by = None if used_method is None else used_method.value
    _report(
        as_json,
        {"method": drawn_by, **facts, "likeness": amount, "seed": seed, "written": str(out_path)},
        f"{done.people} people in {done.drawn} of {done.frames} frames: {out_path}",
    )


def _driven(photo: Path, networks: VideoNetworks) -> tuple[Face, Tensor]:
    """The face of a photo, and the photo."""
    picture = read(photo)
    return align(picture, networks.generator.resolution, landmarker=networks.landmarker, limit=1)[0], picture


def _made(
    clip: Path,
    out_path: Path,
    driven: tuple[Face, Tensor] | None,
    style: Style | None,
    networks: VideoNetworks,
    settings: VideoSettings,
) -> VideoReport:
    if driven is None:
        assert style is not None
        return stylize_video(clip, out_path, style, networks, settings, phases=working)
    face, picture = driven
    onto = None if face.is_whole else picture
    return drive_face(clip, out_path, face, networks, settings, photo=onto, style=style, phases=working)


def _report(as_json: bool, facts: dict[str, Any], words: str) -> None:
    if as_json:
        emit(facts)
    else:
        say(words)
