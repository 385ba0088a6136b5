"""What authors and administrators say against a paper in its own comment or abstract."""

import re
from collections.abc import Iterator

from broadsheet.model import Notice

_READ_CHARS = 20_000
# Remarks are short. In a long abstract, "the paper was withdrawn" may be of any paper.
_REMARK_CHARS = 400
_HINTS = ("ithdr", "etract", "ITHDR", "ETRACT")
_GRAVITY = tuple(Notice)

_WORK = (
    r"(?:arxiv |current |present |entire |whole )?"
    r"(?:paper|article|manuscript|pre-?print|e-?print|submission|work|note|document|report|letter"
    r"|study|draft|thesis|publication|entry)"
)
_BECAME = (
    r"(?:(?:has|have) (?:now |since |therefore |hereby )?been|is(?: being)?|was|needs to be)"
    r"(?: (?:now|temporarily|currently|hereby|therefore|voluntarily|formally|officially))?"
)
# Withdrawn from a conference is not withdrawn from the readers.
_ELSEWHERE = r"(?! (?:before|from (?!(?:the )?arxiv)))"
_REASON = (
    r"(?=\s*(?:$|[^\w\s])| (?:due|because|owing|until|pending|since|in favou?r|at the request)\b"
    r"| (?:as|for) (?:the|it|we|a|an|there|further|revision|some|major|correction)\b"
    r"| by (?:\w+ ){0,3}(?:authors?|arxiv|submitters?|admin\w*|me|us)\b)"
)
_WISHES = r"(?:want|wish|wishes|like|decided|chose|chosen|have|had|needs?)"


def notice_of(*texts: str | None) -> Notice | None:
    """Tell whether a paper's comment or abstract says that it was withdrawn or retracted.

    What merely speaks of withdrawing, of drugs, of money or of other papers, is none, nor is a
    paper that was withdrawn from a conference.

    Parameters
    ----------
    texts : str or None
        The comment, the abstract, or both; the first 20,000 characters of each are read.

    Returns
    -------
    Notice or None
        The gravest that is said.

    Examples
    --------
    >>> notice_of("12 pages", "This paper has been withdrawn by the author.")
    <Notice.WITHDRAWN: 'withdrawn'>
    >>> notice_of("Withdrawn from the workshop", "We study withdrawn papers.") is None
    True
    """
    said = (notice for text in texts if text for notice in _said(text))
    return max(said, key=_GRAVITY.index, default=None)


def _said(text: str) -> Iterator[Notice]:
    if not any(hint in text for hint in _HINTS):
        return
    plain = " ".join(text[:_READ_CHARS].lower().split())
    for notice, (stated, opening, remark) in _PATTERNS.items():
        short = len(plain) <= _REMARK_CHARS
        if stated.search(plain) or opening.match(plain) or (short and remark.search(plain)):
            yield notice


def _patterns(verb: str, participle: str) -> tuple[re.Pattern[str], ...]:
    """Make what is looked for anywhere, at the beginning, and anywhere in a short remark."""
    # "Has been withdraw" is a common slip.
    became = rf"{_BECAME} (?:{participle}|{verb}\b){_ELSEWHERE}"
    stated = (
        rf"(?<!\bif )(?<!\bthat )(?<!\bwhether )(?<!\bunless )(?<!\buntil )"
        rf"\b(?:this (?:{_WORK}|version)|our {_WORK})(?: \([^()]{{1,80}}\))? {became}"
        rf"|\b(?:authors?|we|i) (?:\w+ ){{0,5}}(?:{verb}s?|{participle}|withdrew)"
        rf" (?:this|our) {_WORK}\b(?! from (?!(?:the )?arxiv))"
    )
    bare = rf"{participle}{_ELSEWHERE}{_REASON}"
    begins = rf"(?:(?:the |this )?{_WORK} (?:{became}|{bare})|{bare})"
    remark = (
        rf"(?:^|[^\w\s] ?){begins}"
        rf"|\b{_WISHES} to (?:{verb} (?:it|(?:this|our|the) {_WORK})|be {participle})\b"
        rf"|\brequest(?:s|ed)? the {verb}al of (?:this|our) {_WORK}\b"
    )
    return re.compile(stated), re.compile(rf"[^\w\s]*{begins}"), re.compile(remark)


_PATTERNS = {
    Notice.WITHDRAWN: _patterns("withdraw", "withdrawn"),
    Notice.RETRACTED: _patterns("retract", "retracted"),
}
