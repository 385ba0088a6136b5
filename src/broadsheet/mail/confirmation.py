"""Ask an address whether it really wants the digest."""

from broadsheet.mail.masthead import Masthead
from broadsheet.mail.rendering import Rendered, render
from broadsheet.mail.wording import plain


def render_confirmation(masthead: Masthead, confirm_url: str) -> Rendered:
    """Write the mail that a new subscription has to be confirmed by.

    Parameters
    ----------
    masthead : Masthead
        Who sends it.
    confirm_url : str
        The signed address of the page with the button that confirms.

    Returns
    -------
    Rendered
        Belongs to one reader: the address is in it.
    """
    title = plain(masthead.title)
    return render(
        "confirmation",
        f"Please confirm your subscription to {title}",
        title=title,
        front_url=masthead.page("/"),
        confirm_url=plain(confirm_url),
    )
