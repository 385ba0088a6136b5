"""Checks of an installation, whether its library can be opened or not."""

from broadsheet.config import Settings
from broadsheet.doctor import Finding, check_files, damaged
from broadsheet.errors import BroadsheetError, DamagedError
from broadsheet.library.library import Library


def diagnose_installation(settings: Settings) -> list[Finding]:
    """Check an installation, whether its library can be opened or not."""
    try:
        with Library(settings) as library:
            return library.diagnose()
    except DamagedError as error:
        return [*check_files(settings), damaged(settings, error.reason)]
    except BroadsheetError as error:
        return [*check_files(settings), Finding(False, str(error))]
