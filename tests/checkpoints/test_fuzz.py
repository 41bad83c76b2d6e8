"""Files with bits flipped, and files that end early: loaded or refused, quickly, and in bounded memory.

Everything happens in a process of its own (outcomes.py), which reports each file's end and its peak of memory.
"""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from loading import module_at

from pastiche import checkpoints
from pastiche.checkpoints import Checkpoint

HERE = Path(__file__).parent
FILES = 540
FEW = 50
ALLOWANCE = 16 * 2**20  # what may be taken besides the file's size, twice

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is measured as Linux reports it")


@pytest.fixture(scope="module")
def outcomes_of(tmp_path_factory):
    """Run that process over files; gives what came of each."""

    def run(files):
        folder = tmp_path_factory.mktemp("files")
        for index, (name, content) in enumerate(files):
            safe = "".join(letter if letter.isalnum() else "-" for letter in name)
            (folder / f"{index:04} {safe[:60]}").write_bytes(content)
        command = [sys.executable, "-W", "error", HERE / "outcomes.py", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=500)
        assert done.returncode == 0, done.stderr[-2000:]
        outcomes = list(map(json.loads, done.stdout.splitlines()))
        for path in folder.iterdir():
            path.unlink()
        assert len(outcomes) == 2 * len(files)
        return outcomes

    return run


@pytest.fixture(scope="module")
def seeds(published, tmp_path_factory):
    """A small good file of every kind, as bytes."""
    folder = tmp_path_factory.mktemp("seeds")
    generator, discriminator = published.generator(8), published.discriminator(8)
    root = published.rosinality(generator, discriminator)
    encoder = published.encoder(4, w_dim=4, stem=2, widths=(2, 2, 2, 4))
    torch.save(root, folder / "zip.pt")
    torch.save(root, folder / "legacy.pt", _use_new_zipfile_serialization=False)
    torch.save(published.psp(encoder, generator, encoder_type="Encoder4Editing"), folder / "psp.pt")
    networks = {"G_ema": published.nvlabs_generator(generator), "D": published.nvlabs_discriminator(discriminator)}
    published.write_nvlabs(folder / "nvlabs.pkl", **networks)
    own = Checkpoint(
        architecture="stylegan2",
        generator=generator,
        discriminator=discriminator,
        encoder=published.compact_encoder(4),
    )
    checkpoints.save(own, folder / "own.safetensors", dtype=torch.float16)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def assert_bounded(outcomes):
    late = [outcome for outcome in outcomes if outcome["seconds"] > 10]
    assert not late, late
    large = [outcome for outcome in outcomes if outcome["growth"] > 2 * outcome["size"] + ALLOWANCE]
    assert not large, large


def flipped(data, dice):
    """One to eight bits changed, half of the time near the beginning or the end, where the structure is."""
    data = bytearray(data)
    for _ in range(dice.randint(1, 8)):
        reach = len(data) if dice.random() < 0.5 else min(len(data), 1500)
        at = dice.randrange(reach)
        data[at if dice.random() < 0.7 else -1 - at] ^= 1 << dice.randrange(8)
    return bytes(data)


def truncated(data, dice):
    return data[: dice.randrange(len(data))]


def spliced(data, dice):
    """A piece of the file in another place."""
    start, length = dice.randrange(len(data)), dice.randint(1, 200)
    at = dice.randrange(len(data))
    return data[:at] + data[start : start + length] + data[at + length * dice.randint(0, 1) :]


def damaged(seeds, count):
    dice = random.Random(20240607)
    for index in range(count):
        name, data = list(seeds.items())[index % len(seeds)]
        change = dice.choice([flipped, flipped, truncated, spliced])
        yield f"{change.__name__} {name}", change(data, dice)


@pytest.mark.parametrize("count", [FEW, pytest.param(FILES, marks=pytest.mark.slow)])
def test_damaged_files(outcomes_of, seeds, count):
    good = list(seeds.items())
    outcomes = outcomes_of([*good, *damaged(seeds, count)])
    broken = [outcome for outcome in outcomes if outcome["outcome"] == "broken"]
    assert not broken, "\n".join(f"{outcome['name']}: {outcome['message'][-1500:]}" for outcome in broken[:5])
    assert all(outcome["outcome"] == "fine" for outcome in outcomes[: 2 * len(good)])
    refused = [outcome for outcome in outcomes if outcome["outcome"] == "refused"]
    assert len(refused) > count / 2
    assert all(outcome["error"] in ("CheckpointError", "UnsafeCheckpointError") for outcome in refused)
    assert_bounded(outcomes)


@pytest.mark.slow
def test_large_files(outcomes_of, published, tmp_path):
    """30 MB, so that memory is the file's and not the interpreter's: good, with a bit flipped, and cut short."""
    generator = published.generator(8, channels={4: 512, 8: 512})
    root = published.rosinality(generator)
    torch.save(root, tmp_path / "zip.pt")
    torch.save(root, tmp_path / "legacy.pt", _use_new_zipfile_serialization=False)
    published.write_nvlabs(tmp_path / "nvlabs.pkl", G_ema=published.nvlabs_generator(generator))
    checkpoints.save(Checkpoint(architecture="stylegan2", generator=generator), tmp_path / "own.safetensors")
    good = [(path.name, path.read_bytes()) for path in sorted(tmp_path.iterdir())]
    dice = random.Random(5)
    changes = [(name, change(data, dice)) for name, data in good for change in (flipped, flipped, truncated)]
    outcomes = outcomes_of([*good, *changes])
    assert all(outcome["outcome"] == "fine" for outcome in outcomes[: 2 * len(good)])
    assert all(outcome["outcome"] != "broken" for outcome in outcomes)
    assert_bounded(outcomes)


@pytest.mark.slow
def test_hostile_files_in_bounded_memory(outcomes_of, seeds, tmp_path):
    hostile = module_at(HERE / "hostile.py")
    canary = tmp_path / "canary"
    outcomes = outcomes_of([("good", seeds["zip.pt"]), *hostile.files(canary)])
    assert {outcome["outcome"] for outcome in outcomes[2:]} == {"refused"}, outcomes
    assert all(f"/{outcome['name']}: " in outcome["message"] for outcome in outcomes[2:])
    assert_bounded(outcomes)
    assert not canary.exists()
