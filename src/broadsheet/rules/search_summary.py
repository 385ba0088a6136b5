"""How many papers a search found, in words."""

from broadsheet.model import HitList
from broadsheet.rules.humanize import counted


def search_summary(found: HitList) -> str:
    """Return the counts of a search: its matches, and apart from them its neighbors.

    Examples
    --------
    >>> search_summary(HitList("kites", total=200, matches=12, hits=()))
    '12 papers contain all words; 188 related'
    >>> search_summary(HitList("kites", total=0, matches=0, hits=()))
    'No papers found'
    """
    if not found.total:
        return "No papers found"
    if not found.tiers:
        return f"{counted(found.total, 'paper')} closest in words and meaning"
    matches = f"{_papers(found.matches)} {_verb(found)}"
    return f"{matches}; {found.neighbours:,} related" if found.neighbours else matches


def match_heading(found: HitList) -> str:
    """Return the heading of the matches."""
    condition = "containing all words" if _contains(found) else f"matching {_asked(found)}"
    return f"{counted(found.matches, 'paper')} {condition}"


def neighbour_heading(found: HitList) -> str:
    """Return the heading of the neighbors."""
    return f"{counted(found.neighbours, 'paper')} closest in meaning"


def _papers(count: int) -> str:
    return counted(count, "paper") if count else "No paper"


def _verb(found: HitList) -> str:
    is_many = found.matches > 1
    if _contains(found):
        return "contain all words" if is_many else "contains all words"
    return f"match {_asked(found)}" if is_many else f"matches {_asked(found)}"


def _asked(found: HitList) -> str:
    return "the query" if found.has_words else "all filters"


def _contains(found: HitList) -> bool:
    return found.is_plain and found.has_words
