"""Commands that measure compute in float32 without TF32, whatever PyTorch's settings are."""

import pytest
import torch

from pastiche.errors import PasticheError
from pastiche.numerics import tensor_float32

# Each command with a function that it calls, in its module
COMMANDS = {
    "evaluate demo": "evaluate.load_models",
    "evaluate fid a b": "evaluate_pictures.open_pictures",
    "evaluate diversity a": "evaluate_pictures.find_evaluators",
    "evaluate identity a b": "evaluate_pictures.find_evaluators",
    "evaluate reconstruction a b": "evaluate_pictures.find_evaluators",
    "evaluate generator a": "evaluate_models.load_models",
    "evaluate inversion a": "evaluate_models.load_models",
    "evaluate indicators a": "evaluate_models.load_models",
    "evaluate report --out a": "evaluate_report.find_evaluators",
    "directions measure": "directions.find_classifier",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_measurements_are_made_without_tf32(run, monkeypatch, tmp_path, command):
    seen = []

    def look(*_args, **_options):
        seen.append((torch.backends.cudnn.allow_tf32, torch.get_float32_matmul_precision()))
        raise PasticheError("seen")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(f"pastiche.cli.{COMMANDS[command]}", look)
    with tensor_float32(allowed=True):
        run(*command.split())
        assert torch.backends.cudnn.allow_tf32, "the user's settings are restored"
    assert seen == [(False, "highest")]
