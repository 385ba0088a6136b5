import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.rules.identity import parse_any_id
from broadsheet.sources.paper_links import find_paper_ids


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://arxiv.org/abs/2502.14802v2", "arxiv:2502.14802"),
        ("http://export.arxiv.org/pdf/2502.14802v1.pdf?download=1", "arxiv:2502.14802"),
        ("https://arxiv.org/html/2502.14802v1#S3", "arxiv:2502.14802"),
        ("https://arxiv.org/abs/math.AG/0601001", "arxiv:math/0601001"),
        ("https://huggingface.co/papers/2502.14802", "arxiv:2502.14802"),
        ("hf.co/papers/2502.14802.", "arxiv:2502.14802"),
        ("https://www.alphaxiv.org/abs/2502.14802", "arxiv:2502.14802"),
        ("https://alphaxiv.org/overview/2502.14802v3", "arxiv:2502.14802"),
        ("https://doi.org/10.48550/arXiv.2502.14802", "arxiv:2502.14802"),
        ("as arXiv:2502.14802 [cs.CL] says", "arxiv:2502.14802"),
        ("oai:arXiv.org:2502.14802v1", "arxiv:2502.14802"),
        ("arxiv.org&#x2F;abs&#x2F;2502.14802", "arxiv:2502.14802"),
        ('<a href="https://arxiv.org/abs/2502.14802">', "arxiv:2502.14802"),
        ("https://doi.org/10.1000/X.1?utm=1", "doi:10.1000/x.1"),
        ("https://dx.doi.org/10.1000%2Fx1", "doi:10.1000/x1"),
        ("doi: 10.1000/x1, and more", "doi:10.1000/x1"),
        ("(see https://doi.org/10.1016/S0140-6736(20)3018).", "doi:10.1016/s0140-6736(20)3018"),
        ("[Kites](https://doi.org/10.1000/x1)", "doi:10.1000/x1"),
        ("https://dl.acm.org/doi/abs/10.1145/12.34", "doi:10.1145/12.34"),
        (
            "https://www.biorxiv.org/content/10.1101/2026.01.02.123456v1.full",
            "doi:10.1101/2026.01.02.123456",
        ),
        ("https://aclanthology.org/2024.acl-long.1.pdf", "acl:2024.acl-long.1"),
        ("https://www.aclweb.org/anthology/p19-1001/", "acl:P19-1001"),
    ],
)
def test_every_form_of_a_link_is_found(text: str, found: str) -> None:
    assert find_paper_ids(text) == (found,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://arxiv.org/list/cs.CL/recent",
        "https://arxiv.org/abs/2502.1480212",
        "https://arxiv.org/abs/2599.14802",
        "https://notarxiv.org/abs/2502.14802",
        "https://huggingface.co/papers",
        "https://mydoi.org/10.1000/x1",
        "version 10.1000/x of 2502.14802",
    ],
)
def test_other_links_are_ignored(text: str) -> None:
    assert find_paper_ids(text) == ()


def test_ids_are_in_order_without_duplicates() -> None:
    found = find_paper_ids(
        "doi.org/10.1000/b arxiv.org/abs/2502.00002",
        None,
        "arxiv.org/pdf/2502.00002v3 arxiv.org/abs/2502.00001",
    )
    assert found == ("doi:10.1000/b", "arxiv:2502.00002", "arxiv:2502.00001")


@pytest.mark.parametrize(
    "piece", ["arxiv.org/abs/", "10.1000/", "doi:10.1000/(((", "&#x2f;", "a-", "9.", "/doi/pdf/"]
)
def test_hostile_text_takes_linear_time(piece: str) -> None:
    began = time.perf_counter()
    find_paper_ids(piece * (400_000 // len(piece)))
    assert time.perf_counter() - began < 5


@given(st.text())
def test_any_text_returns_only_normalised_ids(text: str) -> None:
    assert all(
        parse_any_id(one) == one for one in find_paper_ids(text, f"https://doi.org/10.1000/{text}")
    )
