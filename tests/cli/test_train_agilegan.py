"""`pastiche train agilegan` and `agilegan-export`, from a folder of pictures to a stylized face."""

import pytest
import torch
from safetensors.torch import load_file

import pastiche
from pastiche import images
from pastiche.metrics.classifier import LABELS, PortraitClassifier

TINY = [f"--set={setting}" for setting in ("iterations=4", "batch=4", "split=8", "snapshots=2", "precision=float32")]


@pytest.fixture(scope="module")
def exemplars(tmp_path_factory):
    folder = tmp_path_factory.mktemp("comics")
    rng = torch.Generator().manual_seed(0)
    for attribute in ("female", "male"):
        (folder / attribute).mkdir()
        for number in range(4):
            images.write(torch.rand(1, 3, 32, 32, generator=rng) * 2 - 1, folder / attribute / f"{number}.png")
    return folder


@pytest.fixture
def generator(weights, tmp_path):
    """The generator, in the folder of what will be written."""
    path = tmp_path / "faces.safetensors"
    path.write_bytes(weights.read_bytes())
    return path


@pytest.fixture
def train(run, exemplars, generator, tmp_path):
    def call(*more, pictures=exemplars, device="cpu"):
        options = ["--generator", generator, "--aligned", "--device", device, "--out", tmp_path / "style.safetensors"]
        return run("train", "agilegan", pictures, *options, *TINY, *more)

    return call


def test_a_dry_run_checks_everything_and_writes_no_model(train, tmp_path):
    status, out, err = train("--dry-run")
    assert status == 0, err
    assert "8 pictures of 32 pixels" in out
    assert "female: 4 pictures, male: 4 pictures" in out
    assert "structure is compared by" in out
    assert "GB of memory" in out
    assert not (tmp_path / "style.safetensors").exists()


def test_from_pictures_to_a_stylized_face(train, run, picture, tmp_path):
    status, out, err = train()
    assert status == 0, err
    style, folder = tmp_path / "style.safetensors", tmp_path / "style-training"
    assert "iterations.png shows every stop" in out.replace("\n", " ")
    assert (folder / "iterations.png").exists()
    loaded = pastiche.load(style)
    assert loaded.generator.config.attributes == ("female", "male")
    assert loaded.encoder is not None
    assert not any(name.startswith("encoder") for name in load_file(style))  # the generator's file has it

    drawn = tmp_path / "me.png"
    options = ["--attribute", "male", "--strength", "0.5", "--device", "cpu", "--out", drawn]
    status, _, err = run("stylize", picture, "--weights", style, "--method", "agilegan", "--aligned", *options)
    assert status == 0, err
    assert pastiche.read(drawn).shape[-1] == 32

    early = tmp_path / "early.safetensors"
    assert run("train", "agilegan-export", folder, "-n", "2", "--out", early, "--sheet", tmp_path / "stops.png")[0] == 0
    assert pastiche.load(early).options["iteration"] == 2
    assert pastiche.load(early).options["training"] == loaded.options["training"]
    assert loaded.options["training"]["split"] == 8
    assert (tmp_path / "stops.png").exists()
    status, _, err = run("train", "agilegan-export", folder, "-n", "3", "--out", early)
    assert status == 1
    assert "no snapshot of iteration 3: choose one of 2, 4" in err

    swapped = tmp_path / "swapped.safetensors"
    assert run("train", "agilegan-export", folder, "--out", swapped, "--swap-at", "32", "--whole")[0] == 0
    assert any(name.startswith("encoder") for name in load_file(swapped))  # nothing else is needed


def test_attributes_from_a_table(train, exemplars, tmp_path):
    names = [f"{folder}/{number}" for folder in ("female", "male") for number in range(4)]
    table = tmp_path / "ages.csv"
    table.write_text(
        "file,attribute\n" + "\n".join(f"{name},{'old' if number % 2 else 'young'}" for number, name in enumerate(names))
    )
    status, out, err = train("--attributes", table, "--dry-run")
    assert status == 0, err
    assert "old: 4 pictures, young: 4 pictures" in out
    corrected = (tmp_path / "style-training" / "attributes.csv").read_text()
    assert "female/0.png,young" in corrected
    status, _, err = train("--dry-run")
    assert status == 1, "it would be overwritten"
    assert "says that female/0.png is 'young', and --attributes says 'female': give the table" in " ".join(err.split())
    assert (tmp_path / "style-training" / "attributes.csv").read_text() == corrected


def test_attributes_from_a_classifier(train, tmp_path):
    """Its last layer sees brightness alone: the first pictures are brighter."""
    folder = tmp_path / "faces"
    folder.mkdir()
    for number in range(8):
        images.write(torch.full((1, 3, 32, 32), 0.8 if number < 4 else -0.8), folder / f"{number}.png")
    torch.manual_seed(0)
    classifier = PortraitClassifier().eval().requires_grad_(False)
    read = torch.cat([classifier.features(torch.full((1, 3, 32, 32), level)) for level in (0.8, -0.8)])
    apart = torch.nn.functional.normalize(read[0] - read[1], dim=0) * 8
    for name in ("masculine", "smiling"):
        row = LABELS.index(name)
        classifier.labels.weight[row], classifier.labels.bias[row] = apart, -(read.mean(dim=0) @ apart)
    classifier.save(tmp_path / "classifier.safetensors")
    given = ("--classifier", tmp_path / "classifier.safetensors", "--dry-run")
    status, out, err = train("--attributes", "classifier", *given, "--run", tmp_path / "a", pictures=folder)
    assert status == 0, err
    assert "female: 4 pictures, male: 4 pictures" in out
    status, out, err = train("--attributes", "classifier:smiling", *given, "--run", tmp_path / "b", pictures=folder)
    assert status == 0, err
    assert "no smiling: 4 pictures, smiling: 4 pictures" in out
    status, _, err = train("--attributes", "none", *given, pictures=folder)
    assert status == 1
    assert "give --attributes classifier too" in " ".join(err.split())


def test_a_classifier_that_is_not_there(train, tmp_path, monkeypatch):
    """It is said before the pictures are looked at."""
    monkeypatch.setattr("pastiche.cli.options.bundled_classifier", lambda: None)
    status, _, err = train("--attributes", "classifier", pictures=tmp_path / "nowhere")
    assert status == 1
    assert "give its file as --classifier (`pastiche train demo --only perception" in " ".join(err.split())
    status, _, err = train("--attributes", "classifier", "--classifier", tmp_path / "none.safetensors")
    assert status == 1
    assert "can't be read as a portrait classifier of Pastiche" in " ".join(err.split())


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--attributes", "colours"], "expected auto, none, folders, classifier or a .csv"),
        (["--set", "images=100"], "its iterations"),
        (["--set", "augment=bcg"], "choose none, blit"),
    ],
)
def test_what_can_not_be_asked_for(train, more, message):
    status, _, err = train("--dry-run", *more)
    assert status == 1
    assert message in " ".join(err.split())


def test_a_folder_that_is_no_training(run, tmp_path):
    status, _, err = run("train", "agilegan-export", tmp_path, "--out", tmp_path / "a.safetensors")
    assert status == 1
    assert "is no folder of a training of AgileGAN" in " ".join(err.split())
