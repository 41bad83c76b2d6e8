"""From a person's pictures to a training set: bad ones are reported, and faces are aligned once and kept."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import images
from ..errors import Advice, ImageError, NoFaceError, TrainingError
from ..faces import LandmarkerName, align
from ..files import replacing
from ..progress import Progress, Step, silent
from .data import BadPicture, PictureDataset
from .sources import FolderSource, PictureSource, open_source

__all__ = ["CUT_BY_HAND", "NO_FACE", "Prepared", "prepare_pictures"]

RECORD = "record.jsonl"
CHECKED = "checked.json"


NO_FACE = "no face was found"
CUT_BY_HAND = Advice(
    python="cut the faces out as squares, and give aligned=True",
    command="cut the faces out as squares, and add --aligned",
    node="cut the faces out as squares",
)


@dataclass(frozen=True)
class Prepared:
    """A training set.

    Attributes:
        pictures: those that can be used.
        bad: the others, each with its problem.
    """

    pictures: PictureDataset
    bad: list[BadPicture]


def prepare_pictures(
    path: Path,
    resolution: int,
    *,
    folder: Path,
    aligned: bool = False,
    landmarks: LandmarkerName = "auto",
    progress: Progress = silent,
) -> Prepared:
    """Open pictures for training, and check every one; a later call trusts the first one's result for the same files.

    Args:
        path: a folder, a .zip, an LMDB or a .txt with one path on a line.
        resolution: side of the pictures in training, in pixels.
        folder: of the training; pictures that were aligned are kept in ``aligned/RESOLUTION`` below it.
        aligned: the pictures are square and aligned already. Otherwise the largest face of each is cut as FFHQ's were.
        landmarks: the landmark detector for that.
        progress: called after each picture that is aligned, or only checked where they are aligned.

    Raises:
        TrainingError: no picture can be used; the message says why.
    """
    source = open_source(path, resolution)
    failed: list[BadPicture] = []
    if not aligned:
        kept = folder / "aligned" / str(resolution)
        failed = _align_all(source, resolution, kept, landmarks, progress)
        if len(failed) == len(source.names):
            raise TrainingError(
                f"no face was found in any of the {len(failed)} pictures in {path}; the first: {failed[0]}", CUT_BY_HAND
            )
        lacking = {one.name for one in failed}
        wanted = {_file_of(name).as_posix() for name in source.names if name not in lacking}
        source = FolderSource(kept)
        source.names = [name for name in source.names if name in wanted]  # others may be left of an earlier set
    dataset = PictureDataset(source, resolution)
    bad = _checked(dataset, folder, progress if aligned else silent)
    return Prepared(dataset.without(bad), [*failed, *bad])


def _checked(dataset: PictureDataset, folder: Path, progress: Progress) -> list[BadPicture]:
    """The pictures that can't be used: decoded once, and known when a training is resumed."""
    files = (f"{name} {dataset.source.size(index)}" for name, index in zip(dataset.names, dataset.indices, strict=True))
    names = hashlib.sha256("\n".join(files).encode()).hexdigest()
    facts = {"source": str(dataset.source.path.resolve()), "resolution": dataset.resolution, "names": names}
    record = folder / CHECKED
    if record.exists():
        found = _parsed(record.read_text(encoding="utf8")) or {}
        if found.get("facts") == facts:
            return [BadPicture(name, problem) for name, problem in found["bad"].items()]
    bad = dataset.check(progress)
    _make(folder)
    with replacing(record, TrainingError) as beside:
        beside.write_text(json.dumps({"facts": facts, "bad": {one.name: one.problem for one in bad}}), encoding="utf8")
    return bad


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(f"{folder} can't be made: {error.strerror}. Train in another folder.") from error


def _align_all(
    source: PictureSource, resolution: int, folder: Path, landmarks: LandmarkerName, progress: Progress
) -> list[BadPicture]:
    """Align every picture that was not aligned in an earlier call. Returns those without a face that can be used."""
    record = folder.with_name(f"{folder.name}-{RECORD}")
    problems = _read_record(record, source)
    _make(folder)
    if not record.exists():
        _record(record, {"source": str(source.path.resolve())})
    for index, name in enumerate(source.names):
        if name not in problems or not (problems[name] or (folder / _file_of(name)).exists()):
            problems[name] = _align(source, index, folder / _file_of(name), resolution, landmarks)
            _record(record, {"name": name, "problem": problems[name], "bytes": source.size(index)})
        progress(Step(index=index + 1, total=len(source.names)))
    return [BadPicture(name, problem) for name, problem in problems.items() if problem]


def _align(source: PictureSource, index: int, path: Path, resolution: int, landmarks: LandmarkerName) -> str:
    """Write the aligned face of one picture. Returns the problem, or nothing."""
    try:
        face = align(source.read(index), resolution, landmarker=landmarks, limit=1)[0]
    except NoFaceError:
        return NO_FACE
    except (ImageError, OSError) as error:
        return str(error)
    images.write(face.crop, path)
    return ""


def _file_of(name: str) -> Path:
    """A picture's file in the folder of aligned ones: its own folders stay, which may be attributes."""
    parts = [part for part in Path(name).parts if part not in ("..", "/") and not part.endswith((":\\", ":"))]
    place = Path(*parts)
    return place.with_name(f"{place.name}.png")


def _read_record(path: Path, source: PictureSource) -> dict[str, str]:
    """What became of each picture that is still the same: its problem, or nothing if its face was written."""
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf8").splitlines()
    made_from, *entries = [line for line in map(_parsed, lines) if line is not None] or [{}]
    if made_from.get("source") != str(source.path.resolve()):
        raise TrainingError(
            f"{path} is of the pictures in {made_from.get('source', 'an unknown place')}, not in {source.path}: train in "
            "another folder, or delete it and the pictures beside it"
        )
    sizes = {name: source.size(index) for index, name in enumerate(source.names)}
    last = {entry["name"]: entry for entry in entries if entry["name"] in sizes}
    return {name: entry["problem"] for name, entry in last.items() if entry.get("bytes") in (None, sizes[name])}


def _parsed(line: str) -> dict[str, Any] | None:
    """A line of the record; None for one that was cut off."""
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return found


def _record(path: Path, entry: dict[str, str | int]) -> None:
    try:
        with path.open("a", encoding="utf8") as file:
            file.write(json.dumps(entry) + "\n")
    except OSError as error:
        raise TrainingError(f"{path} can't be written: {error.strerror}. Train in another folder.") from error
