"""Render the subject and the two bodies of a mail from templates."""

import textwrap
from dataclasses import dataclass
from functools import cache

import css_inline
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

# A placeholder. `text.single_line` removes private-use characters from all external text, so
# this one appears only where a template puts it.
UNSUBSCRIBE_URL = "\ue000"

_TEXT_COLUMNS = 72


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """The subject and bodies of a mail, without recipient.

    Parameters
    ----------
    subject : str
        One line.
    html, text : str
        The two bodies; in a digest, `UNSUBSCRIBE_URL` stands for the recipient's URL.
    """

    subject: str
    html: str
    text: str


def render(name: str, subject: str, **values: object) -> RenderedMail:
    """Render the HTML and the text template of one kind of mail.

    Parameters
    ----------
    name : str
        File name of the templates without extension.
    subject : str
        One line.
    **values
        Variables of the templates.

    Returns
    -------
    RenderedMail
        With inlined styles, because Outlook and some Gmail apps ignore style sheets.
    """
    values |= {"subject": subject, "unsubscribe_url": UNSUBSCRIBE_URL}
    page = _templates().get_template(f"{name}.html").render(values)
    text = _templates().get_template(f"{name}.txt").render(values)
    html = css_inline.inline(page, keep_at_rules=True, load_remote_stylesheets=False)
    return RenderedMail(subject, html, f"{text.strip()}\n")


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


def _wrapped(text: str, indent: str = "", further: str | None = None) -> str:
    """Wrap a text; the lines after the first one have the indent `further`, if there is one."""
    return textwrap.fill(
        text,
        _TEXT_COLUMNS,
        initial_indent=indent,
        subsequent_indent=indent if further is None else further,
        break_long_words=False,
        break_on_hyphens=False,
    )
