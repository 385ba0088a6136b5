"""Every setting of the operator, its default and its valid values."""

import re
from datetime import time
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

import platformdirs
from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from broadsheet.rules.address import parse_address

DEFAULT_DATA = Path(platformdirs.user_data_dir("broadsheet", appauthor=False))
PREFIX = "BROADSHEET_"
_HOST_NAME = re.compile(r"[\w-]+(\.[\w-]+)*\.?")


def _web_address(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return value.rstrip("/")


def _host_names(value: str) -> str:
    for name in value.split():
        if name != "*" and not _HOST_NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} is not a host name such as news.example.org, without scheme and port"
            )
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        if not available_timezones():
            raise ValueError("this system has no time zone data: install tzdata") from error
        raise ValueError("is not a time zone name such as Europe/Berlin") from error
    return value


def _mailbox(value: str) -> str:
    parse_address(value)
    return value


def _sender(value: str) -> str:
    try:
        Address(addr_spec=parseaddr(value)[1]).addr_spec.encode("ascii")
    except (ValueError, IndexError, HeaderParseError) as error:
        raise ValueError(
            "must contain an address in ASCII, as in 'News <a@example.org>'"
        ) from error
    return value


def _networks(value: str) -> str:
    for part in value.split():
        try:
            ip_network(part)
        except ValueError as error:
            raise ValueError(
                f"{part!r} is not an address or network such as 127.0.0.1 or 10.0.0.0/8"
            ) from error
    return value


class Settings(BaseSettings):
    """Every setting of the operator; none is required.

    Attributes
    ----------
    data : Path
        Folder of the library, the index and the outbox.
    database : SecretStr or None
        SQLAlchemy URL of the library; None is SQLite in `data`.
    database_connections : int
        Maximum connections to the library of one process, 1 to 1,000.
    title : str
        Name of the newspaper.
    base_url : str
        Public address of the pages, used in mails and feeds.
    hosts : str
        Space-separated host names that the site is served under, besides that of `base_url`,
        ``localhost`` and IP addresses; ``*`` accepts any.
    trusted_proxies : str
        Space-separated addresses and networks of reverse proxies whose ``X-Forwarded-For`` and
        ``X-Forwarded-Proto`` headers are trusted; empty trusts none.
    processes : int or None
        Processes that serve pages, 1 to 64; None is one for each core, at most 8. A single one runs
        the jobs as well; beside several, another process does.
    smtp : SecretStr or None
        ``smtp://user:password@host:port`` or ``smtps://…``; None writes ``.eml`` files to the
        outbox folder.
    sender : str
        From header of all mails.
    unsubscribe_mailbox : str or None
        Address for the mailto form of List-Unsubscribe.
    publish_at : time
        Time of day, in `timezone`, at which the daily edition is published and mailed.
    timezone : str
        IANA time zone that days are counted in.
    edition_size : int
        Papers in an edition, 1 to 200.
    encoder : str
        Encoder of papers and queries; see :func:`broadsheet.encoders.registry.encoder_named`.
    encoder_key : SecretStr or None
        Bearer token of an encoder that is a service.
    sources : str
        Space-separated names of the sources fetched each day; ``none`` fetches nothing.
    categories : str
        Space-separated arXiv categories to fetch; empty fetches all.
    contact : str or None
        Email address sent to services in the User-Agent header.
    openalex_key, semanticscholar_key, github_key, hub_key, zotero_key : SecretStr or None
        API keys of sources.
    requests_a_day : int
        Maximum requests to one site in a day, 1 to 100,000.
    mirror : str or None
        Address that replaces every service: requests go to ``{mirror}/{host}/{path}``.
    hold_hours : int
        Hours an edition waits for sources that failed, 0 to 24.
    log_format : str
        ``text`` or ``json``: how a line of the log is written.
    access_log : bool
        Whether each request is logged, to the standard output.
    metrics_token : SecretStr or None
        Bearer token of ``/metrics``, from 16 characters; None turns metrics off.
    rerank : bool
        Whether the top results are reranked with a stronger model, if the extra
        ``rerank`` is installed.
    api : str
        ``open`` lets anyone use the API; ``token`` requires a read token. Pages are always open.
    api_requests_an_hour : int
        API requests per hour and network without a token, 1 to 1,000,000; a token allows ten
        times as many.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        # A traceback of --debug contains the text of pydantic's error.
        hide_input_in_errors=True,
    )

    data: Path = DEFAULT_DATA
    database: SecretStr | None = None
    database_connections: int = Field(default=16, ge=1, le=1_000)
    title: str = Field(default="Broadsheet", min_length=1, max_length=80)
    base_url: Annotated[str, AfterValidator(_web_address)] = "http://127.0.0.1:8000"
    hosts: Annotated[str, AfterValidator(_host_names)] = ""
    trusted_proxies: Annotated[str, AfterValidator(_networks)] = ""
    processes: int | None = Field(default=None, ge=1, le=64)
    smtp: SecretStr | None = None
    sender: Annotated[str, AfterValidator(_sender)] = Field(
        default="Broadsheet <broadsheet@localhost>", min_length=3, max_length=320
    )
    unsubscribe_mailbox: Annotated[str, AfterValidator(_mailbox)] | None = None
    publish_at: time = time(6, 0)
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    edition_size: int = Field(default=20, ge=1, le=200)
    encoder: str = "broadsheet"
    encoder_key: SecretStr | None = None
    sources: str = "arxiv arxiv-feed hf"
    categories: str = "cs.AI cs.CL cs.CV cs.LG stat.ML"
    contact: str | None = Field(default=None, pattern=r"[^@\s]+@[^@\s]+", max_length=320)
    openalex_key: SecretStr | None = None
    semanticscholar_key: SecretStr | None = None
    github_key: SecretStr | None = None
    hub_key: SecretStr | None = None
    zotero_key: SecretStr | None = None
    requests_a_day: int = Field(default=5_000, ge=1, le=100_000)
    mirror: Annotated[str, AfterValidator(_web_address)] | None = None
    hold_hours: int = Field(default=6, ge=0, le=24)
    log_format: Literal["text", "json"] = "text"
    access_log: bool = False
    metrics_token: SecretStr | None = Field(default=None, min_length=16)
    rerank: bool = True
    api: Literal["open", "token"] = "open"
    api_requests_an_hour: int = Field(default=1_000, ge=1, le=1_000_000)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take constructor arguments only; `load_settings` reads the other places."""
        return (init_settings,)

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of the library, password included."""
        return reveal(self.database) or f"sqlite:///{self.library_file}"

    @property
    def library_file(self) -> Path | None:
        """The SQLite file of the library; None if the setting `database` names another place."""
        return self.data / "library.sqlite3" if self.database is None else None

    @property
    def source_names(self) -> tuple[str, ...]:
        """The sources fetched each day, without duplicates."""
        return tuple(name for name in dict.fromkeys(self.sources.split()) if name != "none")

    @property
    def host_names(self) -> tuple[str, ...]:
        """The names in `hosts`."""
        return tuple(self.hosts.split())

    @property
    def category_names(self) -> tuple[str, ...]:
        """The arXiv categories to fetch, without duplicates."""
        return tuple(dict.fromkeys(self.categories.split()))

    @property
    def source_keys(self) -> dict[str, str | None]:
        """API keys of sources by setting name: every setting ``*_key`` but the encoder's."""
        return {
            name: reveal(getattr(self, name))
            for name in type(self).model_fields
            if name.endswith("_key") and name != "encoder_key"
        }

    @property
    def trusted_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of the trusted proxies."""
        return tuple(ip_network(part) for part in self.trusted_proxies.split())

    @property
    def outbox(self) -> Path:
        """Folder of ``.eml`` files, used if no mail server is set."""
        return self.data / "outbox"


def reveal(secret: SecretStr | None) -> str | None:
    """Return the value of a secret setting."""
    return secret.get_secret_value() if secret else None


def is_secret(name: str) -> bool:
    """Return whether a name is that of a setting whose value is hidden from output."""
    field = Settings.model_fields.get(name)
    return field is not None and SecretStr in getattr(field.annotation, "__args__", ())
