"""How much of the TeX of an arXiv dump is converted, how fast, and what is left.

    python bench/tex.py DUMP [--json] [--papers N]

A formula is converted if its MathML is well-formed XML with the elements of the list only, without
a backslash command in it or in its Unicode. Times are processor times for title, abstract and all
author names of a paper, without cached formulas; the least of two runs, as garbage collection can
interrupt one.
"""

import argparse
import gzip
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson
from lxml import etree
from math_core import LatexError

from broadsheet.rules import formula, tex

_COMMAND = re.compile(r"\\[a-zA-Z]+")
_PLACE = re.compile(r"^\d+(?:-\d+)?: ")
_SHOWN = 12


@dataclass
class Report:
    """What the bench prints."""

    papers: int = 0
    papers_with_tex: int = 0
    formulas: int = 0
    converted_share: float = 0.0
    exceptions: int = 0
    slowest_ms: float = 0.0
    p99_9_ms: float = 0.0
    mean_of_papers_with_tex_ms: float = 0.0
    text_commands_left: int = 0
    text_commands_left_per_1000_papers: float = 0.0
    html_growth: float = 0.0
    most_html_growth: float = 0.0
    reasons: list[tuple[str, int]] = field(default_factory=list)
    commands_left: list[tuple[str, int]] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dump", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--papers", type=int, default=sys.maxsize)
    arguments = parser.parse_args()
    found = report(_papers(arguments.dump, arguments.papers))
    if arguments.json:
        print(orjson.dumps(asdict(found), option=orjson.OPT_INDENT_2).decode())
        return
    for name, value in asdict(found).items():
        if isinstance(value, list):
            print(f"{name}:")
            print("\n".join(f"  {count:6}  {text}" for text, count in value))
        else:
            print(
                f"{name.replace('_', ' ')}: {value:,.5g}"
                if isinstance(value, float)
                else f"{name.replace('_', ' ')}: {value:,}"
            )


def _papers(dump: Path, limit: int) -> Iterator[list[str]]:
    with gzip.open(dump, "rb") as lines:
        for _, line in zip(range(limit), lines, strict=False):
            record = orjson.loads(line)
            texts = [record["title"], record.get("abstract") or "", *(record.get("authors") or ())]
            yield texts


def report(papers: Iterator[list[str]]) -> Report:
    """Convert all papers."""
    # Reading the symbols takes 30 ms once.
    tex.to_unicode(r"\alpha")
    made = Report()
    reasons: Counter[str] = Counter()
    left: Counter[str] = Counter()
    took: list[float] = []
    growth: list[float] = []
    failed = size = chars = 0
    for texts in papers:
        made.papers += 1
        chars += sum(map(len, texts))
        if not any(map(tex.may_be_tex, texts)):
            size += sum(map(len, texts))
            continue
        made.papers_with_tex += 1
        took.append(min(_time(texts), _time(texts)))
        try:
            converted = [tex.convert(text) for text in texts]
        except Exception:  # counted
            made.exceptions += 1
            continue
        for text in texts:
            for _, _, source in tex.formulas(text):
                made.formulas += 1
                if (reason := _failure(source)) is not None:
                    failed += 1
                    reasons[reason] += 1
        left.update(_commands_left(converted))
        html = sum(_html_chars(text) for text in converted)
        size += html
        growth.append(html / max(1, sum(map(len, texts))))
    took.sort()
    made.converted_share = 1 - failed / max(1, made.formulas)
    made.slowest_ms, made.p99_9_ms = took[-1] * 1e3, took[int(len(took) * 0.999)] * 1e3
    made.mean_of_papers_with_tex_ms = sum(took) / len(took) * 1e3
    made.text_commands_left = left.total()
    made.text_commands_left_per_1000_papers = left.total() / made.papers * 1e3
    made.html_growth, made.most_html_growth = size / chars, max(growth)
    made.reasons, made.commands_left = reasons.most_common(_SHOWN), left.most_common(_SHOWN)
    return made


def _time(texts: Sequence[str]) -> float:
    formula.clear_cache()
    start = time.process_time()
    for text in texts:
        if tex.may_be_tex(text):
            tex.convert_uncached(text)
    return time.process_time() - start


def _failure(source: str) -> str | None:
    """Return why a formula is not converted."""
    found = formula.convert(source)
    if found is None:
        return _reason(source)
    try:
        elements = {str(element.tag) for element in etree.fromstring(found.mathml).iter()}
    except etree.XMLSyntaxError:
        return "MathML is not well-formed"
    if not elements <= formula.ELEMENTS:
        return "MathML has an unknown element"
    if _COMMAND.search(found.text) or _COMMAND.search(found.mathml):
        return "a command is left"
    return None


def _reason(source: str) -> str:
    try:
        formula.convert_raw(source)
    except LatexError as error:
        return _PLACE.sub("", str(error))[:80]
    return "too long, too deep, or defines commands"


def _commands_left(converted: Sequence[tex.Converted]) -> Iterator[str]:
    """Yield the commands outside of formulas that are shown as source, and any that are not."""
    for text, spans in converted:
        words, done = [], 0
        for start, end, mathml in spans:
            words.append(text[done:start])
            done = end
            if not mathml and not text[start:end].startswith(("$", r"\(", r"\[", r"\begin")):
                yield from _COMMAND.findall(text[start:end])[:1]
        words.append(text[done:])
        yield from (f"unmarked {name}" for name in _COMMAND.findall(" ".join(words)))


def _html_chars(converted: tex.Converted) -> int:
    spans = sum(
        len(span.mathml) - (span.end - span.start) for span in converted.spans if span.mathml
    )
    return len(converted.text) + spans


if __name__ == "__main__":
    main()
