"""Run `broadsheet fetch` against services that fail in recorded and in other ways.

Each command runs several sources, which fail with their first, second or third failure.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from broadsheet.config import load_settings
from broadsheet.library import Library
from tests.cli.test_cli import broadsheet
from tests.golden.test_recorded import SETTINGS, reports
from tests.recordings import recording, seeded
from tests.services import Answer, Services

Runs = Mapping[int, Future[tuple[Path, CompletedProcess[str]]]]

PLACES = {
    "arxiv": ("oaipmh.arxiv.org", "/oai"),
    "github": ("api.github.com", "/repos/*"),
    "semanticscholar": ("api.semanticscholar.org", "/graph/*"),
    "2603.00009": ("export.arxiv.org", "/api/query"),
    "10.1371/notarealdoi": ("api.crossref.org", "/works/*"),
}
# Replies to each source, recorded ones by name, and part of the error message.
FAILURES: dict[str, tuple[tuple[str | Answer, str], ...]] = {
    "arxiv": (
        (
            "oai_generic/badArgument.xml",
            "returned an error (badArgument): check the requested",
        ),
        (
            "oai_generic/badResumptionToken.xml",
            "returned an error (badResumptionToken: This",
        ),
        ("oai_generic/cannotDisseminateFormat.xml", "returned an error (cannotDisseminateFormat"),
        ("oai_generic/idDoesNotExist.xml", "returned an error (idDoesNotExist"),
        ("oai_generic/noSetHierarchy.xml", "returned an error (noSetHierarchy"),
        ("oai_generic/undefinedError.xml", "returned an error (undefinedError"),
        ("oai_generic/ListRecordsBroken.xml", "returned invalid XML"),
    ),
    "github": (
        ("github/err_SpecificExceptions.testBadCredentials.0.json", "denied access (status 401)"),
        ("github/err_SpecificExceptions.testBadUserAgent.0.json", "(status 403): check"),
        ("github/err_SpecificExceptions.testRateLimitExceeded.1.json", "(status 403): check"),
        (
            "github/err_SpecificExceptions.testAuthenticatedRateLimitExceeded.1.json",
            "rate limited for 60 s (status 403)",
        ),
        # HTML, requested four times.
        ("github/err_Exceptions.testNonJsonDataReturnedByGithub.0.json", "(status 503)"),
        ("github/err_Exceptions.testJSONParseError.0.json", "returned other data instead of JSON"),
        ("github/err_Exceptions.testInvalidInput.0.json", "returned status 422"),
    ),
    "semanticscholar": (
        ("semanticscholar/test_not_found.0.json", "was not found (status 404)"),
        ("semanticscholar/test_bad_query_parameters.0.json", "rejected the request"),
        (Answer(b"", 429, {"Retry-After": "120"}), "requested a wait of 2 minutes (status 429)"),
        ("semanticscholar/test_search_paper_match_title.0.json", "one item for each of 16 papers"),
    ),
    "2603.00009": (("arxiv_atom/id_abc_s0_m100.http400.xml", "incorrect id format for abc"),),
    "10.1371/notarealdoi": (
        ("crossref/habanero_test_works_bad_id_warn.0.json", "Crossref has no work with the DOI"),
    ),
}
ROUNDS = range(max(len(failures) for failures in FAILURES.values()))


@pytest.fixture(scope="module")
def runs(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    folder = tmp_path_factory.mktemp("failures")
    origin = seeded(folder)

    def run(number: int) -> tuple[Path, CompletedProcess[str]]:
        data = shutil.copytree(origin, folder / str(number))
        failing = {
            name: failures[number][0]
            for name, failures in FAILURES.items()
            if number < len(failures)
        }
        with Services() as services:
            for name, failures in failing.items():
                answer = failures
                if isinstance(answer, str):
                    answer = recording(shared / "data" / "api", answer).answer
                host, path = PLACES[name]
                services.answer(host, path, answer.body, answer.status, answer.headers)
            variables = SETTINGS | {"BROADSHEET_MIRROR": services.address}
            return data, broadsheet(data, "fetch", *failing, "--json", **variables)

    # Runs that wait before a retry do not delay the others.
    with ThreadPoolExecutor((os.cpu_count() or 1) + 1) as pool:
        yield {number: pool.submit(run, number) for number in ROUNDS}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize(
    ("name", "number"),
    [(name, n) for name, failures in FAILURES.items() for n in range(len(failures))],
)
def test_a_failure_is_one_sentence_and_does_not_stop_other_sources(
    runs: Runs, name: str, number: int
) -> None:
    _, done = runs[number].result()
    assert done.returncode == 1
    failing = [one for one, failures in FAILURES.items() if number < len(failures)]
    report = dict(zip(failing, reports(done), strict=True))[name]
    assert FAILURES[name][number][1] in report["error"]
    assert report["error"] in done.stderr
    assert not any(report["tally"].values())


def test_a_fetch_of_one_paper_does_not_change_the_source_state(runs: Runs) -> None:
    data, _ = runs[0].result()
    flags = {"data": data, "sources": "crossref arxiv-atom github"}
    with Library(load_settings(flags, environment={})) as library:
        assert [one.failures for one in library.sources.states()] == [0, 0, 1]
