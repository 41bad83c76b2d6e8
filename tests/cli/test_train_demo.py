"""`pastiche train demo`: one part of the bundle."""


def test_a_part_that_does_not_exist(run, tmp_path):
    status, _, err = run("train", "demo", "--only", "cubism", "--run", tmp_path / "run", "--out", tmp_path / "bundle")
    assert status == 1
    assert "no part 'cubism': expected faces, perception, report" in " ".join(err.split())


def test_the_base_and_the_portraits_are_passed_on(run, weights, tmp_path):
    options = ("--run", tmp_path / "run", "--out", tmp_path / "bundle", "--portraits", tmp_path / "none")
    status, _, err = run("train", "demo", "--only", "report", "--base", weights, *options)
    assert status == 1
    assert "none holds no folder portraits-SIZE" in " ".join(err.split())
    assert (tmp_path / "bundle" / "faces.safetensors").read_bytes() == weights.read_bytes()
