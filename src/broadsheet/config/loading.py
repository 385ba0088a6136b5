"""Read the settings: defaults, then broadsheet.toml, then BROADSHEET_* variables, then flags."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource

from broadsheet.config.settings import DEFAULT_DATA, PREFIX, Settings, is_secret
from broadsheet.errors import ConfigError, SettingsError

_FILE_NAME = "broadsheet.toml"
HIDDEN = "(hidden)"
_FILE_SUFFIX = "_FILE"
# Settings of earlier versions that are still read.
_RENAMED = {"refine": "rerank"}
_SHOWN_CHARS = 80


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was set.

    Parameters
    ----------
    name : str
        The setting.
    place : str
        Such as ``variable BROADSHEET_TITLE``; ``default`` if it was not set.
    value : object
        As it was written there.
    """

    name: str
    place: str
    value: object = None


def load_settings(
    flags: Mapping[str, object] | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Read the settings from all places; see :func:`resolve_settings`."""
    settings, _ = resolve_settings(flags, environment)
    return settings


def resolve_settings(
    flags: Mapping[str, object] | None = None, environment: Mapping[str, str] | None = None
) -> tuple[Settings, dict[str, Origin]]:
    """Read the settings from all places.

    Parameters
    ----------
    flags : mapping, optional
        Values that override all others; None values are ignored.
    environment : mapping, optional
        Variables to read; by default those of this process. ``BROADSHEET_NAME_FILE`` names a
        file that holds the value of a secret.

    Returns
    -------
    Settings
        Validated.
    dict of str to Origin
        Where each setting that is not a default was set.

    Raises
    ------
    SettingsError
        If a setting is unknown or invalid; names each and where it was set.
    ConfigError
        If a file cannot be read.
    """
    variables = os.environ if environment is None else environment
    from_flags = [
        Origin(name, f"flag --{name.replace('_', '-')}", value)
        for name, value in (flags or {}).items()
        if value is not None
    ]
    found = [*_from_secret_files(variables), *_from_variables(variables)]
    folder = next(
        (one.value for one in reversed([*found, *from_flags]) if one.name == "data"), None
    )
    data = Path(str(folder or DEFAULT_DATA)).expanduser()
    origins = {one.name: one for one in [*_from_toml(data / _FILE_NAME), *found, *from_flags]}
    values = {name: origin.value for name, origin in origins.items()}
    problems = _misspelled(variables)
    try:
        settings = Settings.model_validate({**values, "data": data})
    except ValidationError as error:
        sentences = [_sentence(one, origins) for one in error.errors()]
        raise SettingsError([*problems, *sentences]) from error
    if problems:
        raise SettingsError(problems)
    return settings, origins


def secret_files(data: Path, environment: Mapping[str, str] | None = None) -> list[Path]:
    """List the existing files that hold secret settings.

    Parameters
    ----------
    data : Path
        The data folder.
    environment : mapping, optional
        Variables to read; by default those of this process.
    """
    variables = os.environ if environment is None else environment
    found = [
        Path(path).expanduser()
        for name in Settings.model_fields
        if is_secret(name) and (path := variables.get(f"{PREFIX}{name.upper()}{_FILE_SUFFIX}"))
    ]
    if any(is_secret(one.name) for one in _from_toml(data / _FILE_NAME)):
        found.append(data / _FILE_NAME)
    return [path for path in found if path.is_file()]


def unknown_variables(environment: Mapping[str, str] | None = None) -> list[str]:
    """List the ``BROADSHEET_*`` variables that name no setting."""
    variables = os.environ if environment is None else environment
    return sorted(
        name
        for name in variables
        if name.startswith(PREFIX) and _setting_of(name) not in Settings.model_fields
    )


class _Variables(EnvSettingsSource):
    """The environment as a mapping, so that a test can pass its own."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        super().__init__(Settings)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._variables.items() if value}


def _from_variables(variables: Mapping[str, str]) -> list[Origin]:
    renamed = {
        f"{PREFIX}{new.upper()}": variables[f"{PREFIX}{old.upper()}"]
        for old, new in _RENAMED.items()
        if f"{PREFIX}{old.upper()}" in variables
    }
    return [
        Origin(name, f"variable {PREFIX}{name.upper()}", value)
        for name, value in _Variables({**renamed, **variables})().items()
    ]


def _misspelled(variables: Mapping[str, str]) -> list[str]:
    return [
        f"variable {name} names no setting: did you mean {PREFIX}{meant.upper()}?"
        for name in unknown_variables(variables)
        if (meant := _closest(_setting_of(name))) is not None
    ]


def _setting_of(variable: str) -> str:
    name = variable.removeprefix(PREFIX).lower()
    stem = name.removesuffix(_FILE_SUFFIX.lower())
    if stem != name and stem in Settings.model_fields and is_secret(stem):
        return stem
    return _RENAMED.get(name, name)


def _from_secret_files(variables: Mapping[str, str]) -> list[Origin]:
    found = []
    for name in Settings.model_fields:
        variable = f"{PREFIX}{name.upper()}{_FILE_SUFFIX}"
        # Not repeated in an error: somebody may set it to the secret itself.
        path = variables.get(variable)
        if not path or not is_secret(name):
            continue
        try:
            text = Path(path).expanduser().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"variable {variable}: the file it names cannot be read "
                f"({getattr(error, 'strerror', None) or 'it is not UTF-8 text'})"
            ) from None
        found.append(Origin(name, f"file {path!r} of variable {variable}", text.strip()))
    return found


def _from_toml(path: Path) -> list[Origin]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    # Who opens the library reports a data folder that is a file.
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, ValueError) as error:
        raise ConfigError(f"the settings file {str(path)!r} cannot be read: {error}") from error
    place = f"file {str(path)!r}"
    return [Origin(_RENAMED.get(name, name), place, value) for name, value in table.items()]


def _sentence(error: ErrorDetails, origins: Mapping[str, Origin]) -> str:
    name = str(error["loc"][0]) if error["loc"] else "settings"
    place = origins[name].place if name in origins else "default"
    where = f"setting {name!r} in {place}"
    if error["type"] == "extra_forbidden":
        meant = _closest(name)
        known = ", ".join(Settings.model_fields)
        hint = f"did you mean {meant!r}?" if meant else f"the settings are {known}"
        return f"{where}: there is no such setting; {hint}"
    reason = error["msg"].removeprefix("Value error, ")
    reason = f"{reason[:1].lower()}{reason[1:]}"
    value = HIDDEN if is_secret(name) else repr(error["input"])[:_SHOWN_CHARS]
    return f"{where}: {value}: {reason}"


def _closest(name: str) -> str | None:
    return next(iter(get_close_matches(name, [*Settings.model_fields, *_RENAMED], 1, 0.75)), None)
