"""Render the mail that confirms a subscription."""

from datetime import timedelta

from broadsheet.mail.newsletter import Newsletter
from broadsheet.mail.rendering import RenderedMail, render
from broadsheet.mail.text import single_line


def render_confirmation(
    newsletter: Newsletter, confirm_url: str, valid_for: timedelta
) -> RenderedMail:
    """Render the confirmation mail of a new subscription.

    Parameters
    ----------
    newsletter : Newsletter
        The sender.
    confirm_url : str
        Signed URL of the page that confirms the subscription.
    valid_for : timedelta
        How long that URL is valid, in whole days.

    Returns
    -------
    RenderedMail
        Specific to one subscriber, because it contains `confirm_url`.
    """
    title = single_line(newsletter.title)
    return render(
        "confirmation",
        f"Confirm your subscription to {title}",
        title=title,
        front_url=newsletter.url("/"),
        confirm_url=single_line(confirm_url),
        valid_days=valid_for.days,
    )
