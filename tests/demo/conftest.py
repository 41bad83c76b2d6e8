"""A few painted portraits."""

import numpy as np
import pytest
import torch

from pastiche.synthetic.dataset import PortraitDataset, code
from pastiche.synthetic.labels import parsing_labels
from pastiche.synthetic.painter import paint
from pastiche.synthetic.parameters import parameters

SIDE = 64


def portraits(count, *, styled):
    found = paint(parameters(torch.stack([code(index) for index in range(count)])), SIDE, smooth_edges=False)
    return PortraitDataset(
        images=((found.images + 1) * 127.5).round().byte().numpy(),
        landmarks=found.landmarks.numpy(),
        masks=parsing_labels(found.layers, found.landmarks).numpy(),
        done=np.ones(count, dtype=bool),
        seed=0,
        styled=styled,
    )


@pytest.fixture(scope="session")
def plain():
    return portraits(4, styled=False)


@pytest.fixture(scope="session")
def painted():
    return portraits(2, styled=True)
