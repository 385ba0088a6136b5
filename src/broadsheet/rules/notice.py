"""Detect withdrawals and retractions in a paper's comment or abstract."""

import re
from collections.abc import Iterator

from broadsheet.model import Notice

_MAX_CHARS = 20_000
# In a long abstract, "the paper was withdrawn" can refer to another paper.
_REMARK_CHARS = 400
_HINTS = ("ithdr", "etract", "ITHDR", "ETRACT")
_SEVERITY = tuple(Notice)

_WORK = (
    r"(?:arxiv |current |present |entire |whole )?"
    r"(?:paper|article|manuscript|pre-?print|e-?print|submission|work|note|document|report|letter"
    r"|study|draft|thesis|publication|entry)"
)
_BECAME = (
    r"(?:(?:has|have) (?:now |since |therefore |hereby )?been|is(?: being)?|was|needs to be)"
    r"(?: (?:now|temporarily|currently|hereby|therefore|voluntarily|formally|officially))?"
)
# Withdrawal from a conference is not withdrawal of the paper.
_ELSEWHERE = r"(?! (?:before|from (?!(?:the )?arxiv)))"
_REASON = (
    r"(?=\s*(?:$|[^\w\s])| (?:due|because|owing|until|pending|since|in favou?r|at the request)\b"
    r"| (?:as|for) (?:the|it|we|a|an|there|further|revision|some|major|correction)\b"
    r"| by (?:\w+ ){0,3}(?:authors?|arxiv|submitters?|admin\w*|me|us)\b)"
)
_INTENT = r"(?:want|wish|wishes|like|decided|chose|chosen|have|had|needs?)"


def notice_of(*texts: str | None) -> Notice | None:
    """Return the withdrawal or retraction that a paper's comment or abstract states.

    Ignores other uses of the words, such as drug withdrawal, and papers withdrawn from a
    conference.

    Parameters
    ----------
    texts : str or None
        The comment, the abstract, or both. Only the first 20,000 characters of each are searched.

    Returns
    -------
    Notice or None
        The most severe notice found.

    Examples
    --------
    >>> notice_of("12 pages", "This paper has been withdrawn by the author.")
    <Notice.WITHDRAWN: 'withdrawn'>
    >>> notice_of("Withdrawn from the workshop", "We study withdrawn papers.") is None
    True
    """
    found = (notice for text in texts if text for notice in _find_notices(text))
    return max(found, key=_SEVERITY.index, default=None)


def _find_notices(text: str) -> Iterator[Notice]:
    if not any(hint in text for hint in _HINTS):
        return
    plain = " ".join(text[:_MAX_CHARS].lower().split())
    for notice, (statement, opening, remark) in _PATTERNS.items():
        is_short = len(plain) <= _REMARK_CHARS
        if statement.search(plain) or opening.match(plain) or (is_short and remark.search(plain)):
            yield notice


def _patterns(verb: str, participle: str) -> tuple[re.Pattern[str], ...]:
    """Compile the patterns for any position, for the start, and for short remarks."""
    # "Has been withdraw" is a common typo.
    became = rf"{_BECAME} (?:{participle}|{verb}\b){_ELSEWHERE}"
    statement = (
        rf"(?<!\bif )(?<!\bthat )(?<!\bwhether )(?<!\bunless )(?<!\buntil )"
        rf"\b(?:this (?:{_WORK}|version)|our {_WORK})(?: \([^()]{{1,80}}\))? {became}"
        rf"|\b(?:authors?|we|i) (?:\w+ ){{0,5}}(?:{verb}s?|{participle}|withdrew)"
        rf" (?:this|our) {_WORK}\b(?! from (?!(?:the )?arxiv))"
    )
    bare = rf"{participle}{_ELSEWHERE}{_REASON}"
    begins = rf"(?:(?:the |this )?{_WORK} (?:{became}|{bare})|{bare})"
    remark = (
        rf"(?:^|[^\w\s] ?){begins}"
        rf"|\b{_INTENT} to (?:{verb} (?:it|(?:this|our|the) {_WORK})|be {participle})\b"
        rf"|\brequest(?:s|ed)? the {verb}al of (?:this|our) {_WORK}\b"
    )
    return re.compile(statement), re.compile(rf"[^\w\s]*{begins}"), re.compile(remark)


_PATTERNS = {
    Notice.WITHDRAWN: _patterns("withdraw", "withdrawn"),
    Notice.RETRACTED: _patterns("retract", "retracted"),
}
