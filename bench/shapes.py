"""Searches of every shape, for finding the most expensive one."""

from collections import Counter
from dataclasses import asdict, dataclass

from hypothesis import strategies as st

from broadsheet.index.analyzer import words_in
from broadsheet.library import Library
from broadsheet.model import HitList, Mode, Sort

MAX_CHARS = 4_000
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_SEPARATORS = (" ", ".", "-", "/", " OR ", ") (", " -")
_PAGES = ((20, 0), (500, 0), (20, 480), (500, 9_500), (20, 9_980))


@dataclass(frozen=True, slots=True)
class Search:
    """One search.

    Parameters
    ----------
    text : str
        The query.
    mode, sort, n, offset, facets
        As in :meth:`broadsheet.library.Library.search`.
    """

    text: str
    mode: Mode
    sort: Sort
    n: int
    offset: int
    facets: bool

    def run(self, library: Library) -> HitList:
        """Search a library."""
        options = asdict(self)
        return library.search(options.pop("text"), clamp=True, **options)


def common_words(library: Library, papers: int = 500) -> tuple[str, ...]:
    """List the words of the newest papers, those of the most papers first."""
    found = library.newest(papers)[0]
    texts = (f"{paper.title} {paper.abstract}" for paper in found)
    counts = Counter(word for text in texts for word in set(words_in(text)))
    return tuple(word for word, _ in counts.most_common(600))


def searches(words: tuple[str, ...]) -> st.SearchStrategy[Search]:
    """Return a strategy that draws searches.

    Parameters
    ----------
    words : tuple of str
        The words of the library, the most common first.
    """
    page = st.sampled_from(_PAGES)
    return st.builds(
        lambda text, mode, sort, page, facets: Search(text, mode, sort, page[0], page[1], facets),
        _texts(words),
        st.sampled_from(Mode),
        st.sampled_from(Sort),
        page,
        st.booleans(),
    )


def _texts(words: tuple[str, ...]) -> st.SearchStrategy[str]:
    word = st.one_of(
        st.sampled_from(words[:12]),
        st.sampled_from(words),
        st.sampled_from(_LETTERS),
        st.sampled_from(words[100:]).map(lambda word: f"{word[:3]}q{word[3:]}"),
        st.integers(0x4E00, 0x4FFF).map(chr),
    )
    # A list of different words in one draw, so that long queries need few choices.
    many = st.builds(
        lambda start, count, separator: separator.join(words[start : start + count]),
        st.integers(0, len(words) - 1),
        st.integers(1, len(words)),
        st.sampled_from(_SEPARATORS),
    )
    plain = st.one_of(word, word, many)
    phrase = st.lists(word, min_size=2, max_size=6).map(lambda found: f'"{" ".join(found)}"')
    year = st.integers(1_990, 2_026)
    field = st.one_of(
        st.builds("{}:{}".format, st.sampled_from(["title", "author", "cat", "id"]), word | phrase),
        st.builds("year:{}..{}".format, year, year),
        st.builds("since:{}d".format, st.integers(1, 20_000)),
    )
    piece = st.recursive(
        plain | phrase | field,
        lambda inner: st.one_of(
            inner.map(lambda text: f"-{text}"),
            st.lists(inner, min_size=2, max_size=6).map(lambda found: f"({' OR '.join(found)})"),
            st.builds(lambda text, count: text * count, inner, st.integers(2, 40)),
        ),
        max_leaves=12,
    )
    joined = st.builds(str.join, st.sampled_from([" ", "", "."]), st.lists(piece, max_size=12))
    return joined.map(lambda text: text[:MAX_CHARS])
