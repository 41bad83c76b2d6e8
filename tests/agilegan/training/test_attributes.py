"""Which picture has which attribute."""

import pytest
import torch

from pastiche.agilegan.training.attributes import from_folders, from_table, read_table, unlabelled
from pastiche.agilegan.training.classified import classified, write_table
from pastiche.errors import TrainingError
from pastiche.metrics.classifier import LABELS, Answers
from pastiche.training.data import PictureDataset
from pastiche.training.sources import FolderSource

NAMES = [*(f"men/{number}.png" for number in range(4)), *(f"women/more/{number}.jpg" for number in range(5))]


@pytest.fixture
def table(tmp_path):
    def write(text):
        path = tmp_path / "labels.csv"
        path.write_text(text, encoding="utf8")
        return path

    return write


def test_folders():
    assert from_folders(NAMES) == {"men": [0, 1, 2, 3], "women": [4, 5, 6, 7, 8]}
    assert unlabelled(NAMES) == {"all": list(range(9))}


def test_a_picture_outside_of_all_folders():
    with pytest.raises(TrainingError, match=r"a.png, b.png lie in none: put every picture into a folder"):
        from_folders([*NAMES, "a.png", "b.png"])


def test_too_few_pictures():
    with pytest.raises(TrainingError, match="'men' has 3 pictures, and each needs at least 4"):
        from_folders(NAMES[1:])


@pytest.mark.parametrize("titles", ["file,attribute\n", "Attribute;", ""])
def test_a_table(table, titles):
    """With titles, without, and with the columns the other way round."""
    swapped = titles.startswith("Attribute")
    rows = [(name, "b" if number % 2 else "a") for number, name in enumerate(NAMES)]
    lines = [f"{attribute},{name}" if swapped else f"{name},{attribute}" for name, attribute in rows]
    path = table(("Attribute,File\n" if swapped else titles) + "\n".join(lines))
    assert from_table(path, NAMES) == {"a": [0, 2, 4, 6, 8], "b": [1, 3, 5, 7]}


def test_pictures_by_the_end_of_their_names(table):
    path = table("file,attribute\n4.jpg,x\nmen/3,y\nwomen\\more\\0.jpg,x\n\n")
    assert read_table(path, NAMES) == {8: "x", 3: "y", 4: "x"}


def test_a_picture_that_was_aligned_is_known_by_its_first_name(table):
    aligned = [f"{name}.png" for name in NAMES]
    assert read_table(table("file,attribute\n4.jpg,x\nmen/3,y\n"), aligned) == {8: "x", 3: "y"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,attribute\nnobody.png,a", "'nobody.png', which is not among the pictures"),
        ("file,attribute\n0.png,a\n1,b", "'1', which fits 2 pictures; give more of its path"),
        ("file,attribute\n4.jpg,a", "has no attribute for men/0.png, men/1.png, .* and 4 more: label every picture"),
        ("just one column", "no table of attributes: expected two columns"),
        ("", "no table of attributes"),
    ],
)
def test_tables_that_do_not_fit(table, text, message):
    with pytest.raises(TrainingError, match=message):
        from_table(table(text), NAMES)


def test_a_table_that_can_not_be_read(tmp_path):
    with pytest.raises(TrainingError, match="can't be read as a table"):
        read_table(tmp_path / "none.csv", NAMES)
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00\xd8")
    with pytest.raises(TrainingError, match="can't be read as a table"):
        read_table(tmp_path / "a.csv", NAMES)


class Reddish(torch.nn.Module):
    """Stands in for the classifier: what is redder than blue is masculine, and nobody wears glasses."""

    def forward(self, images):
        color = images.mean(dim=(2, 3))
        logits = torch.full((len(images), len(LABELS)), -5.0)
        logits[:, LABELS.index("masculine")] = 10 * (color[:, 0] - color[:, 2])
        return Answers(logits, torch.zeros(len(images), 2), color)


def test_a_classifier(exemplars, tmp_path):
    pictures = PictureDataset(FolderSource(exemplars), 16)
    found = classified(pictures, Reddish())
    assert found == {"female": [5, 6, 7, 8, 9], "male": [0, 1, 2, 3, 4]}
    write_table(found, pictures.names, tmp_path / "attributes.csv")
    assert from_table(tmp_path / "attributes.csv", pictures.names) == found


def test_what_a_classifier_can_not_do(exemplars):
    pictures = PictureDataset(FolderSource(exemplars), 16)
    with pytest.raises(TrainingError, match="does not know 'wise': choose one of masculine"):
        classified(pictures, Reddish(), "wise")
    with pytest.raises(TrainingError, match="only one attribute in these pictures"):
        classified(pictures, Reddish(), "glasses")
