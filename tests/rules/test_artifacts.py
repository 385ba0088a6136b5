"""The code, data and models of a paper."""

import pytest

from broadsheet.model import Paper
from broadsheet.rules.artifacts import Artifact, artifact_of, artifact_urls


@pytest.mark.parametrize(
    ("abstract", "urls"),
    [
        ("We fly kites.", ()),
        ("Code: https://github.com/valley/kites.", ("https://github.com/valley/kites",)),
        ("Weights: HF.co/valley/kites-7b", ("https://huggingface.co/valley/kites-7b",)),
        ("Try https://huggingface.co/spaces/valley/kites", ()),
        ("Data: doi 10.5281/zenodo.123456", ("https://zenodo.org/records/123456",)),
        (
            "At zenodo.org/record/42 and Zenodo.org/records/4242",
            ("https://zenodo.org/records/4242",),
        ),
        (
            "Both github.com/valley/kites and github.com/valley/more",
            ("https://github.com/valley/kites",),
        ),
    ],
)
def test_an_abstract_names_code_data_and_models(abstract: str, urls: tuple[str, ...]) -> None:
    assert artifact_urls(Paper("hash:1", "Kites", abstract)) == urls


def test_the_code_that_a_source_names_comes_first_and_each_kind_once() -> None:
    paper = Paper(
        "hash:1",
        "Kites",
        "github.com/valley/other, huggingface.co/datasets/valley/wind and hf.co/valley/kites",
        code_url="https://gitlab.example/kites",
    )
    urls = artifact_urls(paper)
    assert [artifact_of(url) for url in urls] == [Artifact.CODE, Artifact.DATA, Artifact.MODEL]
    assert urls[0] == "https://gitlab.example/kites"
