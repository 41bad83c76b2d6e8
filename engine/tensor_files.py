"""The files of styles, people, latents, directions and exemplars: tensors, and a text about them in the header."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from .errors import Advice, PasticheError
from .files import replacing

__all__ = ["TensorFile"]


@dataclass(frozen=True, kw_only=True)
class TensorFile:
    """One kind of file.

    Attributes:
        header: the name of the text in the file's metadata; by it the kind is told.
        what: what the file holds, in messages: "a style".
        writer: what writes such files, in messages, in the words of each interface: "Save Style".
        refusal: the error to raise.
    """

    header: str
    what: str
    writer: Advice
    refusal: type[PasticheError]

    def write(self, path: str | Path, tensors: Mapping[str, Tensor], text: str) -> None:
        """Write tensors and text, atomically.

        Raises:
            PasticheError: `refusal`: the file can't be written.
        """
        with replacing(Path(path), self.refusal) as beside:
            stored = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
            save_file(stored, beside, {self.header: text})

    def read(self, path: str | Path, device: str = "cpu") -> tuple[dict[str, Tensor], str]:
        """Read tensors and text.

        Raises:
            PasticheError: `refusal`: the file can't be read, or is of another kind.
        """
        try:
            with safe_open(path, framework="pt", device=device) as file:
                text = (file.metadata() or {}).get(self.header)
                if text is not None:
                    return {name: file.get_tensor(name) for name in file.keys()}, text  # noqa: SIM118
        except (OSError, SafetensorError) as error:
            raise self.unreadable(path, error) from error
        raise self.foreign(path)

    def read_facts(self, path: str | Path, device: str = "cpu") -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Read tensors, and facts that are stored as JSON.

        Raises:
            PasticheError: `refusal`: as `read`, or the text holds no facts.
        """
        tensors, text = self.read(path, device)
        try:
            facts = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise self.unreadable(path, error) from error
        if not isinstance(facts, dict):
            raise self.unreadable(path, "its header is no table of facts")
        return tensors, facts

    def foreign(self, path: str | Path) -> PasticheError:
        """The error to raise for a file of another kind."""
        advice = Advice(
            python=f"`pastiche.inspect` says what it is; {self.writer.python} writes {self.what}",
            command=f"`pastiche inspect` says what it is; {self.writer.command} writes {self.what}",
            node=f"choose a file that {self.writer.node} wrote",
        )
        return self.refusal(f"{path} is a .safetensors file, but not {self.what} saved by Pastiche", advice)

    def unreadable(self, path: str | Path, reason: object) -> PasticheError:
        """The error to raise for a file that is damaged."""
        return self.refusal(f"{path} can't be read as {self.what}: {reason}")
