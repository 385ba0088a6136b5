"""The sources by name, as settings and the command line write them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from broadsheet.errors import ConfigError
from broadsheet.model import About
from broadsheet.rules.identity import arxiv_id, doi
from broadsheet.rules.rhythm import Rhythm
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
        ),
        Source(
            "arxiv-feed",
            partial(arxiv_feed.fetch, categories=access.categories),
            Rhythm.ARXIV,
            every=timedelta(hours=2),
            filled_by="arxiv",
        ),
        Source("arxiv-atom", arxiv_atom.fetch, Rhythm.IRREGULAR),
        Source("hf", hf_daily.fetch, Rhythm.WEEKDAYS, every=timedelta(hours=3)),
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
        Source("biorxiv", partial(biorxiv.fetch, server="biorxiv"), Rhythm.DAILY),
        Source("medrxiv", partial(biorxiv.fetch, server="medrxiv"), Rhythm.DAILY),
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
# These know nothing to ask for by themselves.
_NEED_MORE = ("arxiv-atom", "feed", "zotero")


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
        Named after the whole of `spec`, so that each feed has a cursor of its own.
    str or None
        What stood after the colon.

    Raises
    ------
    ConfigError
        Where there is no such source, or it needs to be told more.
    """
    name, colon, what = spec.partition(":")
    found = _sources(access).get(name)
    if found is None or (found.name in _NEED_MORE and not what):
        return _of_one_paper(spec, access)
    if not colon:
        return found, None
    # What is asked by hand comes when it comes; what was found of a feed is its own.
    return replace(found, name=spec, rhythm=Rhythm.IRREGULAR, about=About.NONE), what


def _of_one_paper(spec: str, access: Access) -> tuple[Source, str]:
    readers: tuple[tuple[Callable[[str], str | None], str], ...] = (
        (arxiv_id, "arxiv-atom"),
        (doi, "crossref"),
    )
    for read, name in readers:
        if told := read(spec):
            source = _sources(access)[name]
            # Named apart, as one paper asked for by hand tells nothing of how the source fares.
            named = f"{name}:{told}"
            return replace(source, name=named, rhythm=Rhythm.IRREGULAR, about=About.NONE), told
    raise ConfigError(
        f"there is no source {spec[:200]!r}: the sources are {', '.join(NAMES)}, where "
        "feed:ADDRESS and zotero:users/NUMBER are told whose; an arXiv id or a DOI brings one paper"
    )
