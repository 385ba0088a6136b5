"""Natural requests: which of their words ask, and which say what for."""

import re

_WORKS = (
    r"(?:papers?|stud(?:y|ies)|works?|articles?|publications?|research(?:\s+papers?)?|literature|"
    r"references?|surveys?|methods?|approach(?:es)?|techniques?|models?|datasets?|resources)"
)
_KINDS = (
    r"(?:(?:some|any|a|an|the|few|several|other|more|all|recent|relevant|key|major|first|early|"
    r"earlier|previous|prior|existing|latest|important|research|scientific|academic|notable|"
    r"specific|example|examples|of)\s+)*"
)
_SAYING = (
    r"(?:discuss|address|propose|study|studie|explore|investigate|introduce|present|use|describe|"
    r"examine|consider|demonstrate|show|apply|applie|develop|utilize|employ|report|analyze|provide|"
    r"focus|work|deal|look|talk|cover|suggest|mention|tackle|perform|conduct|evaluate|involve)"
    r"(?:s|d|ed|ing)?"
)
_ABOUT = r"(?:about|on|regarding|concerning|related\s+to|relating\s+to|with|at|into|of|for|in|to)"
_OPENING = (
    r"(?:(?:can|could|would|will)\s+(?:you|i)\s+(?:please\s+|kindly\s+)?|please\s+)?"
    r"(?:recommend|suggest|provide|give|list|show|find|name|share|tell|point|cite|help)"
    r"(?:\s+(?:me|us|out))?(?:\s+(?:to|with|about|find))?"
    r"|i(?:['’]m|\s+am)\s+(?:looking|searching)\s+for"
    r"|i\s+(?:want|need|would\s+like)(?:\s+to\s+(?:find|read|see|know))?(?:\s+about)?"
    r"|(?:are|is|were|was)\s+there"
    r"|(?:what|which)(?:\s+(?:are|is|were|was))?"
    r"|do\s+you\s+know(?:\s+of)?"
    r"|where\s+can\s+i\s+find"
)
_REQUEST = re.compile(
    rf"\s*(?:{_OPENING})\s+{_KINDS}{_WORKS}\b"
    r"(?:\s+(?:that|which|who|where|have|has|had|been|were|was|are|is|can|could|do|does|did|"
    r"first|done|there|also|recently|specifically|explicitly))*"
    rf"(?:\s+{_SAYING}\b)?(?:\s+{_ABOUT}\b)?",
    re.IGNORECASE,
)


def without_request(text: str) -> str:
    """Leave out the words by which a person asks for papers.

    They are common in speech and rare in papers, so BM25 would take them for the rarest and
    weightiest words of the question. Only a whole opening is left out, one that asks and names
    what it asks for; keywords such as ``survey papers`` stay.

    Parameters
    ----------
    text : str
        A query's words.

    Returns
    -------
    str
        Never empty where `text` is not.

    Examples
    --------
    >>> without_request("Could you recommend some studies about kites in strong wind?")
    'kites in strong wind?'
    >>> without_request("survey papers"), without_request("what is attention")
    ('survey papers', 'what is attention')
    """
    found = _REQUEST.match(text)
    if found is None:
        return text
    left = text[found.end() :].strip()
    return left if any(letter.isalnum() for letter in left) else text
