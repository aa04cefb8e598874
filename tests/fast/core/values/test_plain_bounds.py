"""Plain bounds are compared without packaging, and mean the same as with it."""

from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from bootstrap.core.values.version import Constraint, Version

NUMBERS = st.lists(st.integers(0, 3), min_size=1, max_size=4).map(tuple)
OPERATORS = st.sampled_from((">=", "<=", ">", "<", "==", "!="))
BOUNDS = st.lists(st.tuples(OPERATORS, NUMBERS), min_size=1, max_size=3)


@settings(max_examples=2000, deadline=None, derandomize=True)
@given(BOUNDS, NUMBERS)
def test_plain_bounds_say_what_packaging_says(
    bounds: list[tuple[str, tuple[int, ...]]], release: tuple[int, ...]
) -> None:
    text = ",".join(f"{sign}{'.'.join(map(str, numbers))}" for sign, numbers in bounds)
    found = ".".join(map(str, release))
    assert Constraint(text).accepts(Version(release)) == SpecifierSet(text).contains(found)
