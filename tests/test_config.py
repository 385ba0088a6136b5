"""Settings: where they come from, and what an error says."""

import traceback
from pathlib import Path

import pytest

from broadsheet.config import Settings, load_settings, resolve_settings, unknown_variables
from broadsheet.errors import ConfigError


def test_flags_override_variables_and_variables_override_the_file(tmp_path: Path) -> None:
    (tmp_path / "broadsheet.toml").write_text("title = 'File'\nedition_size = 5\nhold_hours = 2\n")
    variables = {"BROADSHEET_TITLE": "Variable", "BROADSHEET_EDITION_SIZE": "7"}
    settings, origins = resolve_settings({"data": tmp_path, "title": "Flag"}, variables)
    assert (settings.title, settings.edition_size, settings.hold_hours) == ("Flag", 7, 2)
    assert origins["title"].place == "flag --title"
    assert origins["edition_size"].place == "variable BROADSHEET_EDITION_SIZE"
    assert origins["hold_hours"].place == f"file {str(tmp_path / 'broadsheet.toml')!r}"
    assert "publish_at" not in origins


def test_an_empty_variable_is_not_set(tmp_path: Path) -> None:
    assert load_settings({"data": tmp_path}, {"BROADSHEET_TITLE": ""}).title == "Broadsheet"


def test_settings_made_in_code_ignore_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROADSHEET_TITLE", "Variable")
    assert Settings().title == "Broadsheet"


@pytest.mark.parametrize("name", ["smtp", "database", "openalex_key", "encoder_key"])
def test_a_secret_is_read_from_the_file_that_its_variable_names(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("smtp://ada:pass@mail.example\n")
    variables = {f"BROADSHEET_{name.upper()}_FILE": str(tmp_path / "secret")}
    settings, origins = resolve_settings({"data": tmp_path}, variables)
    assert getattr(settings, name).get_secret_value() == "smtp://ada:pass@mail.example"
    assert f"BROADSHEET_{name.upper()}_FILE" in origins[name].place


def test_a_secret_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    variables = {"BROADSHEET_SMTP_FILE": "smtp://ada:hunter2@mail.example"}
    with pytest.raises(ConfigError, match=r"BROADSHEET_SMTP_FILE.*No such file") as caught:
        load_settings({"data": tmp_path}, variables)
    assert "hunter2" not in str(caught.value)


def test_a_variable_overrides_its_secret_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("filed")
    variables = {
        "BROADSHEET_HUB_KEY": "direct",
        "BROADSHEET_HUB_KEY_FILE": str(tmp_path / "key"),
    }
    assert load_settings({"data": tmp_path}, variables).source_keys["hub_key"] == "direct"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("edition_sizes = 5", "there is no such setting; did you mean 'edition_size'?"),
        ("colour = 'red'", "there is no such setting; the settings are data, database"),
        ("edition_size = 500", "500: input should be less than or equal to 200"),
        ("timezone = 'Mars/Olympus'", "'Mars/Olympus': is not a time zone name"),
        ("sender = 'nobody'", "'nobody': must contain an address in ASCII"),
        ("sender = 'Ada <ada@bücher.example>'", "must contain an address in ASCII"),
        ("mirror = 'ftp://x'", "'ftp://x': must begin with http"),
    ],
)
def test_an_error_names_setting_place_and_value(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "broadsheet.toml").write_text(text + "\n")
    with pytest.raises(ConfigError) as caught:
        load_settings({"data": tmp_path}, {})
    assert sentence in str(caught.value)
    assert repr(text.split()[0]) in str(caught.value)
    assert "broadsheet.toml" in str(caught.value)


@pytest.mark.parametrize("line", ["github_key = 12345", "smtp = ['12345']"])
def test_an_error_hides_the_value_of_a_secret(tmp_path: Path, line: str) -> None:
    (tmp_path / "broadsheet.toml").write_text(f"{line}\n")
    with pytest.raises(ConfigError) as caught:
        load_settings({"data": tmp_path}, {})
    assert "12345" not in "".join(traceback.format_exception(caught.value))
    assert "(hidden)" in str(caught.value)


def test_a_misspelled_variable_gets_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean BROADSHEET_TIMEZONE"):
        load_settings({"data": tmp_path}, {"BROADSHEET_TIME_ZONE": "UTC"})


def test_other_unknown_variables_are_listed_and_ignored(tmp_path: Path) -> None:
    variables = {"BROADSHEET_DEPLOYED_BY": "ada", "BROADSHEET_TITLE": "x", "PATH": "/"}
    load_settings({"data": tmp_path}, variables)
    assert unknown_variables(variables) == ["BROADSHEET_DEPLOYED_BY"]


def test_a_renamed_setting_is_read_by_its_old_name(tmp_path: Path) -> None:
    (tmp_path / "broadsheet.toml").write_text("refine = false\n")
    assert not load_settings({"data": tmp_path}, {}).rerank
    assert load_settings({"data": tmp_path}, {"BROADSHEET_REFINE": "true"}).rerank
