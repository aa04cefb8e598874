"""Versions as tools print them, and what a profile accepts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootstrap.core.values.version import (
    Constraint,
    Version,
    check_constraint,
    find_version,
    parse_version,
)
from tests.helpers.deciding.generated import reproducible


@pytest.mark.parametrize(
    ("printed", "release", "pre", "kept"),
    [
        ("18.02.0-ce", (18, 2, 0), None, "18.02.0-ce"),
        ("20.10.24+dfsg1", (20, 10, 24), None, "20.10.24+dfsg1"),
        ("5.2.6r120293", (5, 2, 6), None, "5.2.6r120293"),
        ("7.2.22_Debianr175245", (7, 2, 22), None, "7.2.22_Debianr175245"),
        ("6.1.38_Ubuntur153438", (6, 1, 38), None, "6.1.38_Ubuntur153438"),
        ("v1.32.4-dispatcher", (1, 32, 4), None, "1.32.4-dispatcher"),
        ("v1.36.4+k3s1", (1, 36, 4), None, "1.36.4+k3s1"),
        ("28.0.0rc1", (28, 0, 0), ("rc", 1), "28.0.0rc1"),
        ("28.0.0~rc.1", (28, 0, 0), ("rc", 1), "28.0.0~rc.1"),
        ("v1.20.5-rc.0", (1, 20, 5), ("rc", 0), "1.20.5-rc.0"),
        ("7.2.0_BETA1", (7, 2, 0), ("beta", 1), "7.2.0_BETA1"),
        ("7.2.0_BETA2r170000", (7, 2, 0), ("beta", 2), "7.2.0_BETA2r170000"),
        ("1.9.0-alpha.3", (1, 9, 0), ("alpha", 3), "1.9.0-alpha.3"),
        ("1.9.0b2", (1, 9, 0), ("beta", 2), "1.9.0b2"),
        ("3.18.4-alpine", (3, 18, 4), None, "3.18.4-alpine"),
        ("docker-29.4.2-2.tgz", (29, 4, 2), None, "29.4.2-2.tgz"),
        ("minikube version: v0.25.0", (0, 25, 0), None, "0.25.0"),
        ("Docker version 17.12.1-ce, build 7390fc6", (17, 12, 1), None, "17.12.1-ce"),
        ("(18.02)", (18, 2), None, "18.02"),
    ],
)
def test_the_release_is_found_and_its_decoration_kept_for_display(
    printed: str, release: tuple[int, ...], pre: tuple[str, int] | None, kept: str
) -> None:
    found = find_version(printed)
    assert found is not None
    assert (found.release, found.pre, found.text) == (release, pre, kept)


@pytest.mark.parametrize("text", ["", "no version", "18", "release1.2.3", "1١.2.3", "v", "..1.2"])
def test_what_is_not_a_version_is_none(text: str) -> None:
    assert find_version(text) is None


@pytest.mark.parametrize("text", ["", "x 1.2.3", "latest", "١.٢.٣", "../1.2.3"])
def test_parsing_refuses_what_does_not_begin_with_a_version(text: str) -> None:
    with pytest.raises(ValueError, match="not a version"):
        parse_version(text)


@pytest.mark.parametrize(
    ("version", "shown"),
    [("18.02.0-ce", "18.02.0"), ("v1.20.5-rc.0", "1.20.5-rc.0"), ("0.25", "0.25")],
)
def test_a_version_is_written_as_releases_are_named(version: str, shown: str) -> None:
    assert str(find_version(version)) == shown


@pytest.mark.parametrize(
    ("constraint", "accepted", "refused"),
    [
        ("0.25", "0.25.0 0.25.2 0.25.10", "0.26.0 1.25.0 0.25.0-beta.1 0.2.5"),
        ("18.02", "18.02.0-ce 18.02", "18.03.0-ce 18.2.0-rc1"),
        ("1", "1.0.0 1.38.1", "0.25.0 2.0.0"),
        ("1.10", "1.10.0", "1.1.0 1.100.0"),
        ("1.9.3", "1.9.3 v1.9.3 1.9.3-gke.0", "1.9.30 1.9.4 1.9.3-beta.1"),
        ("v1.9.3", "1.9.3", "1.9.4"),
        ("1.20.5-rc.0", "v1.20.5-rc.0", "1.20.5 1.20.5-rc.1"),
        (">=5.2,<5.3", "5.2.6r120293 5.2.0", "5.3.0 5.1.38 5.3.0_BETA1 5.2.6_BETA1"),
        (">=20.10", "20.10.24+dfsg1 28.2.2", "18.02.0-ce 28.0.0rc1"),
        ("~=1.38.0", "1.38.1", "1.39.0 1.37.0"),
        ("!=1.9.3,>=1.9", "1.9.4", "1.9.3 1.8.0"),
        ("==1.35.*", "1.35.2", "1.36.0"),
        (">1.9", "1.9.3", "1.9.0"),
        (">=28.0.0rc1", "28.0.0-rc.2 28.0.0", "28.0.0_BETA1"),
        (">=v28.0.0-rc.1", "28.0.0rc1", "27.0.0"),
        ("<1.36.0-rc.1", "1.35.2 1.36.0-alpha.1", "1.36.0-rc.1 1.36.0"),
    ],
)
def test_a_constraint_compares_releases_and_takes_pre_releases_only_when_asked(
    constraint: str, accepted: str, refused: str
) -> None:
    assert check_constraint(constraint) == ""
    judged = {
        text: Constraint(constraint).accepts(parse_version(text))
        for text in (*accepted.split(), *refused.split())
    }
    wanted = dict.fromkeys(accepted.split(), True) | dict.fromkeys(refused.split(), False)
    assert judged == wanted


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not a version like"),
        ("../x", "is not a version like"),
        ("--help", "is not a version like"),
        ("latest", "is not a version like"),
        ("1.9.3\n", "is not a version like"),
        ("0.25\n", "is not a version like"),
        ("١.٩.٣", "is not a version like"),
        ("1.9.x", "is not a version like"),
        ("1.9.3;rm -rf", "is not a version like"),
        ("9" * 10_000, "at most 100 characters"),
        (">=" + "9" * 10_000, "at most 100 characters"),
        (">=", "is not a version specifier"),
        (">=1.9 <2", "is not a version specifier"),
        (">=../x", "is not a version specifier"),
        ("=1.9.3", "is not a version specifier"),
        ("===../x", "write == instead"),
        ("!", "is not a version specifier"),
    ],
)
def test_a_constraint_that_means_nothing_is_refused_with_the_reason(
    text: str, problem: str
) -> None:
    said = check_constraint(text)
    assert problem in said
    assert len(said) < 300 and "\n" not in said


@reproducible(400)
@given(
    st.text(alphabet="0123456789.<>=!~, vrcab*-+\n١", max_size=14)
    | st.from_regex(r"(>=|<|==|~=|!=)[0-9]{1,60}(\.[0-9]{1,3}){0,5}(rc1|\.\*|\+a)?", fullmatch=True)
)
def test_a_constraint_that_passed_the_check_never_fails_on_a_version(text: str) -> None:
    if check_constraint(text) == "":
        for printed in ("18.02.0-ce", "28.0.0rc1", "5.2.6r120293", "0.25"):
            Constraint(text).accepts(parse_version(printed))


versions = st.builds(
    Version,
    st.lists(st.integers(0, 3), min_size=2, max_size=4).map(tuple),
    st.none() | st.tuples(st.sampled_from(("alpha", "beta", "rc")), st.integers(0, 2)),
)


@reproducible(400)
@given(versions, versions, versions)
def test_versions_have_a_total_order(a: Version, b: Version, c: Version) -> None:
    assert (a < b) + (a == b) + (a > b) == 1
    assert not (a < b and b < c) or a < c
    assert a != b or hash(a) == hash(b)


@reproducible(200)
@given(versions)
def test_a_version_survives_being_written_and_read(version: Version) -> None:
    assert parse_version(str(version)) == version


def test_a_pre_release_comes_before_its_release() -> None:
    printed = ["1.9.0-alpha.1", "1.9.0-beta.1", "1.9.0-beta.10", "1.9.0-rc.0", "1.9.0", "1.9.1"]
    assert sorted(map(parse_version, reversed(printed))) == [*map(parse_version, printed)]


def test_trailing_zeros_do_not_matter() -> None:
    assert parse_version("18.02") == parse_version("18.2.0")


@reproducible(300)
@given(st.text(max_size=40))
def test_finding_a_version_never_fails(text: str) -> None:
    found = find_version(text)
    assert found is None or all(number >= 0 for number in found.release)
