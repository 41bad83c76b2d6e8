"""A task that is learned in seconds: one network follows noisy measurements, another one scales them."""

import pytest
import torch
from torch import nn

from pastiche.training.data import Stream
from pastiche.training.schedule import Schedule
from pastiche.training.task import Phase, Task


class LineTask(Task):
    """Learns y = 2 x + 1 from numbered examples, with noise, dropout and a lazy penalty."""

    def __init__(self, *, length=24, rate=0.05):
        super().__init__()
        torch.manual_seed(0)
        self.line, self.scale = nn.Linear(1, 1), nn.Sequential(nn.Dropout(0.2), nn.Linear(1, 1))
        self.networks = {"line": self.line, "scale": self.scale}
        self.averages = {"line": nn.Linear(1, 1)}
        self.averages["line"].load_state_dict(self.line.state_dict())
        self.optimizers = {
            "line": torch.optim.Adam(self.line.parameters(), lr=rate),
            "scale": torch.optim.Adam(self.scale.parameters(), lr=rate),
        }
        self.stream = Stream(length)
        self.states = {"stream": self.stream}
        self.phases = [
            Phase(name="line", learns=("line",), optimizer="line", losses=self.line_losses),
            Phase(name="penalty", learns=("line",), optimizer="line", losses=self.penalty, every=3),
            Phase(name="scale", learns=("scale",), optimizer="scale", losses=self.scale_losses),
        ]
        self.drawn, self.steps, self.stop_at, self.config = [], [], None, {"rate": rate}

    def draw(self, rng, count):
        numbers = self.stream.next(count, rng)
        self.drawn.append(numbers.tolist())
        return {"number": numbers, "noise": 0.01 * torch.randn(count, 1, generator=rng)}

    def x(self, draw, moment):
        return (draw["number"].float()[:, None] / self.stream.length).to(moment.device)

    def line_losses(self, draw, moment):
        x = self.x(draw, moment)
        with moment.autocast():
            found = self.line(x)
        error = found - (2 * x + 1 + draw["noise"].to(x))
        return {"square": error.square().mean(), "_largest": error.abs().amax()}

    def penalty(self, draw, moment):
        return {"weight": 3 * 1e-3 * self.line.weight.square().sum()}

    def scale_losses(self, draw, moment):
        x = self.x(draw, moment)
        return {"square": (self.scale(self.line(x)) - 3 * x).square().mean()}

    def samples(self):
        value = self.averages["line"](torch.ones(1, 1)).clamp(-1, 1).item()
        return torch.full((3, 3, 8, 8), value)

    def after_step(self, losses, moment):
        self.steps.append(losses)

    def finished(self, moment):
        return moment.iteration == self.stop_at


@pytest.fixture
def line_task():
    return LineTask


@pytest.fixture
def schedule():
    def build(**changes):
        settings = {"images": 96, "batch": 8, "sample_images": 40, "log_images": 16, "precision": "float32"}
        return Schedule(**{**settings, **changes})

    return build


@pytest.fixture
def weights():
    """Every parameter of a task's networks and averages, in one vector."""

    def collect(task):
        modules = (*task.networks.values(), *task.averages.values())
        return torch.cat([value.detach().flatten().cpu() for module in modules for value in module.parameters()])

    return collect
