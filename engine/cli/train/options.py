"""Options that every training has."""

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "DryRunOption",
    "LogOption",
    "ModelOption",
    "PicturesArgument",
    "Preset",
    "PresetOption",
    "ReadyOption",
    "RunOption",
    "SetOption",
    "run_folder",
]


class Preset(str, Enum):
    """Size and length of a training."""

    FAST = "fast"
    PAPER = "paper"


PicturesArgument = Annotated[
    Path,
    typer.Argument(help="Training pictures: a folder, a .zip, an LMDB, or a .txt with one path on a line."),
]
ModelOption = Annotated[Path, typer.Option("--out", "-o", help="The file to write, .safetensors.")]
RunOption = Annotated[
    Path | None,
    typer.Option(
        "--run",
        help="Folder for states, logs and samples; a later call resumes from it. By default beside the file to write.",
    ),
]
PresetOption = Annotated[
    Preset,
    typer.Option("--preset", help="[b]fast[/b]: for few pictures and one GPU. [b]paper[/b]: as published."),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="Change a setting: [b]--set images=200000 --set batch=8[/b]. An unknown name lists all of them."
    ),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Check the pictures, make one step, print the estimate, and stop.")
]
ReadyOption = Annotated[
    bool,
    typer.Option("--aligned", help="The pictures are square and aligned already. Otherwise the largest face is cut from each."),
]
LogOption = Annotated[
    bool, typer.Option("--tensorboard", help="Also log to TensorBoard: tensorboard --logdir RUN (needs pastiche[training]).")
]


def run_folder(out_path: Path, run: Path | None) -> Path:
    """The folder of a training: the one given, or one beside the file that it writes."""
    return run or out_path.with_name(f"{out_path.stem}-training")
