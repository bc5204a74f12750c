"""One cassette for each test, whatever tests are called."""

from __future__ import annotations

from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st
from ninelives.fixtures.cassettes import default_path
from ninelives.fixtures.names import file_name, former_file_name

NAMES = st.text(st.sampled_from("ab_AB!/ .,-[]=\\é😀中"), max_size=260)


@given(NAMES, NAMES)
@example("test_x[a!b]", "test_x[a/b]")
@example("test_x[a b]", "test_x[a_b]")
@example("test_x[Yes]", "test_x[yes]")
@example("test_x[😀]", "test_x[🙂]")
@example("test_x[é]", "test_x[e\u0301]")
@example("test_" + "x" * 300, "test_" + "x" * 301)
def test_two_names_are_two_files_even_where_case_does_not_count(one: str, other: str) -> None:
    if one != other and not (one.lower() == other.lower() and "[" not in one + other):
        assert file_name(one).lower() != file_name(other).lower()


@given(NAMES)
def test_a_name_is_a_file_name(name: str) -> None:
    made = file_name(name)
    assert len(f"{made}.jsonl.1.partial".encode()) <= 255
    assert "/" not in made
    assert "\\" not in made


def test_names_stay_readable() -> None:
    assert file_name("test_weather") == "test_weather"
    assert file_name("TestBot.test_weather[paris-2]") == "TestBot.test_weather[paris-2]"
    assert file_name("test_weather[What's up?]").startswith("test_weather[What_s_up_]-")


class TestOuter:
    class TestInner:
        pass


class TestOther:
    class TestInner:
        pass


def test_nested_classes_of_one_name_are_two(tmp_path: Path) -> None:
    paths = {
        default_path(tmp_path / "test_x.py", "test_a", each.TestInner, "none")
        for each in (TestOuter, TestOther)
    }
    assert {path.name for path in paths} == {
        "TestOuter.TestInner.test_a.jsonl",
        "TestOther.TestInner.test_a.jsonl",
    }


def test_a_cassette_under_its_former_name_is_found_and_not_written_over(tmp_path: Path) -> None:
    file = tmp_path / "test_x.py"
    former = tmp_path / "cassettes" / "test_x" / f"{former_file_name('test_a[b!c]')}.jsonl"
    assert former.name == "test_a[b_c].jsonl"
    former.parent.mkdir(parents=True)
    former.touch()
    for mode in ("none", "once", "new_episodes", "off"):
        assert default_path(file, "test_a[b!c]", None, mode) == former
    own = default_path(file, "test_a[b!c]", None, "rewrite")
    assert own != former
    own.touch()
    assert default_path(file, "test_a[b!c]", None, "none") == own
