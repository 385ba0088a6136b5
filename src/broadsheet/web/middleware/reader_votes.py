"""Insert the votes of one reader into a page that was rendered for all readers. Pure."""

import re
from collections.abc import Collection
from html import unescape
from urllib.parse import unquote

from broadsheet.web.addresses import possible_ids

# The form of `_entry.html`: text of a paper cannot contain an unescaped quote or angle bracket.
_FORM = re.compile(
    rb'(<form class="vote" method="post" action="/papers/([^"]+)/vote">\s*'
    rb'<input type="hidden" name="on" value=")1(">\s*<input [^>]*>\s*<button aria-pressed=")false'
)


def papers_on(page: bytes) -> list[str]:
    """List the ids of the papers that a page has vote buttons for."""
    return [_paper_id(form[2]) for form in _FORM.finditer(page)]


def with_votes(page: bytes, voted: Collection[str]) -> bytes:
    """Return a page with the vote buttons of some papers pressed.

    Parameters
    ----------
    page : bytes
        A page without a pressed button.
    voted : collection of str
        Ids of the papers that the reader voted for.
    """

    def pressed(form: re.Match[bytes]) -> bytes:
        is_theirs = _paper_id(form[2]) in voted
        return form[1] + b"0" + form[3] + b"true" if is_theirs else form[0]

    return _FORM.sub(pressed, page)


def _paper_id(path: bytes) -> str:
    return possible_ids(unquote(unescape(path.decode())))[0]
