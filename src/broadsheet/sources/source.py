"""What every outside place offers: batches of papers and signals, each with the cursor after it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from broadsheet.http.client import Client
from broadsheet.model import About, Malformed, Paper, Signal, Submission
from broadsheet.rules.schedule import Rhythm

Cursor = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a source in one run.

    Parameters
    ----------
    now : datetime
        Aware UTC; the source has no other clock.
    cursor : mapping of str to str
        What the last batch that was kept carried; empty in the first run.
    since, until : date or None
        First and last day wanted, where the source can tell days apart; `since` goes before the
        cursor. None leaves it to the source how far to go back.
    about : sequence of Paper
        The papers to ask about, for sources that are asked about papers.
    what : str or None
        What was written after the source's name and a colon: an address, an id, a query.
    """

    now: datetime
    cursor: Cursor = field(default_factory=dict)
    since: date | None = None
    until: date | None = None
    about: Sequence[Paper] = ()
    what: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What a source told in one reply; kept whole, together with its cursor, or not at all.

    Parameters
    ----------
    told : sequence of Paper or Malformed
        Papers, and what could not be read.
    signals : sequence of Signal
        Attention; of papers that the library may not have.
    days : mapping of date to int
        How many records came of each of the source's own days; this is what tells a thin day
        from a quiet one. A source that is asked about papers counts its answers on the day of
        the run. A day that was asked for and is empty is left out.
    cursor : mapping of str to str, or None
        Where the next run goes on when this batch was kept; None leaves it where it was.
    answered : sequence of str
        Ids of the papers of `Asked.about` that need not be asked about again for a while,
        whether or not the source knew them.
    only_known : bool
        Whether papers that the library does not have are let go: the batch tells of notices, and
        not of new papers.
    submissions : sequence of Submission
        Who put papers forward.
    """

    told: Sequence[Paper | Malformed] = ()
    signals: Sequence[Signal] = ()
    days: Mapping[date, int] = field(default_factory=dict)
    cursor: Cursor | None = None
    answered: Sequence[str] = ()
    only_known: bool = False
    submissions: Sequence[Submission] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """One outside place.

    Parameters
    ----------
    name : str
        As it is written in settings and tables.
    fetch : callable
        Gives batches lazily, asking the client between them, and raises SourceError where it
        cannot go on; the batches before that are kept.
    rhythm : Rhythm
        On which days something is to be expected of it.
    every : timedelta
        How long to wait after a run that went well.
    about : About
        Which papers it is asked about.
    asks : int
        At most how many of these in one run.
    again : timedelta
        After how long it is asked about the same paper again.
    filled_by : str or None
        The source that brings what this one failed to bring, where it cannot look back itself.
    scope : str
        What it is asked for, where that is set; when it changes, its earlier days tell nothing.
    leads : bool
        Whether an edition waits for it: it brings the day's papers.
    """

    name: str
    fetch: Callable[[Client, Asked], Iterator[Batch]]
    rhythm: Rhythm
    every: timedelta = timedelta(hours=6)
    about: About = About.NONE
    asks: int = 0
    again: timedelta = timedelta(days=7)
    filled_by: str | None = None
    scope: str = ""
    leads: bool = False
