"""How an edition reads as a mail: its parts, and the editor's word."""

import pytest

from broadsheet.mail import render_digest
from broadsheet.model import EditionItem, Section
from tests.mail.conftest import NEWSLETTER, edition, story


def texts(*items: EditionItem) -> tuple[str, str]:
    made = render_digest(edition(*items), NEWSLETTER)
    return made.text, made.html


@pytest.mark.parametrize("kind", [0, 1])
def test_the_new_stand_under_a_heading_of_their_own(kind: int) -> None:
    told = texts(story(1), story(2, section=Section.NEW), story(3, section=Section.NEW))[kind]
    assert told.upper().count("NO ATTENTION YET; SELECTED BY PREDICTED INTEREST") == 1
    assert told.index("part 1") < told.upper().index("NO ATTENTION YET") < told.rindex("part 2")


@pytest.mark.parametrize("kind", [0, 1])
def test_one_part_alone_has_no_heading(kind: int) -> None:
    assert "NO ATTENTION YET" not in texts(story(1, section=Section.NEW))[kind].upper()


@pytest.mark.parametrize("kind", [0, 1])
def test_the_editors_pick_and_comment_are_told_as_such(kind: int) -> None:
    told = texts(story(1, picked=True, comment="Read <this> first."), story(2))[kind]
    assert told.count("editor’s pick") == 1
    assert "Editor’s comment:" in told
    assert "Read <this> first." in texts(story(1, comment="Read <this> first."))[0]
    assert "<this>" not in texts(story(1, comment="Read <this> first."))[1]
