"""`pastiche evaluate`, on networks so small that a style is learned in a second."""

import pytest

from pastiche.bundle import demo_references


def test_it_measures_each_style(run_json, run, weights):
    asked = ("evaluate", "demo", "--weights", weights, "--faces", 2, "--steps", 1, "-r", "toon", "-r", "mona_lisa")
    facts = run_json(*asked)
    assert facts["faces"] == 2
    assert 0 < facts["inversion_psnr"] < 40
    assert set(facts["styles"]) == set(facts["recognised"]) == {"toon", "mona_lisa"}
    for row in facts["styles"].values():
        assert row["texture"] > 0
        assert row["diversity"] > 0
        assert -1 <= row["grain"] <= 1
        assert row["found_again"] in {0.0, 0.5, 1.0}
    assert facts == run_json(*asked), "the same seed measures the same"
    status, out, _ = run(*asked)
    assert status == 0
    assert "mona_lisa" in out
    assert "found again  recognised" in out, "every column has its width on 80 characters"


@pytest.mark.parametrize(
    ("asked", "message"),
    [(["-r", "toon"], "at least two different"), (["-r", "toon", "-r", "cubism"], "cubism is not a bundled reference")],
)
def test_references_that_tell_nothing(run, weights, asked, message):
    status, _, err = run("evaluate", "demo", "--weights", weights, *asked)
    assert status == 2
    assert message in " ".join(err.replace("│", " ").split())
    assert "toon" in demo_references()
