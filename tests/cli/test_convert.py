"""`pastiche convert` and `pastiche bench`: what they refuse."""

import shutil

import pytest


def test_a_source_is_never_replaced(run, weights, tmp_path):
    source = tmp_path / "mine.safetensors"
    shutil.copy(weights, source)
    before = source.read_bytes()
    for target in ([], [source]):
        status, _, err = run("convert", source, *target, "--half")
        assert status == 1
        assert "would be replaced" in err
    assert source.read_bytes() == before


def test_brackets_in_a_name_are_shown(run, weights, tmp_path):
    target = tmp_path / "a[b].safetensors"
    status, out, _ = run("convert", weights, target)
    assert status == 0
    assert str(target) in out


@pytest.mark.parametrize("wrong", [("--resolution", "7"), ("--resolution", "4096"), ("--batch", "0")])
def test_sizes_that_no_generator_has_are_refused_at_once(run, wrong):
    status, _, err = run("bench", *wrong)
    assert status == 2
    assert wrong[0] in err
