"""Contact sheets."""

import pytest
import torch

from pastiche.errors import ImageError
from pastiche.sheets import PAPER, sheet


def picture(value, height=20, width=20):
    return torch.full((1, 3, height, width), value)


def share(page, value):
    """The part of a page that has exactly this value in every channel."""
    return (page - value).abs().amax(dim=1).lt(1e-6).float().mean().item()


def test_pictures_lie_in_rows():
    page = sheet([picture(-1.0), picture(1.0), picture(-1.0)], 2, side=64)
    height, width = page.shape[-2:]
    assert share(page, -1.0) == pytest.approx(2 * 64 * 64 / (height * width))
    assert page[0, 0, height // 4, width // 4] == -1
    assert page[0, 0, height // 4, 3 * width // 4] == 1


def test_a_picture_keeps_its_shape_in_its_place():
    page = sheet([picture(-1.0, 10, 40)], 1, side=64)
    black = page[0, 0] == -1
    assert black.sum() == 64 * 16
    rows = black.any(dim=1).nonzero().flatten()
    assert abs((rows.min() + rows.max()).item() - (page.shape[-2] - 1)) <= 1


def test_an_empty_place_is_paper():
    paper = torch.tensor(PAPER).view(1, 3, 1, 1) / 127.5 - 1
    page = sheet([None, picture(-1.0)], 2, side=32)
    assert (page[..., : page.shape[-1] // 2] - paper).abs().max() < 1e-6


def test_captions_and_titles_take_room_and_leave_ink():
    bare = sheet([picture(1.0)] * 4, 2, side=64)
    titled = sheet(
        [picture(1.0)] * 4,
        2,
        side=64,
        captions=["a", "several words that are too long for one line", "", "\u00e9\u00df"],
        row_titles=["first", "second row"],
        column_titles=["photo", "style"],
        title="Title",
    )
    assert titled.shape[-1] > bare.shape[-1]
    assert titled.shape[-2] > bare.shape[-2] + 60
    assert titled.min() < -0.5
    assert bare.min() > 0.9


def test_a_long_title_widens_the_sheet():
    title = "a title that is much longer than a single small picture is wide"
    assert sheet([picture(1.0)], 1, side=32, title=title).shape[-1] > 200


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"captions": ["one"]}, "1 captions do not fit"),
        ({"row_titles": ["one", "two"]}, "2 row titles"),
        ({"column_titles": ["one"]}, "1 column titles"),
    ],
)
def test_texts_that_do_not_fit(options, message):
    with pytest.raises(ImageError, match=message):
        sheet([picture(0.0), picture(0.0)], 2, **options)


def test_nothing_to_lay_out():
    with pytest.raises(ImageError, match="at least one"):
        sheet([], 2)
    with pytest.raises(ImageError, match="at least one"):
        sheet([picture(0.0)], 0)
