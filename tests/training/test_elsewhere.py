"""A state that one device saved goes on on another one: every method's, tensor by tensor."""

import io
from pathlib import Path

import pytest
import torch
from loading import module_at
from torch import nn

from pastiche.training.data import PictureDataset
from pastiche.training.loop import train
from pastiche.training.muon import Muon
from pastiche.training.ranger import Ranger
from pastiche.training.schedule import Schedule
from pastiche.training.sources import FolderSource

tiny = module_at(Path(__file__).with_name("together.py"))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("elsewhere") / "pictures"
    tiny.write_pictures(folder)
    return PictureDataset(FolderSource(folder), tiny.SIDE)


def learn(name, pictures, folder, iterations):
    """A method's task after so many iterations, from the state in a folder."""
    task, batch = tiny.METHODS[name](tiny.base(), pictures)
    schedule = Schedule(
        images=iterations * batch, batch=batch, sample_images=None, precision="float32", average_ramp=None, keep=1
    )
    train(task, schedule, folder=folder, device="cpu")
    return task


def everything(task):
    kinds = (task.networks, task.averages, task.states, task.optimizers)
    return [tiny.numbers(part.state_dict()) for parts in kinds for part in parts.values()]


@pytest.mark.parametrize("name", tiny.METHODS)
def test_a_state_of_a_gpu_goes_on_on_a_cpu(name, pictures, tmp_path, monkeypatch):
    """Its tensors bear the name of a device that is not here, whatever part of the task they belong to."""
    with monkeypatch.context() as patch:
        patch.setattr(torch.serialization, "location_tag", lambda _storage: "cuda:0")
        learn(name, pictures, tmp_path / "parts", 1)
    (state,) = (tmp_path / "parts" / "states").iterdir()
    with pytest.raises(RuntimeError, match="CUDA"):
        torch.load(state, weights_only=True)
    resumed = learn(name, pictures, tmp_path / "parts", tiny.ITERATIONS)
    assert everything(resumed) == everything(learn(name, pictures, None, tiny.ITERATIONS))


OPTIMIZERS = {
    "adam": lambda parameters: torch.optim.Adam(parameters, lr=0.1),
    "muon": lambda parameters: Muon(parameters, lr=0.1),
    "ranger": lambda parameters: Ranger(parameters, lr=0.1),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_state_of_an_optimizer_follows_its_parameters(name):
    """From a file, which is read to the CPU, to the device of the parameters; the count of steps may stay."""
    learned = [nn.Parameter(torch.randn(20, 20, generator=torch.Generator().manual_seed(0))), nn.Parameter(torch.ones(3))]
    optimizer = OPTIMIZERS[name](learned)
    for _ in range(7):  # Ranger looks ahead every six steps
        for parameter in learned:
            parameter.grad = torch.full_like(parameter, 0.5)
        optimizer.step()
    file = io.BytesIO()
    torch.save(optimizer.state_dict(), file)
    file.seek(0)
    there = [nn.Parameter(torch.empty_like(parameter, device="meta")) for parameter in learned]
    resumed = OPTIMIZERS[name](there)
    resumed.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    for parameter in there:
        kept = {key: value for key, value in resumed.state[parameter].items() if isinstance(value, torch.Tensor)}
        assert kept.keys() - {"step"}
        assert {key for key, value in kept.items() if value.device.type != "meta"} <= {"step"}
