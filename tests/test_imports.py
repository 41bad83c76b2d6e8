"""Which part may know which, and what importing Pastiche may not do."""

import ast
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ENGINE = Path(__file__).resolve().parents[1] / "engine"

# From the ground up: a part may import what stands in an earlier row, and nothing of its own row or a later one.
LAYERS = (
    ("errors", "interrupt", "torch_version"),
    ("devices", "files", "progress", "randomness", "resources"),
    ("numerics",),
    ("tensor_files", "images", "classes"),
    ("latents",),
    ("stylegan2", "sheets", "faces", "synthetic", "catalog"),
    ("losses", "encoders", "style_protocol", "metrics", "directions"),
    ("people", "training"),
    ("agilegan", "blendgan", "dualstylegan", "stylegan3"),
    ("inversion", "checkpoints"),
    ("jojogan", "bundle", "editing", "batch"),
    ("style_factories", "video"),
    # Training makes checkpoints, which hold the networks: it stands above both, in a folder beside each network.
    ("stylegan2.training",),
    ("encoders.training",),
    ("agilegan.training", "blendgan.training", "dualstylegan.training"),
    ("__init__", "bench", "demo", "evaluation"),
    ("cli",),
    ("__main__",),
)
POSIX_ONLY = ("crypt", "fcntl", "grp", "nis", "posix", "pty", "pwd", "resource", "spwd", "syslog", "termios", "tty")
FOREIGN = {"comfy", "folder_paths", "nodes", "server", "execution", "pastiche", "engine"}


def part_of(path: Path) -> str:
    inside = path.relative_to(ENGINE)
    return part(inside.parts[:-1]) if len(inside.parts) > 1 else inside.stem


def part(names: tuple[str, ...]) -> str:
    """The part that a module belongs to: its first name, but a network's training is a part of its own."""
    return ".".join(names[:2]) if names[1:2] == ("training",) else names[0]


def imports(path: Path) -> list[tuple[str, int]]:
    """Absolute names and, for relative imports, the part of the engine that they reach, with the line."""
    folder = path.relative_to(ENGINE).parent.parts
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.Import):
            found += [(name.name.split(".")[0], node.lineno) for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.append(((node.module or "").split(".")[0], node.lineno))
        elif isinstance(node, ast.ImportFrom):
            base = folder[: len(folder) - node.level + 1]
            target = (*base, *(node.module or "").split("."))
            names = [part(target)] if target[0] else [name.name for name in node.names]
            found += [(f".{name}", node.lineno) for name in names]
    return found


def test_every_part_of_the_engine_has_a_layer():
    parts = {part_of(path) for path in ENGINE.rglob("*.py")}
    assert parts <= {part for layer in LAYERS for part in layer}


def test_imports_go_down():
    height = {part: number for number, layer in enumerate(LAYERS) for part in layer}
    wrong = []
    for path in ENGINE.rglob("*.py"):
        own = part_of(path)
        for name, line in imports(path):
            reached = name[1:]
            if name.startswith(".") and reached != own and height[reached] >= height[own]:
                wrong.append(f"{path.relative_to(ENGINE)}:{line}: {own} imports {reached}")
    assert not wrong, "\n".join(wrong)


def test_the_engine_knows_neither_comfyui_nor_its_own_absolute_name():
    wrong = defaultdict(list)
    for path in ENGINE.rglob("*.py"):
        for name, line in imports(path):
            if name in FOREIGN:
                wrong[name].append(f"{path.relative_to(ENGINE)}:{line}")
    assert not wrong


def test_the_command_line_needs_nothing_that_windows_lacks():
    """Every module of the engine, with the standard library's POSIX-only modules out of reach."""
    modules = [".".join(("pastiche", *path.relative_to(ENGINE).with_suffix("").parts)) for path in ENGINE.rglob("*.py")]
    names = [name.removesuffix(".__init__") for name in modules if not name.endswith("__main__")]
    code = f"""
import importlib, sys
import torch, rich, multiprocessing  # what they import is theirs to answer for
for name in {POSIX_ONLY!r}:
    sys.modules[name] = None
for name in {names!r}:
    importlib.import_module(name)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("module", ["pastiche", "pastiche.cli"])
def test_importing_touches_no_network_and_loads_no_compiler(module):
    code = f"""
import socket, sys

def refuse(*_args, **_kwargs):
    raise AssertionError("the network was touched")

socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
import torch
before = set(sys.modules)
import {module}
print("\\n".join(sorted(set(sys.modules) - before)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.split()} | set(done.stdout.split())
    forbidden = {"comfy", "folder_paths", "torch.utils.cpp_extension", "torch._inductor", "triton", "ninja", "torchvision"}
    assert not loaded & (forbidden | {"face_alignment", "cv2", "numba", "huggingface_hub", "gdown", "kornia"})
    assert done.stderr == ""
