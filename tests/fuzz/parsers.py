"""Every parser, with good inputs to start from: sources, file formats, and what reads texts."""

import gzip
import io
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import ModuleType

from broadsheet.errors import SourceError
from broadsheet.model import Notice, Paper
from broadsheet.rules import identity, normalize, notice, query
from broadsheet.sources import code_links, files, paper_links
from broadsheet.sources.decoding import parse_moment
from broadsheet.sources.registry import NAMES, source_named
from broadsheet.sources.source import Batch, Cursor, FetchRequest
from tests.fuzz import sound
from tests.fuzz.answering import Answering, replies_of
from tests.fuzz.choices import Choices
from tests.fuzz.growing import Soil, made, text, words_in

_SEEDS = Path(__file__).parent / "seeds"
_KINDS = {".json": "json", ".jsonl": "jsonl", ".xml": "xml"}
_NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
_DAYS = (
    (None, None),
    (None, None),
    (date(2026, 3, 8), None),
    (date(2026, 2, 14), date(2026, 3, 9)),
    (date(2026, 1, 1), None),
)
_BATCHES = 6
_STARTS = 24
_MANY = 5_000
# How else than by its name alone a source can be asked.
SPECS = {
    "arxiv-atom": ("arxiv-atom:2603.00001,math/0601001,x",),
    "feed": ("feed:https://kites.example/feed",),
    "zotero": ("zotero:users/123",),
    "openalex": ("openalex", "openalex:primary_topic.field.id:fields/27"),
    "crossref": ("crossref", "crossref:10.1000/kites"),
    "hf": ("hf", "hf:kites and tails"),
    "biorxiv": ("biorxiv", "biorxiv:cell biology"),
    "acl": ("acl", "acl:2025.kites-long"),
}
_SEEDS_OF = {"medrxiv": "biorxiv"}
ABOUT = (
    normalize.make_paper(
        title="Kites",
        abstract="Models: https://huggingface.co/farol/kite and hf.co/datasets/farol/kite.",
        arxiv="2603.00001",
        doi="10.1000/kites",
        code_url="https://github.com/farol/kite",
    ),
    normalize.make_paper(title="Tails", doi="10.1000/tails"),
    normalize.make_paper(title="Strings", doi="10.1000/a,b|c"),
    normalize.make_paper(title="The wind of the valley", comment="github.com/farol/wind"),
)

_REQUESTS = (
    FetchRequest(
        _NOW, papers=ABOUT, key="key", contact="desk@paper.example", categories=("cs.CL",)
    ),
    FetchRequest(_NOW, papers=ABOUT),
)


@dataclass(frozen=True, slots=True)
class Parser:
    """One that is tried.

    Parameters
    ----------
    name : str
        Of the source, the format or the rule.
    take : callable
        Tries one input; what it raises is a finding.
    starts : sequence of bytes
        Inputs to begin with.
    soil : Soil
        What its inputs are made of.
    """

    name: str
    take: Callable[[bytes], object]
    starts: Sequence[bytes]
    soil: Soil


def every_parser() -> dict[str, Parser]:
    """Make the parsers, by name."""
    made_of = [
        *(_of_source(name) for name in NAMES),
        *(_of_format(one) for one in files._FORMATS),
        _of_gzip(),
        *(_of_texts(name, take, module) for name, (take, module) in _TEXTS.items()),
    ]
    return {one.name: one for one in made_of}


def _of_source(name: str) -> Parser:
    specs = SPECS.get(name, (name,))
    asking = [(*source_named(spec), request) for request in _REQUESTS for spec in specs]
    soil = _soil(_SEEDS_OF.get(name, name), _modules_of(asking[0][0].fetch))
    client = Answering()

    def take(data: bytes) -> list[Batch]:
        choices = Choices(data)
        source, argument, request = choices.one_of(asking)
        since, until = choices.one_of(_DAYS)
        client.is_to_say(replies_of(choices, soil))
        told: list[Batch] = []
        cursor: Cursor = {}
        for _ in range(2):
            request = replace(request, cursor=cursor, since=since, until=until, argument=argument)
            try:
                for batch in islice(source.fetch(client, request), _BATCHES):
                    sound.check_batch(batch)
                    told.append(batch)
                    cursor = batch.cursor or cursor
            except SourceError as error:
                sound.check_text(str(error), "error")
            if not cursor:
                break
        return told

    ways = [bytes([-(-256 * n // len(asking)), 0, 0]) for n in range(len(asking))]
    return Parser(name, take, _starts(soil, ways), soil)


def _of_format(source: files._Format) -> Parser:
    name = source.NAME
    assert isinstance(source, ModuleType)
    soil = _soil(name, [source])

    def take(data: bytes) -> list[object]:
        body = made(Choices(data), soil)
        source.recognises(body)
        try:
            told = list(source.parse(io.BytesIO(body), name))
        except SourceError as error:
            sound.check_text(str(error), "error")
            return []
        sound.check_told(told)
        return told

    return Parser(name, take, _starts(soil, [b""]), soil)


def _of_gzip() -> Parser:
    folders = [one.NAME for one in files._FORMATS]
    seeds = [seed for name in folders for seed in _soil(name, [files]).seeds]
    soil = Soil("text", words_in([Path(files.__file__)]), seeds)

    def take(data: bytes) -> list[object]:
        with NamedTemporaryFile() as file:
            file.write(_packed(Choices(data), soil))
            file.flush()
            try:
                told: list[object] = list(files.read_file(Path(file.name))[1])
            except SourceError as error:
                sound.check_text(str(error), "error")
                return []
        sound.check_told(told)
        return told

    return Parser("gzip", take, _starts(soil, [b"\0"]), soil)


def _packed(choices: Choices, soil: Soil) -> bytes:
    """Pack a file in parts, cut it short and damage a byte of it, each or not."""
    how = choices.number(8)
    if how == 7:
        return b"\x1f\x8b" + choices.rest()
    place, bit, keep = choices.number(1 << 16), choices.number(8), choices.number(1 << 16)
    body = made(choices, soil)
    half = len(body) // 2 if how & 1 else 0
    whole = bytearray(gzip.compress(body[:half], 1) + bytes(half & 7) + gzip.compress(body[half:]))
    if how & 2:
        whole[place % len(whole)] ^= 1 << bit
    return bytes(whole[: keep % len(whole)] if how & 4 else whole)


def _of_texts(name: str, take: Callable[[Choices, Soil], object], module: ModuleType) -> Parser:
    soil = _soil(name, [module])
    return Parser(name, lambda data: take(Choices(data), soil), _starts(soil, [b""]), soil)


def _text(choices: Choices, soil: Soil) -> str:
    return made(choices, soil).decode("utf-8", "surrogateescape")


def _query(choices: Choices, soil: Soil) -> object:
    typed = _text(choices, soil)
    read = query.parse(typed, _NOW.date())
    written = query.unparse(read.clauses)
    query.with_filter(read, query.Since(_NOW.date()))
    for clause in read.clauses[:3]:
        query.without_filter(read, clause)
    query.paper_id_in(typed)
    return read.words, read.filters, read.choice, read.plain, written


def _ids(choices: Choices, soil: Soil) -> object:
    lines = _text(choices, soil).split("\n")
    found = [identity.parse_any_id(line) for line in lines]
    for one in found:
        if one:
            sound.check_text(one, "id")
    keys = [identity.title_key(line) for line in lines]
    return found, keys, identity.may_be_same_author(lines[0], lines[-1])


def _intake(choices: Choices, soil: Soil) -> Paper | None:
    lines = _text(choices, soil).split("\n")
    many = (lines * choices.number(1 << 12))[:_MANY] if choices.one_in(16) else lines
    told = dict(zip(("title", "abstract", "published", "arxiv", "doi", "url"), lines, strict=False))
    try:
        paper = normalize.make_paper(
            title=told.pop("title"),
            **told,
            authors=many,
            categories=many,
            venue=lines[-1],
            comment=lines[-1],
            code_url=lines[-1],
            ids=many,
            version=choices.number(1 << 16) - 1,
            notice=choices.one_of((None, *Notice)),
            summary=lines[0],
            open_url=lines[0],
            references=many,
            related=many,
        )
    except ValueError as error:
        sound.check_text(str(error), "why")
        return None
    sound.check_paper(paper)
    return paper


def _notice(choices: Choices, soil: Soil) -> object:
    told = _text(choices, soil)
    return notice.notice_of(told, *told.split("\n"))


def _paper_links(choices: Choices, soil: Soil) -> object:
    told = _text(choices, soil)
    papers = paper_links.find_paper_ids(told)
    for one in papers:
        sound.check_text(one, "id")
    return papers, [parse_moment(line) for line in told.split("\n")]


def _code_links(choices: Choices, soil: Soil) -> object:
    # Not cleaned, which would leave less to stumble over.
    paper = Paper("hash:1", "Kites", abstract=_text(choices, soil), comment=text(choices, ["x/y"]))
    return code_links.github_repositories(paper), code_links.hub_repositories(paper)


_TEXTS: dict[str, tuple[Callable[[Choices, Soil], object], ModuleType]] = {
    "query": (_query, sys.modules["broadsheet.rules.query_tokens"]),
    "ids": (_ids, identity),
    "intake": (_intake, normalize),
    "notice": (_notice, notice),
    "paper-links": (_paper_links, paper_links),
    "code-links": (_code_links, code_links),
}


def _soil(folder: str, modules: Sequence[ModuleType]) -> Soil:
    paths = sorted((_SEEDS / folder).iterdir())
    words = words_in([Path(one.__file__) for one in modules if one.__file__])
    return Soil(_KINDS.get(paths[0].suffix, "text"), words, [one.read_bytes() for one in paths])


def _modules_of(fetch: Callable[..., object]) -> list[ModuleType]:
    """List the module of a source, and those beside it that it takes something from."""
    inner = fetch.func if isinstance(fetch, partial) else fetch
    module = sys.modules[inner.__module__]
    names = {getattr(one, "__module__", None) or "" for one in vars(module).values()}
    beside = {name for name in names if name.startswith("broadsheet.sources.")}
    left_out = {"broadsheet.http.client", "broadsheet.sources.source"}
    return [sys.modules[name] for name in sorted({module.__name__, *beside} - left_out)]


def _starts(soil: Soil, heads: Sequence[bytes]) -> list[bytes]:
    """Give the good texts as they are, and decisions to grow and graft others with."""
    plain = [head + b"\0" + seed for head in heads for seed in soil.seeds]
    decisions = (blake2b(bytes([n]), digest_size=64).digest() * 4 for n in range(_STARTS))
    others = [
        head + bytes([64 * (1 + n % 3)]) + one for n, one in enumerate(decisions) for head in heads
    ]
    return [*plain, *others]
