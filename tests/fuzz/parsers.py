"""All parsers with example inputs: sources, file formats and rules that parse text."""

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
from broadsheet.rules import code_links, identity, normalize, notice, query, query_writing
from broadsheet.sources import files, paper_links
from broadsheet.sources.decoding import parse_moment
from broadsheet.sources.registry import NAMES, source_named
from broadsheet.sources.source import Batch, Cursor, FetchRequest
from tests.fuzz import invariants
from tests.fuzz.choices import Choices
from tests.fuzz.generation import Corpus, generate, strings_in, text
from tests.fuzz.replies import FakeClient, generate_replies

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
_RANDOM_INPUTS = 24
_MAX_ITEMS = 5_000
# Names with an argument.
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
    """A parser to fuzz.

    Parameters
    ----------
    name : str
        Name of the source, format or rule.
    run : callable
        Runs one input; any exception is a finding.
    inputs : sequence of bytes
        Initial inputs.
    corpus : Corpus
        Material for generated inputs.
    """

    name: str
    run: Callable[[bytes], object]
    inputs: Sequence[bytes]
    corpus: Corpus


def all_parsers() -> dict[str, Parser]:
    """Return all parsers by name."""
    parsers = [
        *(_source_parser(name) for name in NAMES),
        *(_format_parser(form) for form in files._FORMATS),
        _gzip_parser(),
        *(_text_parser(name, run, module) for name, (run, module) in _TEXTS.items()),
    ]
    return {parser.name: parser for parser in parsers}


def _source_parser(name: str) -> Parser:
    specs = SPECS.get(name, (name,))
    variants = [(*source_named(spec), request) for request in _REQUESTS for spec in specs]
    corpus = _load_corpus(_SEEDS_OF.get(name, name), _modules_of(variants[0][0].fetch))
    client = FakeClient()

    def run(data: bytes) -> list[Batch]:
        choices = Choices(data)
        source, argument, request = choices.one_of(variants)
        since, until = choices.one_of(_DAYS)
        client.set_replies(generate_replies(choices, corpus))
        batches: list[Batch] = []
        cursor: Cursor = {}
        for _ in range(2):
            request = replace(request, cursor=cursor, since=since, until=until, argument=argument)
            try:
                for batch in islice(source.fetch(client, request), _BATCHES):
                    invariants.check_batch(batch)
                    batches.append(batch)
                    cursor = batch.cursor or cursor
            except SourceError as error:
                invariants.check_text(str(error), "error")
            if not cursor:
                break
        return batches

    selectors = [bytes([-(-256 * n // len(variants)), 0, 0]) for n in range(len(variants))]
    return Parser(name, run, _initial_inputs(corpus, selectors), corpus)


def _format_parser(source: files._Format) -> Parser:
    name = source.NAME
    assert isinstance(source, ModuleType)
    corpus = _load_corpus(name, [source])

    def run(data: bytes) -> list[object]:
        body = generate(Choices(data), corpus)
        source.recognises(body)
        try:
            records = list(source.parse(io.BytesIO(body), name))
        except SourceError as error:
            invariants.check_text(str(error), "error")
            return []
        invariants.check_records(records)
        return records

    return Parser(name, run, _initial_inputs(corpus, [b""]), corpus)


def _gzip_parser() -> Parser:
    folders = [form.NAME for form in files._FORMATS]
    seeds = [seed for name in folders for seed in _load_corpus(name, [files]).seeds]
    corpus = Corpus("text", strings_in([Path(files.__file__)]), seeds)

    def run(data: bytes) -> list[object]:
        with NamedTemporaryFile() as file:
            file.write(_gzip(Choices(data), corpus))
            file.flush()
            try:
                records: list[object] = list(files.read_file(Path(file.name))[1])
            except SourceError as error:
                invariants.check_text(str(error), "error")
                return []
        invariants.check_records(records)
        return records

    return Parser("gzip", run, _initial_inputs(corpus, [b"\0"]), corpus)


def _gzip(choices: Choices, corpus: Corpus) -> bytes:
    """Compress a file, optionally in two members, with one damaged bit, or truncated."""
    kind = choices.number(8)
    if kind == 7:
        return b"\x1f\x8b" + choices.take_rest()
    place, bit, keep = choices.number(1 << 16), choices.number(8), choices.number(1 << 16)
    body = generate(choices, corpus)
    half = len(body) // 2 if kind & 1 else 0
    whole = bytearray(gzip.compress(body[:half], 1) + bytes(half & 7) + gzip.compress(body[half:]))
    if kind & 2:
        whole[place % len(whole)] ^= 1 << bit
    return bytes(whole[: keep % len(whole)] if kind & 4 else whole)


def _text_parser(name: str, run: Callable[[Choices, Corpus], object], module: ModuleType) -> Parser:
    corpus = _load_corpus(name, [module])
    return Parser(
        name, lambda data: run(Choices(data), corpus), _initial_inputs(corpus, [b""]), corpus
    )


def _text(choices: Choices, corpus: Corpus) -> str:
    return generate(choices, corpus).decode("utf-8", "surrogateescape")


def _query(choices: Choices, corpus: Corpus) -> object:
    typed = _text(choices, corpus)
    parsed = query.parse(typed, _NOW.date())
    unparsed = query_writing.unparse(parsed.clauses)
    query_writing.with_filter(parsed, query.Since(_NOW.date()))
    for clause in parsed.clauses[:3]:
        query_writing.without_filter(parsed, clause)
    query.paper_id_in(typed)
    return parsed.words, parsed.filters, parsed.choice, parsed.plain, unparsed


def _ids(choices: Choices, corpus: Corpus) -> object:
    lines = _text(choices, corpus).split("\n")
    found = [identity.parse_any_id(line) for line in lines]
    for paper_id in found:
        if paper_id:
            invariants.check_text(paper_id, "id")
    keys = [identity.title_key(line) for line in lines]
    return found, keys, identity.may_be_same_author(lines[0], lines[-1])


def _normalize(choices: Choices, corpus: Corpus) -> Paper | None:
    lines = _text(choices, corpus).split("\n")
    many = (lines * choices.number(1 << 12))[:_MAX_ITEMS] if choices.one_in(16) else lines
    fields = dict(
        zip(("title", "abstract", "published", "arxiv", "doi", "url"), lines, strict=False)
    )
    try:
        paper = normalize.make_paper(
            title=fields.pop("title"),
            **fields,
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
        invariants.check_text(str(error), "reason")
        return None
    invariants.check_paper(paper)
    return paper


def _notice(choices: Choices, corpus: Corpus) -> object:
    content = _text(choices, corpus)
    return notice.notice_of(content, *content.split("\n"))


def _paper_links(choices: Choices, corpus: Corpus) -> object:
    content = _text(choices, corpus)
    paper_ids = paper_links.find_paper_ids(content)
    for paper_id in paper_ids:
        invariants.check_text(paper_id, "id")
    return paper_ids, [parse_moment(line) for line in content.split("\n")]


def _code_links(choices: Choices, corpus: Corpus) -> object:
    # Built without make_paper, which would clean the text.
    paper = Paper(
        "hash:1", "Kites", abstract=_text(choices, corpus), comment=text(choices, ["x/y"])
    )
    return code_links.github_repositories(paper), code_links.hub_repositories(paper)


_TEXTS: dict[str, tuple[Callable[[Choices, Corpus], object], ModuleType]] = {
    "query": (_query, sys.modules["broadsheet.rules.query_tokens"]),
    "ids": (_ids, identity),
    "normalize": (_normalize, normalize),
    "notice": (_notice, notice),
    "paper-links": (_paper_links, paper_links),
    "code-links": (_code_links, code_links),
}


def _load_corpus(folder: str, modules: Sequence[ModuleType]) -> Corpus:
    paths = sorted((_SEEDS / folder).glob("*"))
    if not paths:
        raise FileNotFoundError(f"add example input of {folder!r} to {_SEEDS / folder}")
    words = strings_in([Path(module.__file__) for module in modules if module.__file__])
    seeds = [path.read_bytes() for path in paths]
    return Corpus(_KINDS.get(paths[0].suffix, "text"), words, seeds)


def _modules_of(fetch: Callable[..., object]) -> list[ModuleType]:
    """Return the module of a source and the modules of the package that it imports from."""
    inner = fetch.func if isinstance(fetch, partial) else fetch
    module = sys.modules[inner.__module__]
    names = {getattr(item, "__module__", None) or "" for item in vars(module).values()}
    imported = {name for name in names if name.startswith("broadsheet.sources.")}
    excluded = {"broadsheet.http.client", "broadsheet.sources.source"}
    return [sys.modules[name] for name in sorted({module.__name__, *imported} - excluded)]


def _initial_inputs(corpus: Corpus, heads: Sequence[bytes]) -> list[bytes]:
    """Return the seeds unchanged, and decisions that generate and mutate texts."""
    plain = [head + b"\0" + seed for head in heads for seed in corpus.seeds]
    decisions = (blake2b(bytes([n]), digest_size=64).digest() * 4 for n in range(_RANDOM_INPUTS))
    others = [
        head + bytes([64 * (1 + n % 3)]) + one for n, one in enumerate(decisions) for head in heads
    ]
    return [*plain, *others]
