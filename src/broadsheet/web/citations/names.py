"""Authors' names divided into parts, as reference managers store them. Pure."""

import re
from dataclasses import dataclass

from bibtexparser.middlewares.names import parse_single_name_into_parts

_SUFFIX = re.compile(r"(?:jr|sr)\.?|ii|iii|iv", re.IGNORECASE)
_GROUP = re.compile(
    r"^the\s|[\s-](?:ai|association|center|centre|collaborations?|committee|community|"
    r"consortium|corporation|council|foundation|group|gmbh|inc|initiative|institute|lab|"
    r"laboratory|labs|llc|ltd|network|organi[sz]ation|project|research|society|team|university|"
    r"working group)\.?$",
    re.IGNORECASE,
)
# Chinese, Japanese and Korean names are written family name first, and are not divided.
_UNDIVIDED = re.compile(r"[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\s.·・]+")
_NOT_IN_A_NAME = str.maketrans("", "", "{}")


@dataclass(frozen=True, slots=True)
class Name:
    """One author.

    Parameters
    ----------
    family : str
        Family name without its particle; the whole name of a group.
    given : str
        Given names or initials; empty for a group and for a name of one word.
    particle : str
        Such as ``van den``.
    suffix : str
        Such as ``Jr.``.
    """

    family: str
    given: str = ""
    particle: str = ""
    suffix: str = ""

    @property
    def is_group(self) -> bool:
        """Whether the name has no parts, as that of a collaboration or a company."""
        return not (self.given or self.particle or self.suffix)

    @property
    def family_first(self) -> str:
        """The name as ``van den Oord, Aäron``, with a suffix at the end."""
        last = f"{self.particle} {self.family}".strip()
        return ", ".join(part for part in (last, self.given, self.suffix) if part)

    @property
    def given_first(self) -> str:
        """The name as ``Aäron van den Oord``."""
        parts = (self.given, self.particle, self.family, self.suffix)
        return " ".join(part for part in parts if part)


def parse_name(text: str) -> Name:
    """Divide a name by the rules of BibTeX, and keep that of a group whole.

    Parameters
    ----------
    text : str
        A name as a source spells it, in plain text on one line.

    Examples
    --------
    >>> parse_name("Aäron van den Oord")
    Name(family='Oord', given='Aäron', particle='van den', suffix='')
    >>> parse_name("Sammy Davis Jr.")
    Name(family='Davis', given='Sammy', particle='', suffix='Jr.')
    >>> parse_name("The ATLAS Collaboration").is_group
    True
    """
    name = " ".join(text.translate(_NOT_IN_A_NAME).split())
    words = name.split(" ")
    is_whole = len(words) == 1 or "and" in (word.lower() for word in words)
    if is_whole or _GROUP.search(name) or _UNDIVIDED.fullmatch(name):
        return Name(name)
    suffix = ""
    if "," not in words[-2] and "," not in words[-1] and _SUFFIX.fullmatch(words[-1]):
        # BibTeX takes the suffix of a name without a comma for the family name.
        suffix, name = words.pop(), " ".join(words)
    elif _SUFFIX.fullmatch(words[-1]) and name.count(",") == 1:
        suffix, name = words.pop(), " ".join(words).rstrip(", ")
    parts = parse_single_name_into_parts(name, strict=False)
    return Name(
        family=" ".join(parts.last) or name,
        given=" ".join(parts.first),
        particle=" ".join(parts.von),
        suffix=suffix or " ".join(parts.jr),
    )
