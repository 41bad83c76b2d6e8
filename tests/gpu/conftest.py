"""What needs a CUDA device: run with `make test-gpu`."""

import pytest
import torch

from pastiche.devices import device_of


@pytest.fixture(scope="session")
def cuda():
    if not torch.cuda.is_available():
        pytest.skip("PyTorch finds no CUDA device")
    return torch.device("cuda")


@pytest.fixture
def on(cuda):
    """A module's results on the GPU and on the CPU, of the same call."""

    def both(module, call):
        wanted = call(module)
        found = call(module.to(cuda))
        assert device_of(module).type == "cuda"
        module.cpu()
        return found.cpu(), wanted

    return both
