"""The abstracts of the starter library have their TeX, and all of it is converted."""

import re
from importlib.resources import files

import orjson
import pytest

from broadsheet.rules.tex import Converted, convert

# Commands whose backslash was lost, such as "256times 256" and "a leq 2%".
_LOST = re.compile(
    r"\dtimes|\btimes \d|\b(?:ell|leq|geq|approx|textit|textbf|mathcal|mathbb|frac|lambda|ldots)\b"
    r"|\bsim\d|\^top|Obig|prodlimits|\d rightarrow|\([gl]e \d|\binfty\b|\burl\{"
)
# The name of a system, which its authors define.
_OWN = {r"\method"}


@pytest.fixture(scope="module")
def texts() -> list[Converted]:
    path = files("broadsheet") / "starter" / "papers.jsonl"
    papers = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    return [convert(paper[key] or "") for paper in papers for key in ("title", "abstract")]


def test_no_command_has_lost_its_backslash(texts: list[Converted]) -> None:
    assert [found[0] for text in texts if (found := _LOST.search(text.text))] == []


def test_all_tex_is_converted(texts: list[Converted]) -> None:
    spans = [(text, span) for text in texts for span in text.spans]
    assert len(spans) > 30
    left = {text.text[span.start : span.end] for text, span in spans if not span.mathml}
    assert left == _OWN
