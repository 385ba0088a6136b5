"""Settings: defaults, then broadsheet.toml, then BROADSHEET_* variables, then flags."""

import os
import tomllib
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import platformdirs
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from broadsheet.errors import ConfigError

FILE_NAME = "broadsheet.toml"
_PREFIX = "BROADSHEET_"
_DEFAULT_DATA = Path(platformdirs.user_data_dir("broadsheet", appauthor=False))


def _web_address(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return value.rstrip("/")


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("is no time zone name such as Europe/Berlin") from error
    return value


class Settings(BaseModel):
    """All that an operator may set; everything works with nothing set.

    Attributes
    ----------
    data : Path
        Folder of the library, the index and the outbox.
    database : SecretStr or None
        SQLAlchemy address of the library; None keeps it in `data` as SQLite.
    title : str
        Name of the newspaper.
    base_url : str
        Address readers reach the pages under, used in mails.
    smtp : SecretStr or None
        ``smtp://user:password@host:port`` or ``smtps://…``; None writes mails to the outbox
        folder.
    sender : str
        From header of all mails.
    unsubscribe_mailbox : str or None
        Address for the mailto form of List-Unsubscribe, where somebody reads it.
    publish_at : time
        When the day's edition is made and mailed, in `timezone`.
    timezone : str
        IANA name of the zone that days are counted in.
    edition_size : int
        Papers in an edition, 1 to 200.
    encoder : str
        What makes the vectors that papers are found by in meaning:
        :func:`broadsheet.encoders.registry.encoder_named`.
    encoder_key : SecretStr or None
        Sent to an encoder that is a service.
    sources : str
        What is fetched each day, names as in :mod:`broadsheet.sources.registry` with spaces
        between them; ``none`` fetches nothing.
    categories : str
        arXiv categories to gather, with spaces between them; empty gathers all.
    contact : str or None
        Mail address that is told to the services that are asked.
    openalex_key, semanticscholar_key, github_key, hub_key, zotero_key : SecretStr or None
        Keys of services.
    requests_a_day : int
        The most requests that one site gets in a day, 1 to 100,000.
    mirror : str or None
        An address that stands in for all services: ``{mirror}/{host}/{path}`` is asked.
    hold_hours : int
        How long an edition waits for sources that failed, 0 to 24.
    refine : bool
        Whether the best of a list are looked at again with sharper vectors, where the extra
        ``broadsheet[refine]`` is installed.
    api : str
        Who may ask the API: ``open``, anyone; ``token``, those with a read token. The pages are
        open either way.
    api_requests_an_hour : int
        How often one network may ask the API without a token, 1 to 1,000,000; ten times that is
        given with one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: Path = _DEFAULT_DATA
    database: SecretStr | None = None
    title: str = Field("Broadsheet", min_length=1, max_length=80)
    base_url: Annotated[str, AfterValidator(_web_address)] = "http://127.0.0.1:8000"
    smtp: SecretStr | None = None
    sender: str = Field("Broadsheet <broadsheet@localhost>", min_length=3, max_length=320)
    unsubscribe_mailbox: str | None = None
    publish_at: time = time(6, 0)
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    edition_size: int = Field(20, ge=1, le=200)
    encoder: str = "broadsheet"
    encoder_key: SecretStr | None = None
    sources: str = "arxiv arxiv-feed hf"
    categories: str = "cs.AI cs.CL cs.CV cs.LG stat.ML"
    contact: str | None = Field(None, pattern=r"[^@\s]+@[^@\s]+", max_length=320)
    openalex_key: SecretStr | None = None
    semanticscholar_key: SecretStr | None = None
    github_key: SecretStr | None = None
    hub_key: SecretStr | None = None
    zotero_key: SecretStr | None = None
    requests_a_day: int = Field(5_000, ge=1, le=100_000)
    mirror: Annotated[str, AfterValidator(_web_address)] | None = None
    hold_hours: int = Field(6, ge=0, le=24)
    refine: bool = True
    api: Literal["open", "token"] = "open"
    api_requests_an_hour: int = Field(1_000, ge=1, le=1_000_000)

    @property
    def database_url(self) -> str:
        """SQLAlchemy address of the library, password included."""
        if self.database is not None:
            return self.database.get_secret_value()
        return f"sqlite:///{self.data / 'library.sqlite3'}"

    @property
    def source_names(self) -> tuple[str, ...]:
        """The sources that are fetched each day, none twice."""
        return tuple(name for name in dict.fromkeys(self.sources.split()) if name != "none")

    @property
    def category_names(self) -> tuple[str, ...]:
        """The arXiv categories that are gathered."""
        return tuple(dict.fromkeys(self.categories.split()))

    @property
    def smtp_url(self) -> str | None:
        """Where mail goes, password included; None is the outbox folder."""
        return self.secret(self.smtp)

    @staticmethod
    def secret(setting: SecretStr | None) -> str | None:
        """Give the value of a secret setting."""
        return setting.get_secret_value() if setting else None

    @property
    def outbox(self) -> Path:
        """Where mails lie as .eml files when there is no mail server."""
        return self.data / "outbox"


def load_settings(
    flags: Mapping[str, object] | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Put the settings together.

    Parameters
    ----------
    flags : mapping, optional
        Values that win over all others; None values are left out.
    environment : mapping, optional
        Variables to read; by default those of this process.

    Returns
    -------
    Settings
        Checked.

    Raises
    ------
    ConfigError
        Where a setting is unknown or wrong; names it and where it was set.
    """
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    variables = os.environ if environment is None else environment
    told = {
        name: variables[_PREFIX + name.upper()]
        for name in Settings.model_fields
        if variables.get(_PREFIX + name.upper())
    }
    data = Path(str(given.get("data") or told.get("data") or _DEFAULT_DATA)).expanduser()
    filed = _read_file(data / FILE_NAME)
    try:
        return Settings.model_validate({**filed, **told, **given, "data": data})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        if name in given:
            place = f"flag --{name.replace('_', '-')}"
        elif name in told:
            place = f"variable {_PREFIX}{name.upper()}"
        else:
            place = f"file {str(data / FILE_NAME)!r}"
        reason = first["msg"].removeprefix("Value error, ").lower()
        known = ", ".join(Settings.model_fields)
        raise ConfigError(
            f"setting {name!r} in {place}: {reason}; the settings are {known}"
            if first["type"] == "extra_forbidden"
            else f"setting {name!r} in {place}: {reason}"
        ) from error


def _read_file(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"the settings file {str(path)!r} cannot be read: {error}") from error
