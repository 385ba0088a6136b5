"""The drawing of the rooms is current and shows no arrow upward."""

from tests.shape.drawing import PICTURE, drawing
from tests.shape.test_imports import ROOMS, room_graph


def test_the_picture_in_the_docs_is_current() -> None:
    current = drawing(room_graph(), ROOMS)
    assert "#c00" not in current
    assert PICTURE.read_text(encoding="utf-8") == current, "run: python -m tests.shape.drawing"


def test_an_import_upward_is_drawn_in_red() -> None:
    allowed = {"model": set[str](), "rules": {"model"}}
    assert "#c00" not in drawing(allowed, allowed)
    assert "#c00" in drawing({"model": {"rules"}, "rules": {"model"}}, allowed)
