"""A few painted portraits."""

import numpy as np
import pytest
import torch

from pastiche.synthetic.dataset import PortraitDataset, code
from pastiche.synthetic.labels import parsing_labels
from pastiche.synthetic.painter import paint
from pastiche.synthetic.parameters import parameters
from pastiche.synthetic.variations import varied as varied_code

SIDE = 64


def portraits(count, *, kind):
    z = [varied_code(code(index), index) if kind == "varied" else code(index) for index in range(count)]
    found = paint(parameters(torch.stack(z)), SIDE, smooth_edges=False)
    return PortraitDataset(
        images=((found.images + 1) * 127.5).round().byte().numpy(),
        landmarks=found.landmarks.numpy(),
        masks=parsing_labels(found.layers, found.landmarks).numpy(),
        done=np.ones(count, dtype=bool),
        seed=0,
        kind=kind,
    )


@pytest.fixture(scope="session")
def plain():
    return portraits(4, kind="plain")


@pytest.fixture(scope="session")
def painted():
    return portraits(2, kind="styled")


@pytest.fixture(scope="session")
def varied():
    return portraits(4, kind="varied")
