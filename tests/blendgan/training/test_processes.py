"""Views on all processes are each other's negatives: two processes learn what one does."""

import subprocess
import sys
from pathlib import Path

import torch
from loading import module_at

SCRIPT = Path(__file__).with_name("two_processes.py")


def test_two_processes_have_the_gradient_of_one(tmp_path):
    script = module_at(SCRIPT)
    running = [subprocess.Popen([sys.executable, str(SCRIPT), str(tmp_path), str(rank)]) for rank in range(2)]
    loss, gradient = script.gradient(*script.views())
    assert [process.wait(timeout=600) for process in running] == [0, 0]
    found = torch.load(tmp_path / "found.pt")
    torch.testing.assert_close(found["loss"], loss)
    torch.testing.assert_close(found["gradient"], gradient)
