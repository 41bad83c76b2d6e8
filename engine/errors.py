"""Errors that a user can fix.

    PasticheError
        CheckpointError     a file that is damaged, unknown or of the wrong kind
            UnsafeCheckpointError   a file that would run code when loaded
        DownloadError       a file of the catalog that can't be downloaded
        LatentError         a code in the wrong space, or of the wrong shape
        ImageError          an image that can't be read or used
            NoFaceError     an image in which no face was found
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
    """Base of every error that a user can fix.

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
    """A checkpoint would run code when loaded. None of it was run."""


class DownloadError(PasticheError):
    """A file of the catalog can't be downloaded, or is not the published one."""


class LatentError(PasticheError):
    """A latent code is in the wrong space or has the wrong shape."""


class ImageError(PasticheError):
    """An image can't be read or used."""


class NoFaceError(ImageError):
    """No face was found in an image."""


class StyleError(PasticheError):
    """A style does not fit the generator that it is used with."""


class TrainingError(PasticheError):
    """Training can't continue: a loss is not finite, or a saved state does not fit."""


class Cancelled(PasticheError):
    """The user asked to stop. No incomplete files are left."""
