"""arXiv's harvest (OAI-PMH): all its papers, by the day on which their record last changed."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.arxiv_oai_records import Page, TokenRefusedError, read_page
from broadsheet.sources.arxiv_xml import ARXIV_RATE_LIMITS
from broadsheet.sources.decoding import day_of
from broadsheet.sources.source import Batch, Cursor, FetchRequest, Source

_ADDRESS = "https://oaipmh.arxiv.org/oai"
_FORMAT = "arXivRaw"
# Earlier days are refused.
_FIRST_DAY = date(2005, 9, 16)
_DAYS_BACK = timedelta(days=3)
_PAGES = 5_000
# Up to a minute and a half go by before a page begins to come.
_FIRST_BYTES_S = 150.0
_RESTARTS = 3
_EVERYTHING = ""
_IN_PHYSICS = re.compile(
    "astro-ph|cond-mat|gr-qc|hep-(?:ex|lat|ph|th)|math-ph|nlin|nucl-(?:ex|th)|physics|quant-ph"
)


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Harvest the records that changed, a batch for each reply.

    Parameters
    ----------
    client : Client
        Through which arXiv is asked.
    request : FetchRequest
        Without `since` it goes on at the cursor, else three days back. A harvest that began later
        than the cursor, or ends with `until`, leaves the cursor where it was.

    Raises
    ------
    SourceError
        Where a reply is broken or refuses, or tokens come without end.
    UnavailableError
        Where there is no reply.
    """
    sets = sets_of(request.categories)
    harvest = _resumed(request, sets) or _begun(request, sets)
    if harvest is not None:
        yield from _harvested(client, harvest, sets, request.now.date())


def sets_of(categories: Sequence[str]) -> tuple[str, ...]:
    """Name the sets that hold some categories, without those that lie in another.

    Examples
    --------
    >>> sets_of(["cs.LG", "hep-th", "astro-ph.CO", "math", "math.AG"])
    ('cs:cs:LG', 'physics:hep-th', 'physics:astro-ph:CO', 'math')
    """
    named = dict.fromkeys(_set_of(one.strip()) for one in categories if one.strip())
    chosen = [one for one in named if not any(one.startswith(f"{whole}:") for whole in named)]
    return tuple(chosen) or (_EVERYTHING,)


def _set_of(category: str) -> str:
    archive, dot, subject = category.partition(".")
    if _IN_PHYSICS.fullmatch(archive):
        return f"physics:{archive}:{subject}" if dot else f"physics:{archive}"
    return f"{archive}:{archive}:{subject}" if dot else archive


@dataclass(frozen=True, slots=True)
class _Harvest:
    """Where a harvest stands.

    Parameters
    ----------
    begin, until : date
        The first and last day that are asked for; `until` is None where there is no last.
    chosen : str
        The set that is being harvested.
    token : str or None
        What to ask for its next page with; None before the first.
    had : date or None
        The day before which everything was harvested earlier.
    replied : date or None
        The day of the first reply: what changed later, this harvest may not have seen.
    """

    begin: date
    until: date | None
    chosen: str
    token: str | None = None
    had: date | None = None
    replied: date | None = None

    @property
    def question(self) -> dict[str, str]:
        if self.token is not None:
            return {"verb": "ListRecords", "resumptionToken": self.token}
        told = {"verb": "ListRecords", "metadataPrefix": _FORMAT, "from": self.begin.isoformat()}
        if self.until is not None:
            told["until"] = self.until.isoformat()
        return told | {"set": self.chosen} if self.chosen else told

    @property
    def cursor(self) -> Cursor:
        days = {"from": self.begin, "until": self.until, "next": self.had, "replied": self.replied}
        told = {name: day.isoformat() for name, day in days.items() if day is not None}
        token = {} if self.token is None else {"token": self.token}
        return told | token | {"set": self.chosen}

    @property
    def cursor_when_done(self) -> Cursor:
        if self.had is None:
            return {}
        # What lies between the last harvest and a later begin was not seen.
        reaches = self.until is None and self.begin <= self.had
        day = max(self.had, self.replied) if reaches and self.replied else self.had
        return {"next": day.isoformat()}


def _begun(request: FetchRequest, sets: Sequence[str]) -> _Harvest | None:
    today = request.now.date()
    # A clock may have run ahead when the cursor was kept.
    had = _earlier(day_of(request.cursor.get("next")), today)
    until = _last_day(request)
    begin = request.since or had or (until or today) - _DAYS_BACK
    begin = max(begin, _FIRST_DAY)
    if begin > (until or today):
        return None
    return _Harvest(begin, until, sets[0], had=had or (begin if until is None else None))


def _resumed(request: FetchRequest, sets: Sequence[str]) -> _Harvest | None:
    """Go on with the harvest in the cursor, unless other days or other sets are asked for."""
    begin, chosen = day_of(request.cursor.get("from")), request.cursor.get("set", "")
    if (
        begin is None
        or chosen not in sets
        or day_of(request.cursor.get("until")) != _last_day(request)
    ):
        return None
    if request.since is not None and max(request.since, _FIRST_DAY) != begin:
        return None
    return _Harvest(
        begin,
        day_of(request.cursor.get("until")),
        chosen,
        request.cursor.get("token"),
        day_of(request.cursor.get("next")),
        day_of(request.cursor.get("replied")),
    )


def _harvested(
    client: Client, harvest: _Harvest, sets: Sequence[str], today: date
) -> Iterator[Batch]:
    counting, seen, restarts = _Counting(), set[str](), 0
    for _ in range(_PAGES):
        if harvest.token is not None and harvest.token in seen:
            raise SourceError(f"{_ADDRESS} gave the same token twice: it is tried again later")
        seen.add(harvest.token or "")
        reply = client.get(_ADDRESS, harvest.question, read_s=_FIRST_BYTES_S)
        try:
            page = read_page(reply.body, reply.address)
        except TokenRefusedError:
            restarts += 1
            if harvest.token is None or restarts > _RESTARTS:
                raise
            # Tokens live until midnight, UTC: the set is begun again.
            harvest, seen = replace(harvest, token=None), set()
            counting.begin_again()
            continue
        days = {day: count for day, count in page.days.items() if day <= today}
        following, cursor = _after(harvest, page, sets, today)
        yield Batch(page.records, days=counting.fresh(days), cursor=cursor)
        if following is None:
            return
        if following.chosen != harvest.chosen:
            counting = _Counting()
        harvest = following
    raise SourceError(f"{_ADDRESS} gave {_PAGES:,} pages and no end: it is tried again later")


class _Counting:
    """Counts records by day, those that come again in a set that was begun again only once."""

    def __init__(self) -> None:
        self._counted: Counter[date] = Counter()
        self._again: Counter[date] = Counter()

    def fresh(self, days: Mapping[date, int]) -> dict[date, int]:
        came = Counter(days)
        fresh = came - self._again
        self._again -= came
        self._counted += fresh
        return dict(fresh)

    def begin_again(self) -> None:
        self._again = self._counted.copy()


def _after(
    harvest: _Harvest, page: Page, sets: Sequence[str], today: date
) -> tuple[_Harvest | None, Cursor]:
    """Give where the harvest goes on after a page, if it does, and the cursor to keep with it."""
    replied = harvest.replied or _earlier(page.response_day, today) or today
    here = replace(harvest, token=page.token, replied=replied)
    if page.token is None:
        left = sets[sets.index(harvest.chosen) + 1 :]
        if not left:
            return None, here.cursor_when_done
        here = replace(here, chosen=left[0])
    return here, here.cursor


def _last_day(request: FetchRequest) -> date | None:
    """Give the last day wanted, where it is over; later ones are refused."""
    return request.until if request.until and request.until < request.now.date() else None


def _earlier(day: date | None, today: date) -> date | None:
    return min(day, today) if day else None


SOURCE = Source(
    "arxiv",
    fetch,
    Schedule.ARXIV,
    rate_limits=ARXIV_RATE_LIMITS,
    by_category=True,
    blocks_edition=True,
)
