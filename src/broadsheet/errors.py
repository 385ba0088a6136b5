"""Every error a user can meet: one sentence that says what, where and what to do next."""


class BroadsheetError(Exception):
    """Base of all errors that are shown to a person as one sentence."""


class ConfigError(BroadsheetError):
    """A setting is missing, unknown or out of range."""


class SourceError(BroadsheetError):
    """A file or service holds nothing that can be read as papers."""


class StoreError(BroadsheetError):
    """The library cannot be opened, read or written."""


class NotFoundError(BroadsheetError):
    """The paper, edition or subscription asked for does not exist."""


class SearchIndexError(BroadsheetError):
    """The index cannot be opened or written; it can be rebuilt from the library."""


class MailError(BroadsheetError):
    """A message could not be handed over.

    Parameters
    ----------
    message : str
        The sentence shown to the operator.
    permanent : bool
        True where trying again cannot help (an SMTP 5xx reply to this recipient).
    in_doubt : bool
        True where the other side may have taken the message before the failure.
    """

    def __init__(self, message: str, *, permanent: bool = False, in_doubt: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.in_doubt = in_doubt
