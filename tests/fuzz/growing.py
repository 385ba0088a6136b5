"""Replies and files made of decisions: grown from a module's own words, or a good one grafted.

Bytes at random seldom get past the first look that a parser takes; these do.
"""

import ast
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fuzz.choices import Choices

# Between two replies of one input.
NEXT = b"\n<|>\n"

# What stands between the values of a seed of JSON.
_BETWEEN = {"json": NEXT, "jsonl": b"\n"}
_DEEPEST = 8
_OFTEN = 1 << 12
_WORD_CHARS = 60
_CHARSETS = ("utf-16", "utf-8-sig", "latin-1", "cp1252", "utf-32", "shift-jis")
_NO_BYTE = re.compile("[\ud800-\udc7f\udd00-\udfff]")
_PART = re.compile(r"[\w.:/-]+")
_TOKENS = {
    "json": re.compile(r'"(?:[^"\\]|\\.)*"|[\w.+-]+|\s+|.', re.DOTALL),
    "jsonl": re.compile(r'"(?:[^"\\]|\\.)*"|[\w.+-]+|\s+|.', re.DOTALL),
    "xml": re.compile(r"<[^>]*>|[^<\s]+|\s+|.", re.DOTALL),
    "text": re.compile(r"\w+|\s+|.", re.DOTALL),
}
_ODD_TEXTS = (
    "\0",
    "\x1b[31m",
    "\x85\u2028",
    "\u202e\ufeff",
    "\ud800",
    "\udfff\ud800",
    "\U0001f9ff\u0301\u200d",
    "\u0130\ufb01\u017f",
    "\u0663\u0664",
    "\u00b2",
    "漢字 עברית हिन्दी",
    r"$\frac{\alpha}{2}$ {\'e} \\",
    "</p>&lt;&#0;&amp;amp;<![CDATA[",
    "%00%F0%2f",
    "()[]{}\"'`,;:|+-~^",
    "0000-00-00",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2026-W10",
    "20260310",
    "Wed, 31 Dec 9999 23:59:60 -2359",
    "999999999999999999999",
    "1e999",
    "-1",
    "arxiv.org/abs/2603.00001v2",
    "https://doi.org/10.1000/Kites",
    "https://[::1",
    "http://a:b@\u2100.example:99999/",
    "github.com/farol/kite",
    "hf.co/datasets/farol/kite",
)
_ODD_NUMBERS = (0, -1, 1.5, 2**31, 2**63, 10**30, -(10**30), 1e308, float("inf"), float("nan"))
_SEPARATORS = (" ", "\n", ",", ", ", ":", "=", "  - ", "\n\n", "@", "{", "}", '"', "(", ")", "")
_ODD_MARKUP = (
    "<!-- x -->",
    "<?x y?>",
    "<![CDATA[<x>&]]>",
    "&lt;b&gt;",
    "&#0;",
    "&#xD800;",
    "&kites;",
    "<br>",
    "<",
    "]]>",
    '<!DOCTYPE x [<!ENTITY kites "x">]>',
)

# A dict or list, and a name or place in it.
_Slot = tuple[Any, Any]


@dataclass(frozen=True, slots=True)
class Soil:
    """What texts are made of.

    Parameters
    ----------
    kind : str
        ``json``, ``jsonl``, ``xml`` or ``text``.
    words : sequence of str
        Names and words that mean something to the parser; at least one.
    seeds : sequence of bytes
        Good texts; at least one.
    """

    kind: str
    words: Sequence[str]
    seeds: Sequence[bytes]


def words_in(paths: Iterable[Path]) -> list[str]:
    """List the words that modules look for: their short strings, and fields of their classes."""
    words: dict[str, None] = {}
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                words[node.target.id] = None
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found = _PART.findall(node.value)
                words.update(dict.fromkeys([node.value, *found] if len(found) < 50 else []))
    return [word for word in words if 0 < len(word) <= _WORD_CHARS]


def made(choices: Choices, soil: Soil) -> bytes:
    """Make a text: as the bytes are, grown, or grafted."""
    how = choices.number(4)
    if how == 0:
        return choices.rest()
    if how == 1:
        return _BETWEEN.get(soil.kind, NEXT).join(
            _grown(choices, soil) for _ in range(1 + choices.number(3))
        )
    if soil.kind in _BETWEEN and not choices.one_in(4):
        return _grafted_values(choices, soil)
    return _grafted(choices, soil)


def text(choices: Choices, words: Sequence[str]) -> str:
    """Make a text of words, odd ones and bytes."""
    pieces: list[str] = []
    for _ in range(1 + choices.number(8)):
        pieces += (_piece(choices, words), choices.one_of(_SEPARATORS))
    whole = "".join(pieces)
    return whole * choices.times(len(whole), _OFTEN) if choices.one_in(32) else whole


def _piece(choices: Choices, words: Sequence[str]) -> str:
    how = choices.number(8)
    if how < 4:
        return choices.one_of(words)
    if how < 6:
        return choices.one_of(_ODD_TEXTS)
    return choices.piece(1 + choices.number(16)).decode("utf-8", "surrogateescape")


def _grown(choices: Choices, soil: Soil) -> bytes:
    if soil.kind in _BETWEEN:
        return json.dumps(_value(choices, soil.words, 0)).encode()
    told = _element(choices, soil.words, 0) if soil.kind == "xml" else text(choices, soil.words)
    return _written(choices, told)


def _written(choices: Choices, told: str) -> bytes:
    """Write a text in some charset; bytes that were drawn stay as they were in UTF-8."""
    if choices.one_in(8):
        return told.encode(choices.one_of(_CHARSETS), "replace")
    return _NO_BYTE.sub("", told).encode("utf-8", "surrogateescape")


def _value(choices: Choices, words: Sequence[str], depth: int) -> object:
    how = choices.number(16)
    if how < 5 and depth < _DEEPEST:
        named = (_piece(choices, words) for _ in range(choices.number(8)))
        return {name: _value(choices, words, depth + 1) for name in named}
    if how < 8 and depth < _DEEPEST:
        items = [_value(choices, words, depth + 1) for _ in range(choices.number(4))]
        return items * (choices.times(_size(items), _OFTEN) if choices.one_in(16) else 1)
    if how < 12:
        return text(choices, words)
    if how < 14:
        return choices.number(1 << 16)
    return choices.one_of(_ODD_NUMBERS) if how == 14 else choices.one_of((None, True, False))


def _element(choices: Choices, words: Sequence[str], depth: int) -> str:
    name = choices.one_of(words)
    inside = ""
    for _ in range(choices.number(6)):
        how = choices.number(8)
        if how < 4 and depth < _DEEPEST:
            inside += _element(choices, words, depth + 1)
        elif how < 7:
            inside += text(choices, words)
        else:
            inside += choices.one_of(_ODD_MARKUP)
    named = f' {choices.one_of(words)}="{_piece(choices, words)}"' if choices.one_in(4) else ""
    return f"<{name}{named}>{inside}" + ("" if choices.one_in(16) else f"</{name}>")


def _grafted_values(choices: Choices, soil: Soil) -> bytes:
    """Change some values, names and items of good JSON, which stays JSON."""
    between = _BETWEEN[soil.kind]
    parts = choices.one_of(soil.seeds).strip().split(between)
    values = {n: json.loads(part) for n, part in enumerate(parts)}
    slots = list(_slots(values))
    for _ in range(1 + choices.number(6)):
        inside, name = choices.one_of(slots)
        if name not in _names(inside):
            continue
        inside[name] = _other(choices, soil, inside[name], slots)
        if choices.one_in(4) and isinstance(inside, list):
            inside[name : name + 1] *= choices.times(_size(inside[name]), _OFTEN)
        elif choices.one_in(4) and isinstance(name, str):
            inside[choices.one_of(soil.words)] = inside.pop(name)
    return between.join(json.dumps(value).encode() for value in values.values())


def _slots(value: object) -> Iterator[_Slot]:
    """List where values stand, from the outside in."""
    if isinstance(value, dict | list):
        for name in _names(value):
            yield value, name
            yield from _slots(value[name])


def _names(inside: dict[Any, Any] | list[Any]) -> Iterable[Any]:
    return inside if isinstance(inside, dict) else range(len(inside))


def _size(value: object) -> int:
    return len(json.dumps(value))


def _other(choices: Choices, soil: Soil, value: object, slots: Sequence[_Slot]) -> object:
    how = choices.number(4)
    if how == 0 and isinstance(value, str):
        at = choices.number(min(len(value) + 1, 1 << 16))
        return value[:at] + _piece(choices, soil.words) + value[at:]
    if how == 1:
        inside, name = choices.one_of(slots)
        there = name in _names(inside) and choices.times(_size(inside[name]), 2) > 1
        # Written and read, so that nothing holds itself.
        return json.loads(json.dumps(inside[name])) if there else value
    return _value(choices, soil.words, _DEEPEST - choices.number(4))


def _grafted(choices: Choices, soil: Soil) -> bytes:
    """Change some pieces of a good text."""
    seed = choices.one_of(soil.seeds).decode("utf-8", "surrogateescape")
    tokens = _TOKENS[soil.kind].findall(seed)
    # Names and values are changed more often than what stands between them.
    telling = [n for n, token in enumerate(tokens) if token.isalnum() or len(token) > 2]
    for _ in range(1 + choices.number(6)):
        tokens = tokens or [""]
        at = telling[choices.number(len(telling))] if telling else 0
        at = choices.number(min(len(tokens), 1 << 15)) if choices.one_in(8) else at
        at = min(at, len(tokens) - 1)
        tokens[at : at + 1] = _graft(choices, soil, tokens, at)
    return _written(choices, "".join(tokens))


def _graft(choices: Choices, soil: Soil, tokens: Sequence[str], at: int) -> list[str]:
    how = choices.number(8)
    if how < 3:
        return [_in_place(choices, soil)]
    if how == 3:
        return []
    if how == 4:
        return [tokens[at]] * choices.times(len(tokens[at]), _OFTEN if choices.one_in(4) else 4)
    if how == 5:
        some = list(tokens[at : at + 1 + choices.number(64)])
        return some * choices.times(sum(map(len, some)), 4)
    if how == 6:
        return [tokens[choices.number(min(len(tokens), 1 << 16))]]
    return [tokens[at], choices.piece(choices.number(16)).decode("utf-8", "surrogateescape")]


def _in_place(choices: Choices, soil: Soil) -> str:
    if soil.kind in _BETWEEN:
        return json.dumps(_value(choices, soil.words, _DEEPEST - choices.number(4)))
    if soil.kind == "xml" and choices.one_in(4):
        return choices.one_of(_ODD_MARKUP) + _element(choices, soil.words, _DEEPEST - 1)
    return text(choices, soil.words)
