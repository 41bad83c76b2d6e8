"""Our own files: saved and loaded again."""

import json
import os
import subprocess
import sys

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from pastiche import checkpoints
from pastiche.checkpoints import Checkpoint
from pastiche.errors import CheckpointError


@pytest.fixture
def checkpoint(published):
    return Checkpoint(
        architecture="e4e",
        generator=published.generator(resample_filter=(1.0, 2.0, 1.0), conv_clamp=256.0),
        discriminator=published.discriminator(group_size=8),
        encoder=published.encoder(6, progressive=True, add_average=False),
        options={"dataset_type": "ffhq_encode", "sizes": [1, 2], "deep": {"a": {"b": {"c": [None, True, 0.5]}}}},
        source="e4e_ffhq_encode.pt",
        license="CC0-1.0",
    )


def test_everything_comes_back(checkpoint, equal, tmp_path):
    path = tmp_path / "a.safetensors"
    checkpoints.save(checkpoint, path)
    loaded = checkpoints.load(str(path))
    for fact in ("architecture", "options", "source", "license"):
        assert getattr(loaded, fact) == getattr(checkpoint, fact)
    assert list(loaded.modules) == ["generator", "discriminator", "encoder"]
    for slot, module in checkpoint.modules.items():
        assert loaded.modules[slot].config == module.config
        equal(loaded.modules[slot], module)


@pytest.fixture
def bundle(published):
    """As the demo bundle: networks of our own beside those of StyleGAN2."""
    return Checkpoint(
        architecture="stylegan2",
        generator=published.generator(),
        encoder=published.compact_encoder(6),
    )


def test_it_prints_in_one_line(checkpoint):
    printed = repr(checkpoint)
    assert "\n" not in printed
    assert len(printed) < 400
    assert all(word in printed for word in (checkpoint.source, checkpoint.architecture, *checkpoint.modules))


def test_networks_of_our_own(bundle, equal, tmp_path):
    path = tmp_path / "a.safetensors"
    checkpoints.save(bundle, path)
    loaded = checkpoints.load(path)
    assert list(loaded.modules) == ["generator", "encoder"]
    for slot, module in bundle.modules.items():
        assert loaded.modules[slot].config == module.config
        equal(loaded.modules[slot], module)
        assert not any(parameter.requires_grad for parameter in loaded.modules[slot].parameters())
    images = torch.rand(2, 3, 256, 256, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        assert torch.equal(loaded.encoder(images).codes, bundle.encoder(images).codes)


def test_networks_of_our_own_in_half_precision(bundle, tmp_path):
    path = tmp_path / "a.safetensors"
    checkpoints.save(bundle, path, dtype=torch.float16)
    for slot, module in checkpoints.load(path).modules.items():
        for key, tensor in module.state_dict().items():
            wanted = bundle.modules[slot].state_dict()[key]
            assert tensor.dtype == torch.float32
            assert torch.equal(tensor, wanted.half().float()), f"{slot}.{key}"


def test_facts_of_networks_of_our_own(bundle, tmp_path):
    path = tmp_path / "a.safetensors"
    checkpoints.save(Checkpoint(architecture="compact", encoder=bundle.encoder), path)
    facts = checkpoints.inspect(path)
    assert (facts.parts, facts.space, facts.channels) == (("encoder",), "w+", None)
    assert facts.parameters == {"encoder": sum(p.numel() for p in bundle.encoder.parameters())}


def test_the_space_of_a_compact_encoder_is_settled(bundle, tmp_path):
    path = tmp_path / "a.safetensors"
    checkpoints.save(bundle, path)
    assert checkpoints.load(path, space="w+").encoder.config == bundle.encoder.config
    with pytest.raises(CheckpointError, match=r"codes of its encoder are in w\+, not 'z\+'"):
        checkpoints.load(path, space="z+")


def test_the_header_can_be_read_without_us(checkpoint, tmp_path):
    checkpoints.save(checkpoint, tmp_path / "a.safetensors")
    with safe_open(tmp_path / "a.safetensors", "pt") as file:
        header = json.loads(file.metadata()["pastiche"])
        assert all(key.split(".")[0] in header["parts"] for key in file.keys())  # noqa: SIM118
    assert header["version"] == 1
    assert header["parts"]["encoder"]["kind"] == "pyramid.encoder"


def test_half_precision_on_the_disk(checkpoint, tmp_path):
    full, half = tmp_path / "full.safetensors", tmp_path / "half.safetensors"
    checkpoints.save(checkpoint, full)
    checkpoints.save(checkpoint, half, dtype=torch.float16)
    assert half.stat().st_size < 0.55 * full.stat().st_size
    assert checkpoints.inspect(half).dtype == "float16"
    wanted = checkpoint.modules
    for slot, module in checkpoints.load(half).modules.items():
        for key, tensor in module.state_dict().items():
            original = wanted[slot].state_dict()[key]
            assert tensor.dtype == original.dtype
            assert torch.equal(tensor, original.half().float() if original.is_floating_point() else original), key


def test_a_number_too_large_for_half_precision(checkpoint, tmp_path):
    checkpoint.generator.style[1].weight.data[0, 0] = 1e6
    with pytest.raises(CheckpointError, match=r"generator\.style\.1\.weight holds numbers too large"):
        checkpoints.save(checkpoint, tmp_path / "a.safetensors", dtype=torch.float16)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are others there")
def test_others_may_read_it_as_any_new_file(checkpoint, tmp_path):
    (tmp_path / "usual").write_text("")
    checkpoints.save(checkpoint, tmp_path / "a.safetensors")
    assert (tmp_path / "a.safetensors").stat().st_mode == (tmp_path / "usual").stat().st_mode


SAVE_AGAIN = """
import sys
from pastiche import checkpoints
checkpoints.save(checkpoints.load(sys.argv[1]), sys.argv[2])
"""


def test_the_same_checkpoint_gives_the_same_bytes(checkpoint, tmp_path):
    paths = [tmp_path / f"{name}.safetensors" for name in "abc"]
    checkpoints.save(checkpoint, paths[0])
    checkpoints.save(checkpoint, paths[1])
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", SAVE_AGAIN, paths[0], paths[2]], check=True, env=environment, timeout=120)
    assert paths[0].read_bytes() == paths[1].read_bytes() == paths[2].read_bytes()


def test_saving_over_a_loaded_file(checkpoint, equal, tmp_path):
    path = tmp_path / "a.safetensors"
    checkpoints.save(checkpoint, path)
    loaded = checkpoints.load(path)
    checkpoints.save(loaded, path, dtype=torch.float16)
    equal(loaded.generator, checkpoint.generator)


def test_a_failed_save_leaves_what_was_there(checkpoint, tmp_path, monkeypatch):
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"before")

    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CheckpointError, match=r"can't be written .*No space left.*what was there before is unchanged"):
        checkpoints.save(checkpoint, path)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


FULL_DISK = """
import resource, sys
from pastiche import checkpoints
from pastiche.errors import CheckpointError
checkpoint = checkpoints.load(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    checkpoints.save(checkpoint, sys.argv[2])
except CheckpointError as error:
    sys.exit(0 if "can't be written" in str(error) else 2)
sys.exit(1)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file sizes can't be limited there")
def test_a_disk_that_fills_up_while_it_is_written(checkpoint, tmp_path):
    source = tmp_path / "a.safetensors"
    checkpoints.save(checkpoint, source)
    (tmp_path / "out").mkdir()
    command = [sys.executable, "-c", FULL_DISK, source, tmp_path / "out" / "b.safetensors"]
    assert subprocess.run(command, check=False, timeout=120).returncode == 0
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.pt", {}, r"saved as \.safetensors"),
        ("a.safetensors", {"dtype": torch.bfloat16}, "expected torch.float32, torch.float16 or torch.int8"),
        ("missing/a.safetensors", {}, "can't be written"),
    ],
)
def test_what_can_not_be_saved_so(checkpoint, tmp_path, name, options, message):
    with pytest.raises(CheckpointError, match=message):
        checkpoints.save(checkpoint, tmp_path / name, **options)


def test_modules_and_options_that_have_no_place(tmp_path, published):
    with pytest.raises(CheckpointError, match="a Linear can't be saved"):
        checkpoints.save(Checkpoint(architecture="x", sampler=torch.nn.Linear(1, 1)), tmp_path / "a.safetensors")
    with pytest.raises(CheckpointError, match="options can't be saved"):
        checkpoints.save(Checkpoint(architecture="x", options={"a": object()}), tmp_path / "a.safetensors")


def header(**changes):
    config = {"resolution": 8, "channels": {"4": 4, "8": 4}, "z_dim": 4, "w_dim": 4, "mapping_layers": 1}
    parts = {"generator": {"kind": "stylegan2.generator", "config": {**config, **changes.pop("config", {})}}}
    return {"version": 1, "architecture": "stylegan2", "parts": parts, "options": {}, **changes}


BAD_HEADERS = [
    ("not json", "{", "header is damaged"),
    ("deep", "[" * 100_000, "header is damaged"),
    ("a list", "[]", "lacks version, architecture, parts or options"),
    ("later", json.dumps(header(version=4)), "format version 4, newer than 3; install a newer Pastiche"),
    ("no parts", json.dumps({"version": 1, "architecture": "stylegan2"}), "lacks version"),
    ("other parts", json.dumps(header(parts={"thing": {}})), "which its header does not describe"),
    ("no kind", json.dumps(header(parts={"generator": {}})), "has no kind"),
    ("other kind", json.dumps(header(parts={"generator": {"kind": "os.system"}})), "is a 'os.system'; expected one of"),
    ("unknown setting", json.dumps(header(config={"magic": 1})), r"unknown settings \['magic'\]"),
    ("deep network", json.dumps(header(config={"mapping_layers": 10**9})), "mapping_layers is 1000000000; expected 1 to 32"),
    ("wide network", json.dumps(header(config={"w_dim": 10**12})), "w_dim is 1000000000000"),
    ("negative", json.dumps(header(config={"z_dim": -4})), "z_dim is -4"),
    ("odd resolution", json.dumps(header(config={"resolution": 12})), "not a power of two"),
    ("text", json.dumps(header(config={"resolution": "8"})), "settings are inconsistent"),
    ("text for a number", json.dumps(header(config={"w_dim": "4"})), "w_dim"),
    ("half a layer", json.dumps(header(config={"mapping_layers": 1.5})), "mapping_layers"),
    ("channels", json.dumps(header(config={"channels": {"a": 4}})), "settings are inconsistent"),
    ("missing channels", json.dumps(header(config={"channels": {"4": 4}})), "inconsistent"),
    ("no tensors", json.dumps(header()), "its generator lacks"),
]


@pytest.mark.parametrize(("text", "message"), [case[1:] for case in BAD_HEADERS], ids=[case[0] for case in BAD_HEADERS])
def test_a_header_that_does_not_fit(tmp_path, text, message):
    path = tmp_path / "a.safetensors"
    save_file({"generator.x": torch.zeros(1)}, path, metadata={"pastiche": text})
    with pytest.raises(CheckpointError, match=message) as error:
        checkpoints.load(path)
    assert str(error.value).startswith(str(path))


OWN_SIZES = [
    ("a wide stage", "encoder", {"channels": [8, 10**6]}, "channels is 1000000; expected 1 to 65536"),
    ("many stages", "encoder", {"channels": [8] * 1000}, "there are 1000 stages: 1 to 6 fit"),
    ("no table of stages", "encoder", {"channels": 8}, "settings are inconsistent"),
    ("channels without a group", "encoder", {"channels": [4, 4]}, "inconsistent sizes"),
    ("no stage", "encoder", {"channels": []}, "there are 0 stages"),
    (
        "other channels",
        "encoder",
        {"hidden": 40},
        r"its encoder has other shapes .*hidden\.weight \(expected \[40, ",
    ),
]


@pytest.mark.parametrize(("slot", "sizes", "message"), [case[1:] for case in OWN_SIZES], ids=[case[0] for case in OWN_SIZES])
def test_networks_of_our_own_in_sizes_that_do_not_fit(bundle, tmp_path, slot, sizes, message):
    path, changed = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    checkpoints.save(bundle, path)
    with safe_open(path, "pt") as file:
        header = json.loads(file.metadata()["pastiche"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    header["parts"][slot]["config"] |= sizes
    save_file(tensors, changed, metadata={"pastiche": json.dumps(header)})
    with pytest.raises(CheckpointError, match=message) as error:
        checkpoints.load(changed)
    assert str(error.value).startswith(str(changed))


def test_tensors_that_no_part_explains(tmp_path, published):
    path = tmp_path / "a.safetensors"
    save_file({"other.x": torch.zeros(1)}, path, metadata={"pastiche": json.dumps(header())})
    with pytest.raises(CheckpointError, match=r"other\.x.*does not describe"):
        checkpoints.load(path)


def test_a_state_dict_that_someone_converted(published, tmp_path, equal):
    discriminator = published.discriminator()
    state = {key: tensor.contiguous() for key, tensor in published.discriminator_state(discriminator).items()}
    save_file(state, tmp_path / "a.safetensors", metadata={"format": "pt"})
    equal(checkpoints.load(tmp_path / "a.safetensors").discriminator, discriminator)


def test_a_header_whose_length_begins_like_a_pickle(published, tmp_path):
    path = tmp_path / "a.safetensors"
    lengths = set()
    for padding in range(0, 256, 8):
        checkpoints.save(Checkpoint(architecture="stylegan2", generator=published.generator(), source="x" * padding), path)
        lengths.add(path.read_bytes()[0])
        assert checkpoints.load(path).architecture == "stylegan2"
    assert 0x80 in lengths
