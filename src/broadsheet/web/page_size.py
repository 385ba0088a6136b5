"""Keep every page below 300 kB, whatever a source sends or a reader requests. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from html import escape

from broadsheet.rules.snippet import Piece
from broadsheet.web.addresses import author_path
from broadsheet.web.feeds.feed import FeedItem
from broadsheet.web.view_models import Entry

# Fifty papers with the longest abstracts of arXiv fit.
_LIST_BYTES = 150_000
_FEED_BYTES = 250_000
_NAMES_BYTES = 50_000
_FORM_BYTES = 900
_ITEM_BYTES, _ELEMENT_BYTES = 500, 50
_MARK_BYTES = len("<mark></mark>")
_SHORT_TITLE_CHARS = 80


def fitted(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries of a list without what is too long for one page.

    When the page is full, further papers are listed without their abstract, then by the beginning
    of their title; their own pages have all.
    """
    used = 0
    kept: list[Entry] = []
    for entry in entries:
        shorter, size = entry, _size(entry)
        if used + size > _LIST_BYTES:
            shorter = replace(entry, abstract=())
            size = _size(shorter)
        if used + size > _LIST_BYTES:
            title = (Piece(entry.name[:_SHORT_TITLE_CHARS]),)
            shorter = replace(
                shorter, title=title, excerpt=(), byline="", facts=(), comment=None, why=""
            )
            size = _size(shorter)
        used += size
        kept.append(shorter)
    return kept


def fitted_names(names: Sequence[str]) -> Sequence[str]:
    """Return the first names of a list of links that fit on a page."""
    used = 0
    for place, name in enumerate(names):
        used += _escaped(name) + len(author_path(name))
        if used > _NAMES_BYTES:
            return names[:place]
    return names


def fitted_items(items: Iterable[FeedItem]) -> list[FeedItem]:
    """Return the first items of a feed that fit into one document, at least one."""
    used = 0
    kept: list[FeedItem] = []
    for item in items:
        # Atom escapes the HTML once more.
        texts = (item.html, item.title, item.summary or "", *item.authors, *item.categories)
        used += sum(_escaped(text) + _ELEMENT_BYTES for text in texts) + _ITEM_BYTES
        if kept and used > _FEED_BYTES:
            break
        kept.append(item)
    return kept


def _size(entry: Entry) -> int:
    """Return about how many bytes an entry has on a page."""
    pieces: Sequence[Piece] = (*entry.title, *entry.excerpt, *entry.abstract)
    texts = [piece.text for piece in pieces]
    texts += [entry.name, entry.byline, entry.why, entry.comment or "", entry.path, entry.path]
    texts += [text for fact in entry.facts for text in fact if text]
    marks = sum(piece.highlighted for piece in pieces)
    formulas = sum(len(piece.mathml) for piece in pieces if piece.mathml)
    # Escaping all texts at once takes a tenth of the time.
    return _escaped("".join(texts)) + marks * _MARK_BYTES + formulas + _FORM_BYTES


def _escaped(text: str) -> int:
    return len(escape(text).encode("utf-8", "replace"))
