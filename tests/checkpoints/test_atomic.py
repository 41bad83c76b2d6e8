"""Files that appear whole or not at all."""

import os
import sys

import pytest

from pastiche.files import replacing


def test_a_file_appears_at_the_end(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")
    with replacing(path) as beside:
        beside.write_text("after")
        assert beside.parent == path.parent
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_nothing_behind(tmp_path):
    path = tmp_path / "a.txt"

    def interrupted():
        with replacing(path) as beside:
            beside.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are others there")
def test_the_permissions_are_those_of_any_new_file(tmp_path):
    (tmp_path / "usual").write_text("")
    with replacing(tmp_path / "a") as beside:
        beside.write_text("")
    assert os.stat(tmp_path / "a").st_mode == os.stat(tmp_path / "usual").st_mode
