"""What is saved can be replayed."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bootstrap.core.model.profile import Profile
from bootstrap.core.model.state import (
    HostState,
)
from bootstrap.core.values.codec import from_plain, to_plain
from tests.helpers.deciding.generated import host_states, profiles, reproducible
from tests.helpers.deciding.good_machine import (
    host,
)


@reproducible(300)
@given(host_states)
def test_a_saved_state_is_read_back_as_it_was(state: HostState) -> None:
    assert from_plain(HostState, json.loads(json.dumps(to_plain(state)))) == state


@reproducible(200)
@given(profiles)
def test_a_cached_profile_is_read_back_as_it_was(profile: Profile) -> None:
    assert from_plain(Profile, json.loads(json.dumps(to_plain(profile)))) == profile


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("system", "tools", "cluster", "x")), inner, max_size=3)
    ),
    max_leaves=5,
)


@reproducible(200)
@given(host_states, st.sampled_from([*to_plain(host()), "x"]), anything)
def test_a_damaged_state_is_refused_and_not_half_read(
    state: HostState, key: str, value: Any
) -> None:
    plain = to_plain(state)
    without = {name: each for name, each in plain.items() if name != key}
    for damaged in (value, without, {**plain, key: value}):
        try:
            read = from_plain(HostState, damaged)
        except ValueError:
            continue
        assert to_plain(read).items() >= damaged.items()
