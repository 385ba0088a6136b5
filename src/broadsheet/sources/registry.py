"""All sources by name: every ``SOURCE`` and ``SOURCES`` that a module of this package exports."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import blake2b
from importlib import import_module
from pkgutil import iter_modules

from broadsheet import sources
from broadsheet.errors import ConfigError
from broadsheet.model import PaperFilter
from broadsheet.rules.identity import parse_arxiv_id, parse_doi
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.source import Argument, Source

_SPEC_CHARS = 2_000


def _discover() -> Iterator[Source]:
    for module in iter_modules(sources.__path__, f"{sources.__name__}."):
        if module.name == __name__:
            continue
        exports = vars(import_module(module.name))
        for source in (exports.get("SOURCE"), *exports.get("SOURCES", ())):
            if isinstance(source, Source):
                yield source


SOURCES = {source.name: source for source in sorted(_discover(), key=lambda one: one.name)}
NAMES = tuple(SOURCES)
RATE_LIMITS = {site: wait_s for one in SOURCES.values() for site, wait_s in one.rate_limits.items()}
"""Least time between two requests in seconds, by site."""

_WITH_ARGUMENT = tuple(one.name for one in SOURCES.values() if one.argument is not Argument.NONE)
# One paper by its arXiv id or DOI.
_BY_ID = ((parse_arxiv_id, "arxiv-atom"), (parse_doi, "crossref"))


def source_named(spec: str) -> tuple[Source, str | None]:
    """Find the source that a setting or the command line names.

    Parameters
    ----------
    spec : str
        A name; a name with an argument, such as ``feed:https://…``, ``openalex:FILTER`` or
        ``zotero:users/123``; or the arXiv id or DOI of one paper.

    Returns
    -------
    Source
        If there is an argument, its name includes it, so that each argument has its own cursor.
        The query of an address is replaced by a hash, as it may be a secret.
    str or None
        The argument.

    Raises
    ------
    ConfigError
        If no source has this name, or an argument is missing or not supported.
    """
    for parse, name in _BY_ID:
        if paper_id := parse(spec):
            return _with_argument(SOURCES[name], paper_id), paper_id
    name, colon, argument = spec.partition(":")
    source = SOURCES.get(name)
    if source is not None and len(spec) <= _SPEC_CHARS:
        if not colon and source.argument is not Argument.REQUIRED:
            return source, None
        if argument and source.argument is not Argument.NONE:
            return _with_argument(source, argument), argument
    raise ConfigError(
        f"unknown source {spec[:200]!r}: the sources are {', '.join(NAMES)}; "
        f"{', '.join(_WITH_ARGUMENT)} take an argument, as in feed:https://example.org/feed.xml; "
        "an arXiv id or a DOI fetches one paper"
    )


def _with_argument(source: Source, argument: str) -> Source:
    """Return the source for one argument; no records are expected of it on any day."""
    shown, mark, query = argument.partition("?")
    if mark:
        shown = f"{shown}#{blake2b(query.encode(), digest_size=3).hexdigest()}"
    return replace(
        source,
        name=f"{source.name}:{shown}",
        schedule=Schedule.IRREGULAR,
        paper_filter=PaperFilter.NONE,
        blocks_edition=False,
    )
