import logging
import re
import sys

from broadsheet.serve.logs import LineFormatter


def test_a_line_of_the_log_begins_with_the_time_in_utc() -> None:
    record = logging.LogRecord("a.b", logging.WARNING, "", 0, "%s", ("Zoë",), None)
    record.created = 1_771_502_400.5
    assert re.fullmatch(
        r"2026-02-19T12:00:00\.\d{3}Z WARNING a\.b: Zoë", LineFormatter().format(record)
    )


def test_a_text_from_outside_adds_no_line_to_the_log() -> None:
    forged = "x\r\n2026-01-01T00:00:00.000Z INFO a: all is well\u2028\x85\x1b[2J"
    try:
        raise ValueError(forged)
    except ValueError:
        record = logging.LogRecord("a", logging.ERROR, "", 0, forged, (), sys.exc_info())
    lines = LineFormatter().format(record).split("\n")
    assert all(line.isprintable() for line in lines)
    assert [line for line in lines if not line.startswith("    ")] == lines[:1]
