"""docs/security.md answers every requirement of ASVS 5.0 level 2, with tests that exist."""

import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "security.md").read_text(encoding="utf-8")
# The level of each requirement, in order, by section.
SECTIONS = """
V1.1 22  V1.2 1111122223  V1.3 112222222223  V1.4 222  V1.5 123
V2.1 122  V2.2 112  V2.3 12223  V2.4 23
V3.1 3  V3.2 113  V3.3 12223  V3.4 11222233  V3.5 11122333  V3.6 3  V3.7 22333
V4.1 12233  V4.2 23333  V4.3 22  V4.4 1222
V5.1 2  V5.2 112333  V5.3 113  V5.4 222
V6.1 122  V6.2 111111112222  V6.3 11223333  V6.4 112233  V6.5 22222333  V6.6 2223  V6.7 33
V6.8 2222
V7.1 222  V7.2 1111  V7.3 22  V7.4 11222  V7.5 223  V7.6 22
V8.1 1233  V8.2 1123  V8.3 133  V8.4 23
V9.1 111  V9.2 1222
V10.1 22  V10.2 223  V10.3 22223  V10.4 1111122222233333  V10.5 22222  V10.6 22  V10.7 222
V11.1 2233  V11.2 22233  V11.3 11233  V11.4 1222  V11.5 23  V11.6 23  V11.7 33
V12.1 12233  V12.2 11  V12.3 22223
V13.1 2333  V13.2 222223  V13.3 2233  V13.4 1222233
V14.1 22  V14.2 12223333  V14.3 122
V15.1 12233  V15.2 12233  V15.3 1222222  V15.4 3333
V16.1 2  V16.2 22222  V16.3 2222  V16.4 222  V16.5 2223
V17.1 23  V17.2 22223333  V17.3 22
"""
LEVELS = {
    f"{section}.{number}": int(level)
    for section, levels in re.findall(r"(V\S+) (\d+)", SECTIONS)
    for number, level in enumerate(levels, start=1)
}
REQUIRED = [name for name, level in LEVELS.items() if level <= 2]
ROWS = re.findall(r"^\| (V[\d.]+)(?:–(V[\d.]+))? \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)


def test_the_list_of_requirements_is_complete() -> None:
    # As the standard counts them.
    assert len(LEVELS) == 345
    assert [list(LEVELS.values()).count(level) for level in (1, 2, 3)] == [70, 183, 92]


def test_every_requirement_of_levels_1_and_2_is_answered_once_and_in_order() -> None:
    answered = []
    for first, last, _, _ in ROWS:
        start, end = REQUIRED.index(first), REQUIRED.index(last or first)
        assert start <= end
        answered += REQUIRED[start : end + 1]
    assert answered == REQUIRED
    assert PAGE.count("\n| V") == len(ROWS)


def test_every_test_that_the_table_names_exists() -> None:
    named = re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", "".join(answer for *_, answer in ROWS))
    assert len(named) > 100
    for file, function in named:
        text = (TESTS / file).read_text(encoding="utf-8")
        assert f"def {function or 'test_'}" in text, (file, function)


def test_a_requirement_without_a_test_has_a_reason() -> None:
    for first, _, subject, answer in ROWS:
        assert subject.strip() and answer.strip(), first
        assert ".py" in answer or len(answer.split()) >= 2, first
