"""What pyproject.toml promises."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import pastiche
from pastiche.torch_version import OLDEST

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def facts():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))


def test_requirements_mirror_the_dependencies_without_torch(facts):
    """ComfyUI-Manager runs pip on them: naming torch would replace a 2.5 or 2.6, and break what is built for it."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf8").splitlines()
    listed = [line for line in lines if line and not line.startswith("#")]
    assert listed == [line for line in facts["project"]["dependencies"] if not line.startswith("torch")]


def test_the_packages_that_the_engine_stands_on_are_dependencies(facts):
    names = {re.split(r"[<>=!;\[ ]", line)[0] for line in facts["project"]["dependencies"]}
    assert names >= {"torch", "numpy", "pillow", "safetensors", "kornia", "face-alignment", "einops"}


def test_the_oldest_torch_is_said_once_alike(facts):
    assert f"torch>={OLDEST[0]}.{OLDEST[1]}" in facts["project"]["dependencies"]


def test_every_package_is_listed(facts):
    folders = [path.parent.relative_to(ROOT / "engine") for path in (ROOT / "engine").rglob("__init__.py")]
    packages = {".".join(("pastiche", *folder.parts)) for folder in folders}
    data = {"pastiche.weights", "pastiche.weights.demo", "pastiche.weights.demo.references"}
    assert packages | data == set(facts["tool"]["setuptools"]["packages"])


def test_the_catalog_ships(facts):
    assert (ROOT / "weights" / "catalog.toml").is_file()
    assert facts["tool"]["setuptools"]["package-data"]["pastiche.weights"] == ["*.toml"]


def test_nothing_can_replace_the_users_torch(facts):
    names = {re.split(r"[<>=!;\[ ]", line)[0]: line for line in facts["project"]["dependencies"]}
    assert names["torch"] == "torch>=2.7"
    assert "torchvision" not in names
    bounds = [line.split(";")[0] for line in names.values()]  # what follows is on which Python it is needed
    assert not [line for line in bounds if "==" in line or "<" in line]


def test_the_version_is_said_once_alike(facts):
    assert pastiche.__version__ == facts["project"]["version"]
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf8")
    assert f"## {pastiche.__version__}" in changes


def test_everything_public_is_documented_and_there():
    for name in pastiche.__all__:
        thing = getattr(pastiche, name)
        assert name == "__version__" or thing.__doc__ or name == "Progress", name


def test_no_tracked_file_is_large():
    """People clone this."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git clone")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    sizes = {name: (ROOT / name).stat().st_size for name in listed.split("\0") if name and (ROOT / name).is_file()}
    assert not {name: size for name, size in sizes.items() if size > 16_000_000}
    assert sum(size for name, size in sizes.items() if name.startswith("tests/golden/")) < 10_000_000
    assert sum(size for name, size in sizes.items() if name.startswith("weights/demo/")) < 30_000_000


def test_no_file_holds_a_program_for_the_pickle_machine():
    """Registries scan for such bytes; tests build them when they run."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git clone")
    modules = rb"(?:os|posix|pty|subprocess|builtins|__builtin__|runpy|importlib)"
    program = re.compile(rb"[ci]" + modules + rb"(?:\n|\\n)\w|" + rb"P" + modules + rb"\.\w+(?:\n|\\n)")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [ROOT / name for name in listed.split("\0") if name and name.endswith((".py", ".pkl", ".pt", ".json", ".md"))]
    assert not [str(path) for path in files if program.search(path.read_bytes())]


def test_the_registry_finds_the_pictures_and_publishes_no_tests(facts):
    from PIL import Image

    comfy = facts["tool"]["comfy"]
    start = "https://raw.githubusercontent.com/pastiche-art/pastiche/main/"
    shapes = {}
    for name in ("Icon", "Banner"):
        assert comfy[name].startswith(start)
        path = ROOT / comfy[name].removeprefix(start)
        assert path.stat().st_size < 200_000
        with Image.open(path) as picture:
            shapes[name] = picture.size
    assert shapes["Icon"][0] == shapes["Icon"][1] <= 400
    assert shapes["Banner"][0] * 9 == shapes["Banner"][1] * 21
    ignored = (ROOT / ".comfyignore").read_text(encoding="utf8").splitlines()
    assert "tests/" in ignored
    needed = ("__init__.py", "nodes", "engine", "weights", "web", "locales", "workflows", "subgraphs", "requirements.txt")
    assert not [line for line in ignored for name in needed if line.strip("/") == name]
