"""Checks of an installation, whether its library can be opened or not."""

from datetime import UTC, datetime

from broadsheet.config import Settings
from broadsheet.doctor import Finding, Level, check_machine, damaged
from broadsheet.errors import BroadsheetError, DamagedError, OldSchemaError
from broadsheet.library.library import Library
from broadsheet.store.database import Access


def diagnose_installation(settings: Settings) -> list[Finding]:
    """Check an installation; nothing is created, migrated or sent."""
    try:
        with Library(settings, access=Access.INSPECT) as library:
            return library.diagnose()
    except DamagedError as error:
        found = damaged(settings, error.reason)
    except OldSchemaError as error:
        found = Finding(Level.WARNING, "library", str(error))
    except BroadsheetError as error:
        found = Finding(Level.ERROR, "library", str(error))
    return [found, *check_machine(settings, datetime.now(UTC))]
