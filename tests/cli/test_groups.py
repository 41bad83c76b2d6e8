"""Options that a command takes as a dataclass."""

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from pastiche.cli.groups import grouped


@dataclass(frozen=True, kw_only=True)
class Size:
    width: Annotated[int, typer.Option("--width", min=1)] = 3
    names: Annotated[list[str] | None, typer.Option("--name")] = None


@pytest.fixture
def run():
    heard = []

    @grouped
    def draw(photo: Annotated[str, typer.Argument()], *, size: Size, loud: Annotated[bool, typer.Option("--loud")] = False):
        """Draw."""
        heard.append((photo, size, loud))

    app = typer.Typer()
    app.command()(draw)

    def call(*words):
        result = CliRunner().invoke(app, list(words))
        return result, heard

    return call


def test_fields_are_options(run):
    result, heard = run("me.jpg", "--width", "7", "--name", "a", "--name", "b", "--loud")
    assert result.exit_code == 0
    assert heard == [("me.jpg", Size(width=7, names=["a", "b"]), True)]


def test_fields_have_their_defaults(run):
    assert run("me.jpg")[1] == [("me.jpg", Size(width=3, names=None), False)]


def test_help_and_bounds_are_those_of_the_fields(run):
    assert run("me.jpg", "--width", "0")[0].exit_code == 2
    said = run("--help")[0].output
    assert "--width" in said
    assert "--size" not in said
    assert "Draw." in said
