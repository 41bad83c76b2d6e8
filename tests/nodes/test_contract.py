"""What every node promises to ComfyUI and to the user."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TABLE = {
    "Load StyleGAN",
    "Load Face Encoder",
    "Align Faces",
    "Invert Face",
    "Tune to Face",
    "Generate Faces",
    "Edit Face",
    "Edit Direction",
    "Transfer Region",
    "Find Directions",
    "Load Style Encoder",
    "Load Identity Network",
    "Finetune One-Shot",
    "One-Shot Options",
    "Train Style",
    "Blend Style",
    "Dual Style Transfer",
    "Attribute Style",
    "Stylize",
    "Stylize Video",
    "Drive Face",
    "Interpolate",
    "Swap Layers",
    "Paste Faces",
    "Save Style",
    "Load Style",
    "Save Latent",
    "Load Latent",
    "Model Info",
}
WIDGETS = {"INT", "FLOAT", "STRING", "BOOLEAN"}
CORE_TYPES = {"IMAGE", "MASK", "STRING", "VIDEO"}


def every_input(node):
    types = node.INPUT_TYPES()
    return {**types["required"], **types.get("optional", {})}


def test_ids_are_prefixed_and_names_are_those_of_the_table(pack):
    assert set(pack.NODE_CLASS_MAPPINGS) == set(pack.NODE_DISPLAY_NAME_MAPPINGS)
    assert all(name.startswith("Pastiche") for name in pack.NODE_CLASS_MAPPINGS)
    assert set(pack.NODE_DISPLAY_NAME_MAPPINGS.values()) == TABLE | {"Example Picture"}


def test_every_node_describes_itself_and_its_outputs(pack):
    for name, node in pack.NODE_CLASS_MAPPINGS.items():
        assert node.CATEGORY.split("/")[0] == "Pastiche", name
        assert len(node.DESCRIPTION) > 40, name
        assert callable(getattr(node, node.FUNCTION)), name
        assert len(node.RETURN_TYPES) == len(node.RETURN_NAMES) == len(node.OUTPUT_TOOLTIPS) > 0, name
        assert all(kind in CORE_TYPES or kind.startswith("PASTICHE_") for kind in node.RETURN_TYPES), name


def test_every_input_has_a_type_a_tooltip_and_a_sound_default(pack):
    for name, node in pack.NODE_CLASS_MAPPINGS.items():
        for key, (kind, facts) in every_input(node).items():
            where = f"{name}.{key}"
            assert len(facts["tooltip"]) > 15, where
            if isinstance(kind, list):
                assert kind, where
                assert facts.get("default", kind[0]) in kind, where
            elif kind in WIDGETS:
                assert facts.get("forceInput") or "default" in facts, where
            else:
                assert kind in CORE_TYPES or kind.startswith("PASTICHE_"), where


def test_every_number_has_a_range_that_its_tooltip_names(pack):
    for name, node in pack.NODE_CLASS_MAPPINGS.items():
        for key, (kind, facts) in every_input(node).items():
            if kind not in ("INT", "FLOAT"):
                continue
            where = f"{name}.{key}"
            assert facts["min"] <= facts["default"] <= facts["max"], where
            assert facts["step"] > 0, where
            said = {float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", facts["tooltip"])}
            assert any(abs(number - facts["max"]) <= 1e-9 * abs(facts["max"]) for number in said), where


def test_run_takes_exactly_the_inputs(pack):
    for name, node in pack.NODE_CLASS_MAPPINGS.items():
        types = node.INPUT_TYPES()
        parameters = inspect.signature(node.run).parameters
        takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
        named = {key for key, parameter in parameters.items() if parameter.kind is not parameter.VAR_KEYWORD} - {"self"}
        declared = set(every_input(node)) | set(types.get("hidden", {}))
        assert named <= declared, name
        assert takes_all or named == declared, name
        for key in types.get("optional", {}):
            assert key not in parameters or parameters[key].default is not inspect.Parameter.empty, f"{name}.{key}"


def test_optional_defaults_are_the_same_on_the_page_and_in_the_code(pack):
    for name, node in pack.NODE_CLASS_MAPPINGS.items():
        parameters = inspect.signature(node.run).parameters
        for key, (kind, facts) in node.INPUT_TYPES().get("optional", {}).items():
            if key not in parameters or facts.get("forceInput") or not (isinstance(kind, list) or kind in WIDGETS):
                continue
            shown = facts.get("default", kind[0] if isinstance(kind, list) else None)
            assert parameters[key].default == shown, f"{name}.{key}"


def test_combos_name_what_the_engine_has(pack, engine, part):
    from importlib import import_module

    presets = import_module(f"{engine.__name__}.jojogan").PRESETS
    keeping = {name for name, settings in presets.items() if settings.keep_color}  # a widget of its own
    assert set(part("learn").PRESETS) == {"automatic", *presets} - keeping
    assert set(part("edit").REGIONS) == set(import_module(f"{engine.__name__}.editing").REGIONS)
    assert part("draw").EASINGS == import_module(f"{engine.__name__}.editing").EASINGS


def test_only_one_file_knows_comfyui():
    for path in (ROOT / "nodes").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module]
            foreign = {name for name in names if name.split(".")[0] in ("comfy", "folder_paths", "server", "execution")}
            assert not foreign or path.name == "comfy.py", path.name


def test_python_files_hold_only_what_windows_can_encode():
    for path in [ROOT / "__init__.py", *(ROOT / "nodes").glob("*.py")]:
        path.read_text(encoding="utf8").encode("cp1252")


def test_starting_up_imports_nothing_but_the_nodes(hyphenated):
    """Beside what ComfyUI has imported anyway: PyTorch and the standard library."""
    code = f"""
import importlib.util, sys
import torch
before = set(sys.modules)
spec = importlib.util.spec_from_file_location("the_extension", {str(hyphenated / "__init__.py")!r})
module = importlib.util.module_from_spec(spec)
sys.modules["the_extension"] = module
spec.loader.exec_module(module)
print(*sorted(set(sys.modules) - before), sep="\\n")
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "the_extension.nodes" in loaded
    assert {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names == {"the_extension"}
    assert not [name for name in loaded if "engine" in name]
    assert done.stderr == ""


@pytest.mark.parametrize("folder", ["example", "examples", "example_workflows", "workflow"])
def test_no_other_folder_hides_the_templates(folder):
    """ComfyUI serves templates from the first of these folders that exists."""
    assert not (ROOT / folder).exists()
