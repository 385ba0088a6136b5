"""Rendered: one mail as everybody gets it, before it is addressed to anyone."""

import textwrap
from dataclasses import dataclass
from functools import cache

import css_inline
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

# One private-use character: `wording.plain` takes these out of everything from outside, so it
# stands only where a template put it.
UNSUBSCRIBE = "\ue000"

_TEXT_COLUMNS = 72


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail without its addressee.

    Parameters
    ----------
    subject : str
        One line.
    html, text : str
        The two bodies; in a digest `UNSUBSCRIBE` stands for the reader's own address to
        unsubscribe at.
    """

    subject: str
    html: str
    text: str


def render(name: str, subject: str, **values: object) -> Rendered:
    """Fill in the HTML and the text template of one kind of mail.

    Parameters
    ----------
    name : str
        The templates' name without its ending.
    subject : str
        One line.
    **values
        What the templates name.

    Returns
    -------
    Rendered
        Its styles are inlined, as Outlook and some Gmail programs read no others.
    """
    values |= {"subject": subject, "unsubscribe": UNSUBSCRIBE}
    page = _templates().get_template(f"{name}.html").render(values)
    text = _templates().get_template(f"{name}.txt").render(values)
    html = css_inline.inline(page, keep_at_rules=True, load_remote_stylesheets=False)
    return Rendered(subject, html, f"{text.strip()}\n")


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("broadsheet.mail"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["wrapped"] = _wrapped
    return environment


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text,
        _TEXT_COLUMNS,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
