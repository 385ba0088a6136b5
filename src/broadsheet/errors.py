"""Every error a user can see: one sentence with what failed, where, and what to do next."""


class BroadsheetError(Exception):
    """Base of all errors shown to a person as one sentence."""


class ConfigError(BroadsheetError):
    """A setting or an option is missing, unknown or invalid."""


class SourceError(BroadsheetError):
    """A file or service cannot be read or parsed."""


class StoreError(BroadsheetError):
    """The library cannot be opened, read or written."""


class BusyError(StoreError):
    """No connection became free, or another writer did not finish, in the time allowed."""


class DamagedError(StoreError):
    """The database is damaged and has to be repaired, or a backup restored.

    Parameters
    ----------
    message : str
        The sentence shown to the operator.
    reason : str
        The database's own message.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class NotFoundError(BroadsheetError):
    """The requested paper, edition or subscription does not exist."""


class SearchIndexError(BroadsheetError):
    """The index cannot be opened or written; it can be rebuilt from the library."""


class MailError(BroadsheetError):
    """A message could not be sent.

    Parameters
    ----------
    message : str
        The sentence shown to the operator.
    permanent : bool
        True if a retry cannot succeed (an SMTP 5xx reply to this recipient).
    in_doubt : bool
        True if the server may have accepted the message before the failure.
    """

    def __init__(self, message: str, *, permanent: bool = False, in_doubt: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.in_doubt = in_doubt
