"""`pastiche evaluate` over folders, over models, and its report."""

import shutil

import pytest
import torch

from pastiche import images
from pastiche.metrics.classifier import PortraitClassifier


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Twelve pictures, and the same ones a little darker."""
    places = [tmp_path_factory.mktemp(name) for name in ("light", "dark")]
    rng = torch.Generator().manual_seed(0)
    for number in range(12):
        rough = images.resize(torch.rand(1, 3, 6, 6, generator=rng) * 2 - 1, 48).clamp(-1, 1)
        images.write(rough, places[0] / f"{number}.png")
        images.write(rough * 0.8 - 0.2, places[1] / f"{number}.png")
    return places


@pytest.fixture
def evaluators(weights):
    return ["--evaluators", weights, "--features", "discriminator"]


def test_distributions(run_json, run, folders, evaluators):
    light, dark = folders
    same = run_json("evaluate", "fid", light, light, *evaluators, "--size", 32)
    other = run_json("evaluate", "fid", light, dark, *evaluators, "--size", 32)
    assert same["metrics"]["Frechet distance"] == pytest.approx(0, abs=1e-3)
    assert other["metrics"]["Frechet distance"] > 10 * abs(same["metrics"]["Frechet distance"])
    assert other["pictures"] == other["reference"] == 12
    assert other["features"].startswith("Pastiche's discriminator ")
    status, out, _ = run("evaluate", "fid", light, dark, *evaluators, "--size", 32)
    assert status == 0
    assert "Frechet distance: " in out
    assert "FID" not in out, "nobody mistakes it for one"
    assert "Pastiche's discriminator " in " ".join(out.split())


def test_pairs(run_json, folders, evaluators, tmp_path):
    light, dark = folders
    found = run_json("evaluate", "reconstruction", light, dark, *evaluators, "--size", 32)
    assert found["pairs"] == 12
    assert 10 < found["metrics"]["PSNR"] < 40
    assert found["metrics"]["perceptual distance"] > 0
    assert found["metrics"]["MS-SSIM"] is None
    shutil.copy(light / "3.png", tmp_path)
    large = run_json("evaluate", "reconstruction", tmp_path, dark, *evaluators, "--size", 176)
    assert (large["pairs"], large["unpaired"]) == (1, 11)
    assert 0.5 < large["metrics"]["MS-SSIM"] < 1
    equal = run_json("evaluate", "reconstruction", light, light, *evaluators, "--size", 32)
    assert equal["metrics"]["PSNR"] is None, "JSON has no infinity"
    alike = run_json("evaluate", "identity", light, light, *evaluators, "--size", 32)
    assert alike["metrics"]["identity similarity"] == pytest.approx(1, abs=1e-4)


def test_diversity(run_json, run, folders, evaluators, tmp_path):
    light, dark = folders
    for number in range(2):
        for name, folder in (("light", light), ("dark", dark)):
            (tmp_path / str(number)).mkdir(exist_ok=True)
            shutil.copy(folder / f"{number}.png", tmp_path / str(number) / f"{name}.png")
    found = run_json("evaluate", "diversity", tmp_path, *evaluators, "--size", 32)
    assert found["faces"] == 2
    assert 0 < found["metrics"]["standard error"] < found["metrics"]["perceptual distance diversity"]
    together = run_json("evaluate", "diversity", light, *evaluators, "--size", 32)
    assert together["faces"] == 1
    assert together["metrics"]["standard error"] is None, "of one face nobody knows it"
    name = "perceptual distance diversity"
    assert 0 < found["metrics"][name] < together["metrics"][name], "two shades of a picture differ less than two pictures"
    (tmp_path / "1" / "dark.png").unlink()
    status, _, err = run("evaluate", "diversity", tmp_path, *evaluators)
    assert status == 1
    assert "holds one picture" in " ".join(err.split())


@pytest.fixture
def wrong(tmp_path, folders):
    """Folders that can't be measured, by name."""
    made = {}
    for name in ("empty", "single", "broken", "wide"):
        made[name] = tmp_path / name
        made[name].mkdir()
    for name, count in (("single", 1), ("broken", 2), ("wide", 2)):
        for number in range(count):
            shutil.copy(folders[0] / f"{number}.png", made[name])
    (made["broken"] / "x.png").write_bytes(b"no picture")
    images.write(torch.zeros(1, 3, 30, 60), made["wide"] / "x.png")
    made["list"] = tmp_path / "list.txt"
    made["list"].write_text("nowhere.png\nnobody.png\n")
    return made


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("empty", "empty holds no pictures: give a folder"),
        ("single", "single holds one picture, and at least 2 are needed"),
        ("broken", "broken holds no picture that can be read"),
        ("wide", "wide is 60 x 30 pixels, and a square picture is expected: align the faces, or crop them"),
        ("list", "list.txt can't be read: No such file or directory"),
    ],
)
def test_pictures_that_cannot_be_measured(run, folders, evaluators, wrong, name, message):
    for command in (["fid", wrong[name], folders[0]], ["fid", folders[0], wrong[name]], ["diversity", wrong[name]]):
        status, _, err = run("evaluate", *command, *evaluators, "--size", 32)
        assert status == 1
        assert message in " ".join(err.split()).replace("- ", "-"), "which folder it is, too"


def test_too_few_pictures_for_a_frechet_distance(run, folders, evaluators, tmp_path):
    for number in range(2):
        shutil.copy(folders[0] / f"{number}.png", tmp_path)
    status, out, err = run("evaluate", "fid", tmp_path, tmp_path, *evaluators, "--size", 32)
    assert status == 0
    assert "Frechet distance: 0.0000" in out, "never below 0"
    assert "2 pictures are fewer than the" in " ".join(err.split())


def test_models(run_json, folders, weights):
    light, _ = folders
    asked = ("--weights", weights, "--count", 8)
    found = run_json("evaluate", "generator", light, *asked, "--features", "discriminator")
    assert found["metrics"]["Frechet distance"] > 0
    assert found["faces"] == 8
    inverted = run_json("evaluate", "inversion", light, *asked)
    assert inverted["faces"] == 8
    assert 0 < inverted["metrics"]["PSNR"] < 40


def test_a_report(run, folders, weights, tmp_path):
    """The Markdown on the standard output is what the file holds, and nothing else."""
    status, out, err = run(
        *("evaluate", "report", "--out", tmp_path / "report", "--weights", weights, "--features", "discriminator"),
        *("--only", "mixing", "--only", "few", "--faces", 8, "--steps", 1, "-r", "toon"),
    )
    assert status == 0, err
    assert out.strip() == (tmp_path / "report" / "results.md").read_text(encoding="utf8").strip()
    assert "## JoJoGAN: mixing" in out
    assert "Not measured: it trains two models on 16 aligned pictures" in out
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf8")
    assert "data:image/jpeg" in page
    assert "Pastiche&#x27;s discriminator " in page
    assert "no number by them is FID or KID or LPIPS" in page


def test_a_classifier_is_named_by_its_file(run, run_json, folders, weights, tmp_path, monkeypatch):
    """None ships."""
    monkeypatch.setattr("pastiche.cli.options.bundled_classifier", lambda: None)
    monkeypatch.setattr("pastiche.evaluation.evaluators.bundled_classifier", lambda: None)
    light, dark = folders
    report = ("evaluate", "report", "--out", tmp_path / "report", "--weights", weights, "--features", "classifier")
    report = (*report, "--only", "mixing", "--faces", 6, "--steps", 1, "-r", "toon")
    status, _, err = run(*report)
    assert status == 1
    assert "as --classifier" in " ".join(err.split())
    torch.manual_seed(0)
    PortraitClassifier().save(tmp_path / "classifier.safetensors")
    given = ("--classifier", tmp_path / "classifier.safetensors")
    status, _, err = run(*report, *given)
    assert status == 0, err
    assert "Pastiche&#x27;s classifier " in (tmp_path / "report" / "report.html").read_text(encoding="utf8")
    found = run_json("evaluate", "fid", light, dark, "--evaluators", weights, "--features", "classifier", *given, "--size", 32)
    assert found["features"].startswith("Pastiche's classifier ")


def test_a_report_of_what_is_not_there(run, weights, tmp_path):
    status, _, err = run("evaluate", "report", "--out", tmp_path, "--weights", weights, "--only", "cubism")
    assert status == 2
    assert "there is no experiment cubism" in " ".join(err.replace("│", " ").split())
    status, _, err = run("evaluate", "report", "--out", tmp_path, "--weights", weights, "--blendgan", tmp_path / "none.pt")
    assert status == 1
    assert "none.pt" in err


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--only", "codes", "--style-pictures", "nowhere"], 2, "nowhere does not exist"),
        (["--only", "mixing", "-r", "nobody"], 2, "nobody is not a bundled reference: choose from"),
        (["--only", "mixing", "--out", __file__], 1, "does not accept new files (File exists)"),
    ],
)
def test_a_report_is_refused_before_anything_is_measured(run, weights, tmp_path, options, status, message):
    found, out, err = run("evaluate", "report", "--out", tmp_path, "--weights", weights, *options)
    assert (found, out) == (status, "")
    assert message in " ".join(err.replace("│", " ").split())


def test_a_report_in_which_nothing_is_measured_fails(run, weights, tmp_path):
    """A script sees it, and the page says what is needed."""
    status, out, err = run("evaluate", "report", "--out", tmp_path, "--weights", weights, "--only", "few")
    assert status == 1
    assert "give their folder as --few-pictures" in out
    assert "nothing was measured" in err
    assert (tmp_path / "report.html").is_file()
