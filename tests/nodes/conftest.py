"""The extension, loaded as ComfyUI loads it, without ComfyUI."""

import importlib
import importlib.util
import shutil
import sys
from pathlib import Path

import pytest
import torch
from loading import module_at

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "custom-nodes/pastiche"  # ComfyUI names modules by their path: no import statement could write this one


@pytest.fixture(scope="session")
def pack():
    """The module that ComfyUI sees."""
    spec = importlib.util.spec_from_file_location(FOLDER, ROOT / "__init__.py", submodule_search_locations=[str(ROOT)])
    module = importlib.util.module_from_spec(spec)
    sys.modules[FOLDER] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def engine(pack):
    """The engine as the extension knows it: other classes than those of the installed one."""
    pack.NODE_CLASS_MAPPINGS["PasticheLoadStyleGAN"].INPUT_TYPES()
    return sys.modules[f"{FOLDER}.engine"]


@pytest.fixture(scope="session")
def part(pack):
    """A module of nodes/ by its name."""
    return lambda name: importlib.import_module(f"{FOLDER}.nodes.{name}")


@pytest.fixture(autouse=True)
def comfy_folder(tmp_path, monkeypatch):
    """Where models are looked for and files are written."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(pack):
    """Execute one node as ComfyUI does, in inference mode; gives its outputs."""

    def execute(kind, /, **inputs):
        with torch.inference_mode():
            result = pack.NODE_CLASS_MAPPINGS[f"Pastiche{kind}"]().execute(**inputs)
        return result["result"] if isinstance(result, dict) else result

    return execute


@pytest.fixture(scope="session")
def demo(pack):
    """The demo bundle's networks."""
    with torch.inference_mode():
        return pack.NODE_CLASS_MAPPINGS["PasticheLoadStyleGAN"]().execute(checkpoint="demo (comes with Pastiche)")[0]


@pytest.fixture(scope="session")
def photo(pack):
    """The photograph that ships, as an IMAGE."""
    return pack.NODE_CLASS_MAPPINGS["PasticheExamplePicture"]().execute(picture="photo")[0]


@pytest.fixture(scope="session")
def reference(pack):
    """A painted picture that ships, as an IMAGE."""
    return pack.NODE_CLASS_MAPPINGS["PasticheExamplePicture"]().execute(picture="toon")[0]


@pytest.fixture(scope="session")
def one_step(pack):
    """Options that learn for one step."""
    types = pack.NODE_CLASS_MAPPINGS["PasticheOneShotOptions"].INPUT_TYPES()["required"]
    shown = {name: facts.get("default", kind[0]) for name, (kind, facts) in types.items()}
    return pack.NODE_CLASS_MAPPINGS["PasticheOneShotOptions"]().execute(**{**shown, "steps": 1})[0]


@pytest.fixture(scope="session")
def learned(pack, demo, reference, one_step):
    """A style that was learned for one step, and its tuned generator."""
    with torch.inference_mode():
        return pack.NODE_CLASS_MAPPINGS["PasticheFinetuneOneShot"]().execute(
            generator=demo, references=reference, preset="quick", seed=0, options=one_step
        )


@pytest.fixture
def faces(run, demo):
    """Two random faces."""
    return run("GenerateFaces", generator=demo, seed=1, count=2, psi=0.7)[0]


@pytest.fixture(scope="session")
def hyphenated(tmp_path_factory):
    """A copy of the extension in a folder whose name no import statement could write."""
    place = tmp_path_factory.mktemp("custom-nodes") / "comfyui-pastiche"
    place.mkdir()
    for name in ("__init__.py", "pyproject.toml"):
        shutil.copy(ROOT / name, place / name)
    for name in ("nodes", "engine", "weights", "web"):
        (place / name).symlink_to(ROOT / name)
    return place


@pytest.fixture(scope="session")
def make_encoder_file():
    """Writes an encoder that tells neither whether it is a pSp or an e4e, nor its space."""
    published = module_at(ROOT / "tests" / "checkpoints" / "published.py")
    return lambda path: torch.save(published.psp(published.encoder(6, w_dim=8, stem=4, widths=(4, 8, 8, 16))), path)
