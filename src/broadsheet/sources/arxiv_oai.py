"""Harvest arXiv's records by the day of their last change (OAI-PMH).

https://info.arxiv.org/help/oa
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.arxiv_oai_records import Page, TokenRejectedError, parse_page
from broadsheet.sources.decoding import day_of
from broadsheet.sources.source import Batch, Cursor, FetchRequest, Source

# https://info.arxiv.org/help/api/tou.html: one request in 3 seconds for all interfaces together.
ARXIV_RATE_LIMITS = {"arxiv.org": 3.0}

_ADDRESS = "https://oaipmh.arxiv.org/oai"
_FORMAT = "arXivRaw"
# arXiv rejects earlier days.
_FIRST_DAY = date(2005, 9, 16)
_DAYS_BACK = timedelta(days=3)
_MAX_PAGES = 5_000
# arXiv takes up to 90 s before it sends the first byte of a page.
_FIRST_BYTE_TIMEOUT_S = 150.0
_MAX_RESTARTS = 3
_ALL_SETS = ""
_IN_PHYSICS = re.compile(
    "astro-ph|cond-mat|gr-qc|hep-(?:ex|lat|ph|th)|math-ph|nlin|nucl-(?:ex|th)|physics|quant-ph"
)


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Harvest the changed records, one batch per reply.

    Parameters
    ----------
    client : Client
        HTTP client.
    request : FetchRequest
        Without `since` the harvest resumes at the cursor, or starts three days back without a
        cursor. A harvest that starts after the cursor's day or has an `until` does not move the
        cursor.

    Raises
    ------
    SourceError
        If a reply is malformed or contains an error, or the pages do not end.
    UnavailableError
        If arXiv does not reply.
    """
    sets = sets_of(request.categories)
    harvest = _resume(request, sets) or _start(request, sets)
    if harvest is not None:
        yield from _harvest_pages(client, harvest, sets, request.now.date())


def sets_of(categories: Sequence[str]) -> tuple[str, ...]:
    """Return the OAI-PMH sets that cover some categories, without nested sets.

    Examples
    --------
    >>> sets_of(["cs.LG", "hep-th", "astro-ph.CO", "math", "math.AG"])
    ('cs:cs:LG', 'physics:hep-th', 'physics:astro-ph:CO', 'math')
    """
    names = dict.fromkeys(_set_of(name.strip()) for name in categories if name.strip())
    outer = [name for name in names if not any(name.startswith(f"{other}:") for other in names)]
    return tuple(outer) or (_ALL_SETS,)


def _set_of(category: str) -> str:
    archive, dot, subject = category.partition(".")
    if _IN_PHYSICS.fullmatch(archive):
        return f"physics:{archive}:{subject}" if dot else f"physics:{archive}"
    return f"{archive}:{archive}:{subject}" if dot else archive


@dataclass(frozen=True, slots=True)
class _Harvest:
    """The state of a harvest, stored in the cursor.

    Parameters
    ----------
    first, until : date
        First and last requested day; `until` is None if open.
    set_name : str
        The set in progress.
    token : str or None
        Resumption token of the next page; None before the first page.
    complete_before : date or None
        All changes before this day were harvested earlier.
    reply_day : date or None
        Day of the first reply. Later changes can be missing from this harvest.
    """

    first: date
    until: date | None
    set_name: str
    token: str | None = None
    complete_before: date | None = None
    reply_day: date | None = None

    @property
    def params(self) -> dict[str, str]:
        if self.token is not None:
            return {"verb": "ListRecords", "resumptionToken": self.token}
        params = {"verb": "ListRecords", "metadataPrefix": _FORMAT, "from": self.first.isoformat()}
        if self.until is not None:
            params["until"] = self.until.isoformat()
        return params | {"set": self.set_name} if self.set_name else params

    @property
    def cursor(self) -> Cursor:
        days = {
            "from": self.first,
            "until": self.until,
            "next": self.complete_before,
            "replied": self.reply_day,
        }
        dates = {name: day.isoformat() for name, day in days.items() if day is not None}
        token = {} if self.token is None else {"token": self.token}
        return dates | token | {"set": self.set_name}

    @property
    def cursor_when_done(self) -> Cursor:
        if self.complete_before is None:
            return {}
        # The cursor does not move over days between the last harvest and a later first day.
        is_contiguous = self.until is None and self.first <= self.complete_before
        day = (
            max(self.complete_before, self.reply_day)
            if is_contiguous and self.reply_day
            else self.complete_before
        )
        return {"next": day.isoformat()}


def _start(request: FetchRequest, sets: Sequence[str]) -> _Harvest | None:
    today = request.now.date()
    # The clock can have been ahead when the cursor was stored.
    complete_before = _not_after(day_of(request.cursor.get("next")), today)
    until = _last_day(request)
    first = request.since or complete_before or (until or today) - _DAYS_BACK
    first = max(first, _FIRST_DAY)
    if first > (until or today):
        return None
    return _Harvest(
        first, until, sets[0], complete_before=complete_before or (first if until is None else None)
    )


def _resume(request: FetchRequest, sets: Sequence[str]) -> _Harvest | None:
    """Return the harvest in the cursor, or None if the request has other days or sets."""
    first, set_name = day_of(request.cursor.get("from")), request.cursor.get("set", "")
    if (
        first is None
        or set_name not in sets
        or day_of(request.cursor.get("until")) != _last_day(request)
    ):
        return None
    if request.since is not None and max(request.since, _FIRST_DAY) != first:
        return None
    return _Harvest(
        first,
        day_of(request.cursor.get("until")),
        set_name,
        request.cursor.get("token"),
        day_of(request.cursor.get("next")),
        day_of(request.cursor.get("replied")),
    )


def _harvest_pages(
    client: Client, harvest: _Harvest, sets: Sequence[str], today: date
) -> Iterator[Batch]:
    counter, seen, restarts = _DayCounter(), set[str](), 0
    for _ in range(_MAX_PAGES):
        if harvest.token is not None and harvest.token in seen:
            raise SourceError(
                f"{_ADDRESS} returned the same token twice: the next fetch retries it"
            )
        seen.add(harvest.token or "")
        reply = client.get(_ADDRESS, harvest.params, read_s=_FIRST_BYTE_TIMEOUT_S)
        try:
            page = parse_page(reply.body, reply.address)
        except TokenRejectedError:
            restarts += 1
            if harvest.token is None or restarts > _MAX_RESTARTS:
                raise
            # Tokens expire at midnight UTC. The set is restarted.
            harvest, seen = replace(harvest, token=None), set()
            counter.restart()
            continue
        days = {day: count for day, count in page.days.items() if day <= today}
        following, cursor = _after(harvest, page, sets, today)
        yield Batch(page.records, days=counter.count_new(days), cursor=cursor)
        if following is None:
            return
        if following.set_name != harvest.set_name:
            counter = _DayCounter()
        harvest = following
    raise SourceError(f"{_ADDRESS} returned more than {_MAX_PAGES:,} pages: the next fetch resumes")


class _DayCounter:
    """Count records by day; records repeated after a restart of the set are counted once."""

    def __init__(self) -> None:
        self._counted: Counter[date] = Counter()
        self._repeated: Counter[date] = Counter()

    def count_new(self, days: Mapping[date, int]) -> dict[date, int]:
        received = Counter(days)
        new = received - self._repeated
        self._repeated -= received
        self._counted += new
        return dict(new)

    def restart(self) -> None:
        self._repeated = self._counted.copy()


def _after(
    harvest: _Harvest, page: Page, sets: Sequence[str], today: date
) -> tuple[_Harvest | None, Cursor]:
    """Return the next state of the harvest, None at its end, and the cursor of the page."""
    reply_day = harvest.reply_day or _not_after(page.response_day, today) or today
    here = replace(harvest, token=page.token, reply_day=reply_day)
    if page.token is None:
        remaining = sets[sets.index(harvest.set_name) + 1 :]
        if not remaining:
            return None, here.cursor_when_done
        here = replace(here, set_name=remaining[0])
    return here, here.cursor


def _last_day(request: FetchRequest) -> date | None:
    """Return `until` if that day is over; arXiv rejects later days."""
    return request.until if request.until and request.until < request.now.date() else None


def _not_after(day: date | None, today: date) -> date | None:
    return min(day, today) if day else None


SOURCE = Source(
    "arxiv",
    fetch,
    Schedule.ARXIV,
    rate_limits=ARXIV_RATE_LIMITS,
    by_category=True,
    blocks_edition=True,
)
