"""`pastiche bench --network`: that what it compares computes the same."""

import pytest
import torch

from pastiche.bench.networks import NETWORKS, measure_network


@pytest.mark.slow
@pytest.mark.parametrize("name", ["agilegan", "blendgan", "dualstylegan"])
def test_both_forms_agree(name):
    published, exact, rough = measure_network(name, 64, torch.device("cpu"), rounds=1)
    assert [row.what for row in (published, exact, rough)] == ["published", "float32", "bfloat16"]
    assert published.ratio == 1
    assert published.error == 0
    assert exact.error < 1e-4
    assert 1e-4 < rough.error < 0.3


def test_a_network_that_is_not_there(monkeypatch, capsys):
    from pastiche.cli import main

    monkeypatch.setattr("sys.argv", ["pastiche", "bench", "--network", "nothing"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    message = capsys.readouterr().err
    assert all(name in message for name in ("nothing", *NETWORKS))
