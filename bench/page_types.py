"""Every type of page of a site, with an example of each from a library."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from typing import NamedTuple
from unittest.mock import patch

from broadsheet.errors import SearchIndexError
from broadsheet.library import Library
from broadsheet.model import Span
from broadsheet.rules.signup import Caps
from broadsheet.rules.token import Purpose, sign
from broadsheet.web.addresses import author_path, category_path, paper_path
from broadsheet.web.calendar import edition_path

_EMAIL = "ada@example.org"
_SENTENCE = (
    "we train small language models to reason step by step with reinforcement learning and "
    "measure how well they do on problems that were not seen in training"
)


_OPEN_ALL = "for (const each of document.querySelectorAll('details')) each.open = true;"
_OPEN_KEYS = "document.getElementById('keys').click();"


class PageType(NamedTuple):
    """An example of one type of page.

    Parameters
    ----------
    name : str
        Name of its picture.
    path : str
        Path and query.
    form : mapping, optional
        Fields that are posted to the path.
    state : context manager, optional
        The state of the site in which the page appears.
    script : str
        What is run in the browser before the page is looked at.
    """

    name: str
    path: str
    form: Mapping[str, str] | None = None
    state: AbstractContextManager[object] | None = None
    script: str = ""

    def prepared(self) -> AbstractContextManager[object]:
        """Return the state of the site while the page is looked at."""
        return self.state or nullcontext()


def page_types(library: Library) -> list[PageType]:
    """List the types of pages of a site."""
    return [
        *_editions(library),
        *_searches(),
        *_papers(library),
        *_about(library),
        *_errors(library),
    ]


def _editions(library: Library) -> Iterator[PageType]:
    yield PageType("front", "/")
    yield PageType("front-opened", "/", script=_OPEN_ALL)
    yield PageType("front-keys", "/", script=_OPEN_KEYS)
    for span in Span:
        for period in library.editions.periods(span, 1):
            yield PageType(f"edition-{span}", edition_path(period))
            yield PageType(f"revision-{span}", f"{edition_path(period)}?revision=1")
    yield PageType("edition-none", f"/editions/{library.today + timedelta(days=30)}")
    yield PageType("editions", "/editions")
    yield PageType("trending", "/trending")
    yield PageType("trending-category", "/trending?category=cs.CL")
    yield PageType("trending-none", "/trending?category=nothing")


def _searches() -> Iterator[PageType]:
    yield PageType("search", "/search")
    yield PageType("search-words", "/search?q=sparse+attention")
    yield PageType("search-opened", "/search?q=sparse+attention", script=_OPEN_ALL)
    yield PageType("search-page", "/search?q=sparse+attention&page=3")
    yield PageType("search-filtered", "/search?q=attention+cat:cs.CL+year:2025..&sort=date")
    yield PageType("search-phrase", "/search?q=%22attention+is+all+you+need%22")
    yield PageType("search-sentence", f"/search?q={_SENTENCE.replace(' ', '+')}")
    yield PageType("search-formula", "/search?q=cat:math.AG+moduli")
    yield PageType("search-none", "/search?q=zzzzqqq")
    yield PageType("search-id", "/search?q=arxiv:9912.99999")
    yield PageType("search-long", f"/search?q={'attention+' * 400}")


def _papers(library: Library) -> Iterator[PageType]:
    edition = library.editions.read()
    first = library.paper(edition.items[0].paper_id)
    yield PageType("paper", paper_path(first.id))
    yield PageType("paper-opened", paper_path(first.id), script=_OPEN_ALL)
    (longest, _) = library.newest(200)
    many = max(longest, key=lambda paper: len(paper.authors))
    yield PageType("paper-authors", paper_path(many.id))
    plain = max(longest, key=lambda paper: (paper.doi or "", len(paper.abstract or "")))
    yield PageType("paper-plain", paper_path(plain.id))
    yield PageType("author", author_path(first.authors[0]))
    yield PageType("category", category_path("cs.CL"))
    yield PageType("category-formulas", category_path("math.AG"))
    yield PageType("categories", "/categories")


def _about(library: Library) -> Iterator[PageType]:
    yield PageType("status", "/status")
    yield PageType("docs", "/docs")
    yield PageType("docs-opened", "/docs", script=_OPEN_ALL)
    yield PageType("ranking", "/about/ranking")
    yield PageType("subscribe", "/subscribe")
    yield PageType("subscribe-invalid", "/subscribe", {"email": "ada@"})
    yield PageType("subscribed", "/subscribe", {"email": _EMAIL})
    yield PageType("proof", "/subscribe", {"email": _EMAIL}, state=_no_free_signups())
    for name, purpose in (("confirm", Purpose.CONFIRM), ("unsubscribe", Purpose.UNSUBSCRIBE)):
        token = sign(library.secret, purpose, 1, _EMAIL, library.now)
        yield PageType(name, f"/{name}?token={token}")


def _errors(library: Library) -> Iterator[PageType]:
    yield PageType("not-found", "/nothing")
    yield PageType("invalid", "/categories/cs.CL?after=x")
    yield PageType("unavailable", "/search?q=unavailable", state=_no_index(library))
    yield PageType("paper-none", "/papers/arxiv:9912.99999")


@contextmanager
def _no_free_signups() -> Iterator[None]:
    """Ask everyone for a proof of work."""
    with patch("broadsheet.web.limits.signup.free_caps", lambda _: Caps(0, 0, 0)):
        yield


@contextmanager
def _no_index(library: Library) -> Iterator[None]:
    """Let every search fail."""
    with patch.object(library, "search", side_effect=SearchIndexError("no index")):
        yield
