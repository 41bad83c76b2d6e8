"""What needs a CUDA device: run with `make test-gpu`."""

import pytest
import torch


@pytest.fixture(scope="session")
def cuda():
    if not torch.cuda.is_available():
        pytest.skip("PyTorch finds no CUDA device")
    return torch.device("cuda")
