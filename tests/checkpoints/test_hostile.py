"""Files that want more than to be read: nothing of them runs, and each is refused in one clear sentence."""

import copyreg
import time
from pathlib import Path

import pytest
import torch
from loading import module_at

from pastiche import checkpoints
from pastiche.errors import CheckpointError, PasticheError, UnsafeCheckpointError

hostile = module_at(Path(__file__).parent / "hostile.py")

# Bombs are in test_fuzz.py, where memory is measured.
FAMILIES = {
    "calls": UnsafeCheckpointError,
    "instructions": CheckpointError,
    "damage": CheckpointError,
    "tensors": CheckpointError,
}


@pytest.fixture
def refused(tmp_path):
    """Write a file and expect that it is refused; gives the error."""

    def check(content, kind=PasticheError, canary=None):
        path = tmp_path / "checkpoint.pt"
        path.write_bytes(content)
        begin = time.perf_counter()
        with pytest.raises(PasticheError) as loading:
            checkpoints.load(path)
        with pytest.raises(PasticheError) as inspecting:
            checkpoints.inspect(path)
        assert time.perf_counter() - begin < 30
        assert isinstance(loading.value, kind), loading.value
        assert type(loading.value) is type(inspecting.value)
        assert str(loading.value).startswith(f"{path}: ")
        assert len(str(loading.value)) < 600
        assert canary is None or not canary.exists()
        return loading.value

    return check


@pytest.mark.parametrize("family", FAMILIES)
def test_programs_in_every_place_where_a_checkpoint_keeps_a_pickle(refused, tmp_path, family):
    canary = tmp_path / "canary"
    copyreg.add_extension("os", "system", 240)
    try:
        for name, program in getattr(hostile, family)(canary):
            for _, content in hostile.containers(name, b"\x80\x02" + program + b"."):
                refused(content, FAMILIES[family], canary)
    finally:
        copyreg.remove_extension("os", "system", 240)


@pytest.mark.parametrize("family", ["archives", "headers"])
def test_what_lies_around_the_tensors(refused, tmp_path, family):
    canary = tmp_path / "canary"
    for _, content in getattr(hostile, family)(canary):
        refused(content, CheckpointError, canary)


@pytest.mark.parametrize("module", ["os", "posix", "builtins", "torch", "functools"])
def test_the_global_is_named(refused, tmp_path, module):
    for name, program in hostile.calls(tmp_path / "canary"):
        if name.startswith(f"{module}."):
            for _, content in hostile.containers(name, b"\x80\x02" + program + b"."):
                assert f"asks for {name}, which is more than data" in str(refused(content, UnsafeCheckpointError))


def test_tensors_that_share_their_bytes_claim_too_much(published, saved):
    root = published.rosinality(published.generator(64, channels=dict.fromkeys((4, 8, 16, 32, 64), 64)))
    one = torch.zeros(64 * 64 * 9)
    for key, tensor in root["g_ema"].items():
        if tensor.ndim == 5 and tensor.numel() == one.numel():
            root["g_ema"][key] = one.view(tensor.shape)
    path = saved(root)
    with pytest.raises(CheckpointError, match=r"its tensors need \d+ bytes, and the file has \d+"):
        checkpoints.load(path)


def test_a_small_file_of_a_large_network(published, saved):
    """Shapes that only an expanded tensor can have: nothing of that size is ever allocated."""
    root = published.rosinality(published.generator(8))
    root["g_ema"]["convs.1.conv.weight"] = torch.zeros(()).expand(1, 60000, 60000, 3, 3)
    with pytest.raises(CheckpointError, match="claims the shape"):
        checkpoints.load(saved(root))
    root["g_ema"]["convs.1.conv.weight"] = torch.zeros(1, 2**40, 0, 3, 3)
    with pytest.raises(CheckpointError, match="an invalid size"):
        checkpoints.load(saved(root))


def test_options_that_laugh(published, saved):
    laughs = "ha"
    for _ in range(30):
        laughs = [laughs] * 10
    path = saved(published.psp(published.encoder(4), encoder_type=laughs, output_size=laughs, dataset_type={"a": laughs}))
    begin = time.perf_counter()
    assert checkpoints.inspect(path).architecture == "psp"
    assert time.perf_counter() - begin < 10


def test_sizes_that_no_network_has(published, saved):
    root = published.rosinality(published.generator(8))
    root["g_ema"] |= {f"style.{index}.weight": torch.zeros(1, 1) for index in range(1, 200)}
    with pytest.raises(CheckpointError, match="mapping_layers is 199; expected 1 to 32"):
        checkpoints.load(saved(root))
    root["g_ema"] |= {f"to_rgbs.{index}.bias": torch.zeros(1) for index in range(100)}
    with pytest.raises(CheckpointError, match="101 to-RGB layers"):
        checkpoints.load(saved(root))


def test_arguments_of_a_training_script_are_data(saved, published, tmp_path):
    """A Namespace is allowed, and it can carry no more than a dict can."""
    program = hostile.call(hostile.named("argparse", "Namespace")) + hostile.root(hostile.text("touch"), "__class__") + b"b"
    path = tmp_path / "a.pt"
    path.write_bytes(hostile.in_archive(b"\x80\x02" + hostile.root(program, "args") + b"."))
    with pytest.raises(CheckpointError, match="holds 'args', which matches no known checkpoint format"):
        checkpoints.load(path)
