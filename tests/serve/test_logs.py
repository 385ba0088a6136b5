import json
import logging
import re
import sys

from broadsheet.serve import request_log
from broadsheet.serve.logs import JsonFormatter, LineFormatter


def test_a_line_of_the_log_begins_with_the_time_in_utc() -> None:
    record = logging.LogRecord("a.b", logging.WARNING, "", 0, "%s", ("Zoë",), None)
    record.created = 1_771_502_400.5
    assert re.fullmatch(
        r"2026-02-19T12:00:00\.\d{3}Z WARNING a\.b: Zoë", LineFormatter().format(record)
    )


def test_a_line_of_json_has_the_fields_of_its_record_and_the_id_of_its_request() -> None:
    record = logging.LogRecord("a", logging.ERROR, "", 0, "of %s\n", ("Zo\udce9",), None)
    record.fields = {"status": 404}
    token = request_log._current_id.set("id-1")
    try:
        line = JsonFormatter().format(record)
        assert LineFormatter().format(record).endswith(" request=id-1")
    finally:
        request_log._current_id.reset(token)
    assert "\n" not in line
    document = json.loads(line)
    assert document.pop("time").endswith("Z")
    assert document == {
        "level": "ERROR",
        "logger": "a",
        "message": "of Zo?\n",
        "status": 404,
        "request": "id-1",
    }


def test_a_traceback_is_a_field_of_the_line_of_json() -> None:
    try:
        raise ValueError("a\nb")
    except ValueError:
        record = logging.LogRecord("a", logging.ERROR, "", 0, "failed", (), sys.exc_info())
    assert "ValueError" in json.loads(JsonFormatter().format(record))["traceback"]


def test_a_text_from_outside_adds_no_line_to_the_log() -> None:
    forged = "x\r\n2026-01-01T00:00:00.000Z INFO a: all is well\u2028\x85\x1b[2J"
    try:
        raise ValueError(forged)
    except ValueError:
        record = logging.LogRecord("a", logging.ERROR, "", 0, forged, (), sys.exc_info())
    lines = LineFormatter().format(record).split("\n")
    assert all(line.isprintable() for line in lines)
    assert [line for line in lines if not line.startswith("    ")] == lines[:1]
