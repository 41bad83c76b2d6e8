"""What README and docs say: links lead somewhere, commands parse, names exist, and nothing is left out."""

import ast
import json
import re
import shlex
from pathlib import Path
from types import ModuleType

import pytest
import typer

import pastiche
from pastiche.agilegan.training.config import AgileTransfer
from pastiche.blendgan.training.config import BLEND_PRESETS, ONE_SHOT_PRESETS, STYLE_ENCODER_PRESETS
from pastiche.catalog import entries
from pastiche.cli.app import app
from pastiche.demo.make import PRESETS
from pastiche.dualstylegan.training import PRESETS as DUAL_PRESETS
from pastiche.encoders import training as encoders
from pastiche.losses.perceptual_net import PerceptualNet
from pastiche.metrics.classifier import PortraitClassifier
from pastiche.stylegan2.training.config import fast, paper

ROOT = Path(__file__).resolve().parents[1]
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES = [*GUIDES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "weights" / "demo").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMES = ("fast", "paper")  # of the presets of most trainings
PLACEHOLDER = "COMMAND"  # in the place of any command's name


def named(path):
    return str(path.relative_to(ROOT))


def commands(text):
    """Lines and inline code that call `pastiche`, without comments and with continued lines joined."""
    joined = text.replace("\\\n", " ")
    lines = re.findall(r"^ {4}(pastiche .*)$", joined, re.MULTILINE) + re.findall(r"`(pastiche [^`]*)`", joined)
    return [shlex.split(line, comments=True)[1:] for line in lines if PLACEHOLDER not in line]


def anchors(path):
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def parse(args):
    """Parse as the command line does, without running anything."""
    command, name = typer.main.get_command(app), "pastiche"
    while hasattr(command, "commands") and args and args[0] in command.commands:
        name, *args = args
        command = command.commands[name]
    command.make_context(name, list(args))


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_links_lead_somewhere(path):
    for link in LINK.findall(path.read_text(encoding="utf8")):
        if link.startswith("https://"):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_a_command_that_does_not_parse_is_found():
    with pytest.raises(Exception, match="No such option"):
        parse(["stylize", "me.jpg", "--no-such-option"])
    with pytest.raises(Exception, match="less than or equal to 1"):
        parse(["stylize", "me.jpg", "--likeness", "2"])


@pytest.mark.parametrize("path", GUIDES, ids=named)
def test_commands_parse(path):
    for args in commands(path.read_text(encoding="utf8")):
        parse(args)


def test_the_readme_has_five_commands_and_cites_every_paper():
    text = (ROOT / "README.md").read_text(encoding="utf8")
    assert len(commands(text)) == 5
    papers = ("AgileGAN", "BlendGAN", "JoJoGAN", "DualStyleGAN", "StyleGAN2", "StyleGAN3", "pSp", "e4e", "ReStyle", "PTI")
    assert [name for name in papers if not re.search(rf"^\| {name} \| \[.+\]\(https://", text, re.MULTILINE)] == []


@pytest.mark.parametrize("path", GUIDES, ids=named)
def test_published_files_are_in_the_catalog(path):
    text = path.read_text(encoding="utf8")
    names = set(re.findall(r"catalog:([a-z0-9-]+)", text))
    for args in commands(text):
        if args[:2] == ["weights", "get"]:
            names.update(args[2:])
    assert names <= entries().keys()


def test_the_number_of_published_files_is_right():
    for path in GUIDES:
        for number in re.findall(r"(\d+) (?:published )?files", path.read_text(encoding="utf8")):
            assert int(number) == len(entries()), path


def test_python_blocks_use_what_exists():
    blocks = re.findall(r"```python\n(.*?)```", "".join(path.read_text(encoding="utf8") for path in GUIDES), re.DOTALL)
    assert blocks
    for node in (node for block in blocks for node in ast.walk(ast.parse(block))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "pastiche":
            assert hasattr(pastiche, node.attr), node.attr


def test_the_python_page_names_every_function():
    text = (ROOT / "docs" / "python.md").read_text(encoding="utf8")
    functions = [name for name in pastiche.__all__ if name.islower() and not name.startswith("__")]
    assert not [name for name in functions if not isinstance(getattr(pastiche, name), ModuleType) and name not in text]


def test_the_command_line_page_names_every_command():
    text = (ROOT / "docs" / "command-line.md").read_text(encoding="utf8")
    known = set(typer.main.get_command(app).commands)
    assert not {name for name in known - {"demo"} if f"`pastiche {name}" not in text}


def test_the_comfyui_page_names_every_workflow_and_node():
    text = (ROOT / "docs" / "comfyui.md").read_text(encoding="utf8")
    workflows = [path.stem.replace("_", " ").replace("one shot", "one-shot") for path in (ROOT / "workflows").glob("*.json")]
    assert len(workflows) > 5
    assert not [name for name in workflows if f"| {name} |" not in text]
    labels = json.loads((ROOT / "locales" / "zh" / "nodeDefs.json").read_text(encoding="utf8"))
    source = (ROOT / "nodes" / "__init__.py").read_text(encoding="utf8")
    names = [dict(re.findall(r'"(\w+)": "([^"]+)"', source))[node] for node in labels]
    assert not [name for name in names if name not in text]


def test_the_lengths_of_the_trainings_are_as_described():
    def dual(recipe):
        structure = sum(recipe.structure.iterations) * recipe.structure.batch
        return sum(part.iterations * part.batch for part in (recipe.tuning, recipe.transfer)) + structure

    def agile(settings):
        return f"{settings.images:,} for each path"

    rows = {
        "`stylegan2`": (fast(256)[1].images, paper(256)[1].images),
        "`stylegan2 --from`": tuple(preset(256, transfer=True)[1].images for preset in (fast, paper)),
        "`dualstylegan`": tuple(dual(DUAL_PRESETS[name]) for name in NAMES),
        "`style-encoder`": tuple(STYLE_ENCODER_PRESETS[name][1].images for name in NAMES),
        "`blendgan`": tuple(BLEND_PRESETS[name][1].images for name in NAMES),
        "`blendgan-style`": tuple(ONE_SHOT_PRESETS[name][1].images for name in NAMES),
        "`agilegan`": (agile(AgileTransfer.FAST), agile(AgileTransfer.PAPER)),
    }
    for method in encoders.METHODS:
        shown = "`encoder --method restyle`, `restyle-e4e`" if method.startswith("restyle") else f"`encoder --method {method}`"
        rows[shown] = tuple(preset(method)[1].images for preset in (encoders.fast, encoders.paper))
    text = (ROOT / "docs" / "training.md").read_text(encoding="utf8")
    for name, numbers in rows.items():
        ending = "".join(f" {number if isinstance(number, str) else format(number, ',')} |" for number in numbers)
        assert re.search(rf"^\| {re.escape(name)} \|[^|]*\|{re.escape(ending)}$", text, re.MULTILINE), (name, ending)


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_what_does_not_ship_is_not_called_bundled(path):
    text = " ".join(path.read_text(encoding="utf8").split())
    for network in (PerceptualNet, PortraitClassifier):
        if not (ROOT / "weights" / "demo" / network.file).exists():
            name = network.kind.removeprefix("portrait ")
            assert f"bundled {name}" not in text
            assert f"{name} that ships" not in text


def test_the_presets_are_as_described():
    small, full = PRESETS["small"], PRESETS["full"]
    numbers = {
        "the generator alone": lambda one: one.regression.images,
        "the encoder": lambda one: one.encoding.coordinates + one.encoding.images,
        "both together": lambda one: sum(joint.images for joint in one.joint),
        "the discriminator": lambda one: sum(stage.joint.images for stage in one.adversarial),
        "texture": lambda one: sum(joint.images for joint in one.texture),
        "the landmark network": lambda one: one.landmarking.images,
        "the classifier": lambda one: one.classifying.images,
        "the face detector": lambda one: one.detecting.images,
        "AgileGAN's encoder": lambda one: one.agile.encoder_images,
        "BlendGAN's style encoder": lambda one: one.blend.styling.images,
        "BlendGAN's generator": lambda one: sum(stage.images for stage in one.blend.stages),
    }
    text = (ROOT / "docs" / "training.md").read_text(encoding="utf8")
    for what, number in numbers.items():
        assert f"| pictures for {what} | {number(small):,} | {number(full):,} |" in text
