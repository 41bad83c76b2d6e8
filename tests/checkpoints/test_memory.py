"""Loading takes the memory of the modules and hardly any besides: neither the file's pages nor a copy of them."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from pastiche import checkpoints
from pastiche.checkpoints import Checkpoint
from pastiche.errors import CheckpointError

MOST = 1.3  # times the file's size

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is measured as Linux reports it")

# The first, small file takes along what is only imported when needed.
MEASURE = """
import json, sys
from pathlib import Path
import torch
from pastiche import checkpoints

def memory(kind):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{kind}:"))

torch.set_num_threads(1)
checkpoints.load(sys.argv[1])
for path in sys.argv[2:]:
    for use in (checkpoints.inspect, checkpoints.load):
        Path("/proc/self/clear_refs").write_text("5")
        before = memory("VmRSS")
        found = use(path)
        print(json.dumps([Path(path).name, use.__name__, memory("VmHWM") - before]))
        del found
"""


def measured(small, *paths):
    """The peak of memory of `inspect` and `load`, for every file by its name."""
    command = [sys.executable, "-c", MEASURE, small, *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=400)
    peaks = {}
    for line in done.stdout.splitlines():
        name, use, peak = json.loads(line)
        peaks.setdefault(name, {})[use] = peak
    return peaks


@pytest.fixture(scope="module")
def encoder_root(published):
    """A pSp file of 30 MB: an encoder whose kernels lie in another order than the file's, and a generator."""
    encoder = published.encoder(4, w_dim=256, stem=32, widths=(32, 64, 128, 256))
    return published.psp(encoder, published.generator(8, w_dim=256), encoder_type="Encoder4Editing")


@pytest.fixture(scope="module")
def files(published, encoder_root, tmp_path_factory):
    """Large files of every kind, after a small one."""
    folder = tmp_path_factory.mktemp("memory")
    torch.save(published.rosinality(published.generator(8)), folder / "small.pt")
    torch.save(encoder_root, folder / "zip.pt")
    torch.save(encoder_root, folder / "legacy.pt", _use_new_zipfile_serialization=False)
    generator = published.generator(8, channels={4: 512, 8: 512})
    published.write_nvlabs(folder / "nvlabs.pkl", G_ema=published.nvlabs_generator(generator))
    own = checkpoints.load(folder / "zip.pt")
    checkpoints.save(own, folder / "own.safetensors")
    checkpoints.save(own, folder / "half.safetensors", dtype=torch.float16)
    return [folder / "small.pt", *sorted(path for path in folder.iterdir() if path.name != "small.pt")]


@linux
def test_loading_takes_the_memory_of_the_modules(files):
    peaks = measured(*files)
    for path in files[1:]:
        size = path.stat().st_size * (2 if path.name == "half.safetensors" else 1)  # in float32
        assert size > 20e6
        assert peaks[path.name]["load"] < MOST * size, peaks
        assert peaks[path.name]["inspect"] < size / 4, peaks


@linux
@pytest.mark.slow
@pytest.mark.published
def test_a_published_encoder_of_its_full_size(published, saved, tmp_path):
    folder = os.environ.get("PASTICHE_GOLDEN")
    if folder is None:
        pytest.skip("the golden cases of full size are in the folder that PASTICHE_GOLDEN names")
    spec = importlib.util.spec_from_file_location("golden", Path(folder) / "golden.py")
    golden = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(golden)
    small = saved(published.rosinality(published.generator(8)), "small.pt")
    root = golden.checkpoint("e4e_ffhq", folder)
    paths = [saved(root, "zip.pt"), saved(root, "legacy.pt", _use_new_zipfile_serialization=False)]
    del root
    checkpoints.save(checkpoints.load(paths[0]), tmp_path / "own.safetensors")
    paths.append(tmp_path / "own.safetensors")
    try:
        peaks = measured(small, *paths)
        for path in paths:
            assert peaks[path.name]["load"] < MOST * path.stat().st_size, peaks
            assert peaks[path.name]["inspect"] < 100 * 2**20, peaks
    finally:
        for path in paths:
            path.unlink()


def test_every_value_arrives(files, encoder_root, equal):
    """Whatever the container, with kernels read in pieces and turned, and halves made whole."""
    loaded = {path.name: checkpoints.load(path) for path in files}
    for name in ("legacy.pt", "own.safetensors"):
        for slot, module in loaded["zip.pt"].modules.items():
            equal(loaded[name].modules[slot], module)
    state = loaded["zip.pt"].encoder.state_dict()
    halves = loaded["half.safetensors"].encoder.state_dict()
    for key, tensor in encoder_root["state_dict"].items():
        if key.startswith("encoder."):
            ours = key.removeprefix("encoder.")
            assert torch.equal(state[ours], tensor), key
            wanted = tensor.half().float() if tensor.is_floating_point() else tensor
            assert torch.equal(halves[ours], wanted), key


def test_weights_are_the_modules_own(published, saved):
    """A file may be replaced, or written over, while what was loaded from it is in use."""
    generator = published.generator(16)
    path = saved(published.rosinality(generator))
    loaded = checkpoints.load(path)
    before = {key: tensor.clone() for key, tensor in loaded.generator.state_dict().items()}
    path.write_bytes(bytes(path.stat().st_size))
    path.unlink()
    loaded.generator.requires_grad_(True)
    for key, tensor in loaded.generator.state_dict().items():
        assert torch.equal(tensor, before[key]), key
        tensor.add_(1)


@pytest.mark.parametrize("legacy", [False, True])
def test_views_that_share_a_storage_or_turn_it(published, saved, equal, legacy):
    """As state dicts hold them that were cut out of larger tensors."""
    generator = published.generator(16)
    root = published.rosinality(generator)
    state = root["g_ema"]
    a, b = state["style.1.weight"], state["style.2.weight"]
    both = torch.cat([a, b], dim=1)
    state["style.1.weight"], state["style.2.weight"] = both[:, : a.shape[1]], both[:, a.shape[1] :]
    state["conv1.conv.weight"] = state["conv1.conv.weight"].transpose(3, 4).contiguous().transpose(3, 4)
    state["convs.0.conv.weight"] = state["convs.0.conv.weight"].double()
    state["convs.1.conv.weight"] = state["convs.1.conv.weight"].transpose(1, 2).contiguous().transpose(1, 2)
    path = saved(root, _use_new_zipfile_serialization=not legacy)
    equal(checkpoints.load(path).generator, generator)


def test_a_file_that_is_replaced_while_it_is_read(published, saved, monkeypatch):
    path = saved(published.rosinality(published.generator(8)))
    content = path.read_bytes()
    read = checkpoints.load.__globals__["find_format"]

    def late(opened):
        path.unlink()
        path.write_bytes(content + b"x")
        return read(opened)

    monkeypatch.setitem(checkpoints.load.__globals__, "find_format", late)
    with pytest.raises(CheckpointError, match="was replaced or changed while it was being read"):
        checkpoints.load(path)


def test_an_optimizer_is_not_read(published, saved, equal):
    """Thousands of entries, and more bytes than the networks have."""
    generator = published.generator(16)
    root = published.rosinality(generator)
    steps = {index: {"step": 7, "exp_avg": torch.zeros(512), "exp_avg_sq": torch.zeros(512)} for index in range(1500)}
    root["g_optim"] = {"state": steps, "param_groups": [{"lr": 0.002, "betas": (0.0, 0.99), "params": list(range(1500))}]}
    checkpoint = checkpoints.load(saved(root))
    assert isinstance(checkpoint, Checkpoint)
    equal(checkpoint.generator, generator)
