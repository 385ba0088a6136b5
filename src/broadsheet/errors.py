"""Every error a user can see: one sentence with what failed, where, and what to do next."""

from collections.abc import Sequence


class BroadsheetError(Exception):
    """Base of all errors shown to a person as one sentence."""


class ConfigError(BroadsheetError):
    """A setting or an option is missing, unknown or invalid."""


class SettingsError(ConfigError):
    """Settings are unknown or invalid.

    Parameters
    ----------
    problems : sequence of str
        A sentence for each; the message of the error is the first.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(problems[0])
        self.problems = tuple(problems)


class MissingExtraError(ConfigError):
    """A package of an optional extra is not installed.

    Parameters
    ----------
    purpose : str
        What needs the package, such as ``reranking``.
    package, extra : str
        The package, and the extra of Broadsheet that installs it.
    """

    def __init__(self, purpose: str, package: str, extra: str) -> None:
        super().__init__(
            f"{purpose} requires {package}, which is not installed: run {install_command(extra)}"
        )


class SourceError(BroadsheetError):
    """A file or service cannot be read or parsed."""


class StoreError(BroadsheetError):
    """The library cannot be opened, read or written."""


class NoLibraryError(StoreError):
    """There is no library in this place, and the command creates none.

    Parameters
    ----------
    place : str
        A data folder, or the URL of a database without its password.
    remedy : str
        How to choose another place.
    """

    def __init__(self, place: str, remedy: str = "choose another folder with --data") -> None:
        super().__init__(
            f"no library in {place!r}: {remedy}, or create a library with "
            "'broadsheet up', 'broadsheet import' or 'broadsheet fetch'"
        )


class OldSchemaError(StoreError):
    """The library was written by an earlier version and is not migrated yet."""


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


def install_command(extra: str) -> str:
    """Return the command that adds an extra to this installation, from where it was installed.

    pip records that place in ``direct_url.json`` (PEP 610), unless it was a package index.
    """
    # 0.04 s to import, and needed by an error only.
    import json
    from importlib.metadata import PackageNotFoundError, distribution
    from pathlib import Path
    from urllib.parse import unquote, urlsplit

    try:
        recorded = distribution("broadsheet").read_text("direct_url.json")
    except PackageNotFoundError:
        return f"pip install '.[{extra}]' in a clone of Broadsheet"
    origin = json.loads(recorded) if recorded else {}
    requirement, url = f"broadsheet[{extra}]", str(origin.get("url", ""))
    if "dir_info" in origin:
        folder = unquote(urlsplit(url).path)
        if not Path(folder, "pyproject.toml").is_file():
            return f"pip install '.[{extra}]' in a clone of Broadsheet"
        editable = "-e " if origin["dir_info"].get("editable") else ""
        return f"pip install {editable}'{folder}[{extra}]'"
    if "vcs_info" in origin:
        vcs = origin["vcs_info"]
        requirement += f" @ {vcs['vcs']}+{url}@{vcs['commit_id']}"
    elif url:
        requirement += f" @ {url}"
    return f"pip install '{requirement}'"
