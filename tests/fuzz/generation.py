"""Generate replies and files from decisions: new ones, or mutations of valid examples.

Random bytes rarely pass a parser's first checks. New texts use the strings of the parser's module.
"""

import ast
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fuzz.choices import Choices

# Separates the replies of one input.
REPLY_SEPARATOR = b"\n<|>\n"

# Separators between the values of a JSON seed.
_SEPARATORS_OF = {"json": REPLY_SEPARATOR, "jsonl": b"\n"}
_MAX_DEPTH = 8
_MAX_REPEATS = 1 << 12
_MAX_WORD_CHARS = 60
_CHARSETS = ("utf-16", "utf-8-sig", "latin-1", "cp1252", "utf-32", "shift-jis")
_SURROGATE = re.compile("[\ud800-\udc7f\udd00-\udfff]")
_WORD = re.compile(r"[\w.:/-]+")
_TOKENS = {
    "json": re.compile(r'"(?:[^"\\]|\\.)*"|[\w.+-]+|\s+|.', re.DOTALL),
    "jsonl": re.compile(r'"(?:[^"\\]|\\.)*"|[\w.+-]+|\s+|.', re.DOTALL),
    "xml": re.compile(r"<[^>]*>|[^<\s]+|\s+|.", re.DOTALL),
    "text": re.compile(r"\w+|\s+|.", re.DOTALL),
}
_UNUSUAL_TEXTS = (
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
_UNUSUAL_NUMBERS = (0, -1, 1.5, 2**31, 2**63, 10**30, -(10**30), 1e308, float("inf"), float("nan"))
_SEPARATORS = (" ", "\n", ",", ", ", ":", "=", "  - ", "\n\n", "@", "{", "}", '"', "(", ")", "")
_UNUSUAL_MARKUP = (
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

# A dict or list, and a key or index in it.
_Slot = tuple[Any, Any]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Material for generated texts.

    Parameters
    ----------
    kind : str
        ``json``, ``jsonl``, ``xml`` or ``text``.
    words : sequence of str
        Names and strings in the source code of the parser; at least one.
    seeds : sequence of bytes
        Valid texts; at least one.
    """

    kind: str
    words: Sequence[str]
    seeds: Sequence[bytes]


def strings_in(paths: Iterable[Path]) -> list[str]:
    """Return the short string constants and class fields of modules."""
    words: dict[str, None] = {}
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                words[node.target.id] = None
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found = _WORD.findall(node.value)
                words.update(dict.fromkeys([node.value, *found] if len(found) < 50 else []))
    return [word for word in words if 0 < len(word) <= _MAX_WORD_CHARS]


def generate(choices: Choices, corpus: Corpus) -> bytes:
    """Generate a text: the raw bytes, a new text, or a mutated seed."""
    kind = choices.number(4)
    if kind == 0:
        return choices.take_rest()
    if kind == 1:
        return _SEPARATORS_OF.get(corpus.kind, REPLY_SEPARATOR).join(
            _generate_new(choices, corpus) for _ in range(1 + choices.number(3))
        )
    if corpus.kind in _SEPARATORS_OF and not choices.one_in(4):
        return _mutate_json(choices, corpus)
    return _mutate_tokens(choices, corpus)


def text(choices: Choices, words: Sequence[str]) -> str:
    """Generate a text of words, unusual strings and bytes."""
    pieces: list[str] = []
    for _ in range(1 + choices.number(8)):
        pieces += (_piece(choices, words), choices.one_of(_SEPARATORS))
    whole = "".join(pieces)
    return whole * choices.repeats(len(whole), _MAX_REPEATS) if choices.one_in(32) else whole


def _piece(choices: Choices, words: Sequence[str]) -> str:
    kind = choices.number(8)
    if kind < 4:
        return choices.one_of(words)
    if kind < 6:
        return choices.one_of(_UNUSUAL_TEXTS)
    return choices.take(1 + choices.number(16)).decode("utf-8", "surrogateescape")


def _generate_new(choices: Choices, corpus: Corpus) -> bytes:
    if corpus.kind in _SEPARATORS_OF:
        return json.dumps(_value(choices, corpus.words, 0)).encode()
    content = (
        _element(choices, corpus.words, 0) if corpus.kind == "xml" else text(choices, corpus.words)
    )
    return _encode(choices, content)


def _encode(choices: Choices, content: str) -> bytes:
    """Encode a text in a charset; raw bytes are unchanged in UTF-8."""
    if choices.one_in(8):
        return content.encode(choices.one_of(_CHARSETS), "replace")
    return _SURROGATE.sub("", content).encode("utf-8", "surrogateescape")


def _value(choices: Choices, words: Sequence[str], depth: int) -> object:
    kind = choices.number(16)
    if kind < 5 and depth < _MAX_DEPTH:
        named = (_piece(choices, words) for _ in range(choices.number(8)))
        return {name: _value(choices, words, depth + 1) for name in named}
    if kind < 8 and depth < _MAX_DEPTH:
        items = [_value(choices, words, depth + 1) for _ in range(choices.number(4))]
        return items * (choices.repeats(_size(items), _MAX_REPEATS) if choices.one_in(16) else 1)
    if kind < 12:
        return text(choices, words)
    if kind < 14:
        return choices.number(1 << 16)
    return choices.one_of(_UNUSUAL_NUMBERS) if kind == 14 else choices.one_of((None, True, False))


def _element(choices: Choices, words: Sequence[str], depth: int) -> str:
    name = choices.one_of(words)
    container = ""
    for _ in range(choices.number(6)):
        kind = choices.number(8)
        if kind < 4 and depth < _MAX_DEPTH:
            container += _element(choices, words, depth + 1)
        elif kind < 7:
            container += text(choices, words)
        else:
            container += choices.one_of(_UNUSUAL_MARKUP)
    named = f' {choices.one_of(words)}="{_piece(choices, words)}"' if choices.one_in(4) else ""
    return f"<{name}{named}>{container}" + ("" if choices.one_in(16) else f"</{name}>")


def _mutate_json(choices: Choices, corpus: Corpus) -> bytes:
    """Mutate some values, keys and items of a JSON seed; the result is JSON."""
    between = _SEPARATORS_OF[corpus.kind]
    parts = choices.one_of(corpus.seeds).strip().split(between)
    values = {n: json.loads(part) for n, part in enumerate(parts)}
    slots = list(_slots(values))
    for _ in range(1 + choices.number(6)):
        container, name = choices.one_of(slots)
        if name not in _keys(container):
            continue
        container[name] = _mutate_value(choices, corpus, container[name], slots)
        if choices.one_in(4) and isinstance(container, list):
            container[name : name + 1] *= choices.repeats(_size(container[name]), _MAX_REPEATS)
        elif choices.one_in(4) and isinstance(name, str):
            container[choices.one_of(corpus.words)] = container.pop(name)
    return between.join(json.dumps(value).encode() for value in values.values())


def _slots(value: object) -> Iterator[_Slot]:
    """Yield the container and key of each value, outermost first."""
    if isinstance(value, dict | list):
        for name in _keys(value):
            yield value, name
            yield from _slots(value[name])


def _keys(container: dict[Any, Any] | list[Any]) -> Iterable[Any]:
    return container if isinstance(container, dict) else range(len(container))


def _size(value: object) -> int:
    return len(json.dumps(value))


def _mutate_value(
    choices: Choices, corpus: Corpus, value: object, slots: Sequence[_Slot]
) -> object:
    kind = choices.number(4)
    if kind == 0 and isinstance(value, str):
        at = choices.number(min(len(value) + 1, 1 << 16))
        return value[:at] + _piece(choices, corpus.words) + value[at:]
    if kind == 1:
        container, name = choices.one_of(slots)
        there = name in _keys(container) and choices.repeats(_size(container[name]), 2) > 1
        # A copy, so that no container contains itself.
        return json.loads(json.dumps(container[name])) if there else value
    return _value(choices, corpus.words, _MAX_DEPTH - choices.number(4))


def _mutate_tokens(choices: Choices, corpus: Corpus) -> bytes:
    """Mutate some tokens of a seed."""
    seed = choices.one_of(corpus.seeds).decode("utf-8", "surrogateescape")
    tokens = _TOKENS[corpus.kind].findall(seed)
    # Names and values are mutated more often than separators.
    words = [n for n, token in enumerate(tokens) if token.isalnum() or len(token) > 2]
    for _ in range(1 + choices.number(6)):
        tokens = tokens or [""]
        at = words[choices.number(len(words))] if words else 0
        at = choices.number(min(len(tokens), 1 << 15)) if choices.one_in(8) else at
        at = min(at, len(tokens) - 1)
        tokens[at : at + 1] = _replace_token(choices, corpus, tokens, at)
    return _encode(choices, "".join(tokens))


def _replace_token(choices: Choices, corpus: Corpus, tokens: Sequence[str], at: int) -> list[str]:
    kind = choices.number(8)
    if kind < 3:
        return [_replacement(choices, corpus)]
    if kind == 3:
        return []
    if kind == 4:
        return [tokens[at]] * choices.repeats(
            len(tokens[at]), _MAX_REPEATS if choices.one_in(4) else 4
        )
    if kind == 5:
        some = list(tokens[at : at + 1 + choices.number(64)])
        return some * choices.repeats(sum(map(len, some)), 4)
    if kind == 6:
        return [tokens[choices.number(min(len(tokens), 1 << 16))]]
    return [tokens[at], choices.take(choices.number(16)).decode("utf-8", "surrogateescape")]


def _replacement(choices: Choices, corpus: Corpus) -> str:
    if corpus.kind in _SEPARATORS_OF:
        return json.dumps(_value(choices, corpus.words, _MAX_DEPTH - choices.number(4)))
    if corpus.kind == "xml" and choices.one_in(4):
        return choices.one_of(_UNUSUAL_MARKUP) + _element(choices, corpus.words, _MAX_DEPTH - 1)
    return text(choices, corpus.words)
