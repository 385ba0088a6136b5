"""The sources by name, as settings and the command line write them."""

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from hashlib import blake2b

from broadsheet.errors import ConfigError
from broadsheet.model import About
from broadsheet.rules.identity import parse_arxiv_id, parse_doi
from broadsheet.rules.schedule import Rhythm
from broadsheet.sources import (
    acl,
    arxiv_atom,
    arxiv_feed,
    arxiv_oai,
    biorxiv,
    bluesky,
    crossref,
    feed,
    github,
    hacker_news,
    hf_daily,
    hub,
    openalex,
    reddit,
    semantic_scholar,
    zotero,
)
from broadsheet.sources.source import Source

_DAILY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Access:
    """What sources need to know of the operator.

    Parameters
    ----------
    contact : str or None
        Mail address that services may write to.
    categories : tuple of str
        arXiv categories to gather, such as ``cs.CL``; empty gathers all.
    openalex, semanticscholar, github, hub, zotero : str or None
        Keys.
    """

    contact: str | None = None
    categories: tuple[str, ...] = ()
    openalex: str | None = None
    semanticscholar: str | None = None
    github: str | None = None
    hub: str | None = None
    zotero: str | None = None


def _sources(access: Access) -> dict[str, Source]:
    """Make every source; making one asks nothing and costs nothing."""
    made = (
        Source(
            "arxiv",
            partial(arxiv_oai.fetch, categories=access.categories),
            Rhythm.ARXIV,
            scope=" ".join(access.categories),
            leads=True,
        ),
        Source(
            "arxiv-feed",
            partial(arxiv_feed.fetch, categories=access.categories),
            Rhythm.ARXIV,
            every=timedelta(hours=2),
            filled_by="arxiv",
            scope=" ".join(access.categories),
            leads=True,
        ),
        Source("arxiv-atom", arxiv_atom.fetch, Rhythm.IRREGULAR),
        Source("hf", hf_daily.fetch, Rhythm.WEEKDAYS, every=timedelta(hours=3), leads=True),
        Source(
            "openalex",
            partial(openalex.fetch, key=access.openalex, contact=access.contact),
            Rhythm.ANSWERS,
            every=_DAILY,
            about=About.IDENTIFIED,
            asks=1_000,
        ),
        Source(
            "semanticscholar",
            partial(semantic_scholar.fetch, key=access.semanticscholar),
            Rhythm.ANSWERS,
            every=_DAILY,
            about=About.IDENTIFIED,
            asks=500,
        ),
        Source(
            "crossref",
            partial(crossref.fetch, contact=access.contact),
            Rhythm.ANSWERS,
            every=_DAILY,
            about=About.WITH_DOI,
            asks=500,
            again=timedelta(days=30),
        ),
        Source("biorxiv", partial(biorxiv.fetch, server="biorxiv"), Rhythm.DAILY, leads=True),
        Source("medrxiv", partial(biorxiv.fetch, server="medrxiv"), Rhythm.DAILY, leads=True),
        Source("acl", acl.fetch, Rhythm.IRREGULAR, every=_DAILY),
        Source(
            "github",
            partial(github.fetch, key=access.github),
            Rhythm.ANSWERS,
            about=About.WITH_CODE,
            # Without a key GitHub answers sixty times an hour.
            asks=1_000 if access.github else 50,
            again=timedelta(hours=20),
        ),
        Source(
            "hub",
            partial(hub.fetch, key=access.hub),
            Rhythm.ANSWERS,
            about=About.WITH_MODEL,
            asks=300,
            again=timedelta(hours=20),
        ),
        Source("hn", hacker_news.fetch, Rhythm.DAILY, every=timedelta(hours=3)),
        Source("reddit", reddit.fetch, Rhythm.DAILY, every=timedelta(hours=3)),
        Source("bluesky", bluesky.fetch, Rhythm.DAILY, every=timedelta(hours=3)),
        Source("feed", feed.fetch, Rhythm.IRREGULAR, every=timedelta(hours=3)),
        Source("zotero", partial(zotero.fetch, key=access.zotero), Rhythm.IRREGULAR),
    )
    return {source.name: source for source in made}


NAMES = tuple(_sources(Access()))
# These know nothing to ask for by themselves, and these can be told what to ask for.
_NEED_MORE = ("arxiv-atom", "feed", "zotero")
_TAKE_MORE = (*_NEED_MORE, "hf", "openalex", "crossref", "biorxiv", "medrxiv", "acl", "reddit")
_SPEC_CHARS = 2_000


def source_named(spec: str, access: Access) -> tuple[Source, str | None]:
    """Find a source.

    Parameters
    ----------
    spec : str
        A name, or one with more after a colon: ``feed:https://…``, ``openalex:FILTER``,
        ``zotero:users/123``; or the arXiv id or DOI of one paper.
    access : Access
        Keys and the like.

    Returns
    -------
    Source
        With a cursor of its own for each `spec`, and a name that holds no address's query, as
        that may be a secret.
    str or None
        What stood after the colon.

    Raises
    ------
    ConfigError
        Where there is no such source, or it needs to be told more or less.
    """
    sources = _sources(access)
    for read, name in ((parse_arxiv_id, "arxiv-atom"), (parse_doi, "crossref")):
        if told := read(spec):
            return _told(sources[name], told), told
    name, colon, what = spec.partition(":")
    if name in sources and len(spec) <= _SPEC_CHARS:
        if not colon and name not in _NEED_MORE:
            return sources[name], None
        if what and name in _TAKE_MORE:
            return _told(sources[name], what), what
    raise ConfigError(
        f"there is no source {spec[:200]!r}: the sources are {', '.join(NAMES)}; more can be told "
        f"to {', '.join(_TAKE_MORE)}, as in feed:https://example.org/feed.xml; an arXiv id or a "
        "DOI brings one paper"
    )


def _told(source: Source, what: str) -> Source:
    """Give a source that was told what to ask for, of which nothing is expected on any day."""
    shown, mark, query = what.partition("?")
    if mark:
        shown = f"{shown}#{blake2b(query.encode(), digest_size=3).hexdigest()}"
    return replace(
        source,
        name=f"{source.name}:{shown}",
        rhythm=Rhythm.IRREGULAR,
        about=About.NONE,
        leads=False,
    )
