"""What can go wrong that a user can mend.

    PasticheError
        CheckpointError     a file that is not what it should be
            UnsafeCheckpointError   a file that asks for code to be run
        DownloadError       a file of the catalog that no source gave
        LatentError         a code in the wrong space, or of the wrong shape
        ImageError          a picture that can't be read, or has no use here
            NoFaceError     a picture in which no face was found
        StyleError          a style that does not fit its generator
        TrainingError       a loss that became NaN, a state that can't be resumed
        Cancelled           the user asked to stop

A message names the file or the argument, what was found, what was expected and what to do. Where that is an argument
in Python, an option on the command line and a widget in ComfyUI, the error carries `Advice` for each.
"""

from typing import Literal, NamedTuple

__all__ = [
    "Advice",
    "Cancelled",
    "CheckpointError",
    "DownloadError",
    "ImageError",
    "LatentError",
    "NoFaceError",
    "PasticheError",
    "StyleError",
    "TrainingError",
    "UnsafeCheckpointError",
]


class Advice(NamedTuple):
    """What to do, in the words of each interface."""

    python: str
    command: str
    node: str


class PasticheError(Exception):
    """Base of every error that a user can mend.

    Args:
        problem: what is wrong; with what to do, if that is the same everywhere.
        advice: what to do, if that depends on where the work was asked for. `str` gives the words for Python.
    """

    def __init__(self, problem: str = "", advice: Advice | None = None) -> None:
        super().__init__(problem, advice)
        self.problem = problem
        self.advice = advice

    def __str__(self) -> str:
        return self.message("python")

    def message(self, interface: Literal["python", "command", "node"]) -> str:
        """The whole message for those who use Python, the command line or ComfyUI's nodes."""
        return self.problem if self.advice is None else f"{self.problem}: {getattr(self.advice, interface)}"


class CheckpointError(PasticheError):
    """A checkpoint is damaged, unknown, or does not fit what it is loaded into."""


class UnsafeCheckpointError(CheckpointError):
    """A checkpoint asks for code to be run; nothing of it was."""


class DownloadError(PasticheError):
    """A file of the catalog can't be fetched, or is not the one that was published."""


class LatentError(PasticheError):
    """A latent code is in the wrong space or has the wrong shape."""


class ImageError(PasticheError):
    """A picture can't be read or can't be used."""


class NoFaceError(ImageError):
    """No face was found in a picture."""


class StyleError(PasticheError):
    """A style does not fit the generator that it is used with."""


class TrainingError(PasticheError):
    """Training can't go on: a loss is not finite, or a saved state does not fit."""


class Cancelled(PasticheError):
    """The user asked to stop; nothing half-written is left behind."""
