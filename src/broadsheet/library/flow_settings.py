"""The part of the settings that each workflow gets."""

from email.utils import parseaddr

from broadsheet.config import Settings, reveal
from broadsheet.delivery.worker import MailSettings
from broadsheet.ingest.schedule import FetchSettings
from broadsheet.mail import Newsletter


def mail_settings(settings: Settings) -> MailSettings:
    """Return what the delivery of mail needs."""
    host = parseaddr(settings.sender)[1].rpartition("@")[2] or "localhost"
    newsletter = Newsletter(
        title=settings.title,
        base_url=settings.base_url,
        sender=settings.sender,
        list_id=f"digest.{host}",
        unsubscribe_mailbox=settings.unsubscribe_mailbox,
    )
    return MailSettings(
        newsletter=newsletter,
        # The server sets it to the address that it listens on.
        base_url=settings.base_url if "base_url" in settings.model_fields_set else None,
        smtp_url=reveal(settings.smtp),
        folder=settings.outbox,
        lock=settings.data / "outbox.lock",
        is_shared=settings.database is not None,
    )


def fetch_settings(settings: Settings) -> FetchSettings:
    """Return what fetching from sources needs."""
    return FetchSettings(
        folder=settings.data,
        sources=settings.source_names,
        categories=settings.category_names,
        contact=settings.contact,
        keys=settings.source_keys,
        mirror=settings.mirror,
        requests_a_day=settings.requests_a_day,
    )
