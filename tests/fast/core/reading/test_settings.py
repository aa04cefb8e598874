"""A person's settings: flags, the environment, a file."""

from typing import Any

import pytest

from bootstrap.core.reading.settings import Settings, from_environment, from_file, from_flags
from bootstrap.errors import Exit, KbootError


def test_a_flag_wins_over_the_environment_and_that_over_the_file() -> None:
    file = from_file(Settings(), {"trust": "catalogue", "ca_bundle": "/f", "image": "f"}, "c.toml")
    assert (file.trust, file.ca_bundle, file.image) == ("catalogue", "/f", "f")
    both = from_environment(file, {"KBOOT_TRUST": "first-seen", "KBOOT_CA_BUNDLE": "/e"})
    assert (both.trust, both.ca_bundle, both.image) == ("first-seen", "/e", "f")
    all_three = from_flags(both, trust="publisher", mirrors=None, ca_bundle=None)
    assert (all_three.trust, all_three.ca_bundle, all_three.image) == ("publisher", "/e", "f")


def test_what_nobody_sets_keeps_its_default() -> None:
    assert from_environment(Settings(), {"KBOOT_TRUST": "", "PATH": "/bin"}) == Settings()
    assert from_flags(Settings(), trust=None, mirrors=[], ca_bundle="") == Settings()


def test_mirrors_are_pairs_of_urls() -> None:
    text = "https://a/=https://b/, https://c=https://d"
    assert from_environment(Settings(), {"KBOOT_MIRRORS": text}).mirrors == (
        "https://a/=https://b/",
        "https://c=https://d",
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"truts": "publisher"}, "unknown key truts"),
        ({"trust": "blind"}, "trust is one of catalogue, publisher, first-seen"),
        ({"trust": 1}, "trust has the wrong type: 1"),
        ({"allow_sudo": "yes"}, "allow_sudo has the wrong type: 'yes'"),
        ({"allow_sudo": 1}, "allow_sudo has the wrong type: 1"),
        ({"mirrors": "https://a=https://b"}, "mirrors has the wrong type"),
        ({"mirrors": [1]}, "mirrors has the wrong type"),
        ({"mirrors": ["a=b"]}, "'a=b' is not FROM=TO with two URLs"),
        ({"mirrors": ["https://a=b"]}, "'https://a=b' is not FROM=TO with two URLs"),
        ({"mirrors": ["https://a"]}, "'https://a' is not FROM=TO with two URLs"),
    ],
)
def test_a_setting_that_cannot_be_used_is_a_usage_error_with_the_reason(
    data: dict[str, Any], said: str
) -> None:
    with pytest.raises(KbootError) as caught:
        from_file(Settings(), data, "config.toml")
    assert caught.value.code is Exit.USAGE and caught.value.state == "nothing was changed"
    assert any(said in item for item in caught.value.items)


@pytest.mark.parametrize(
    ("value", "allowed"), [("1", True), ("true", True), ("0", False), ("FALSE", False)]
)
def test_sudo_is_allowed_by_a_plain_yes(value: str, allowed: bool) -> None:
    assert from_environment(Settings(), {"KBOOT_ALLOW_SUDO": value}).allow_sudo is allowed


def test_sudo_is_not_allowed_by_a_word_that_is_neither_yes_nor_no() -> None:
    with pytest.raises(KbootError, match="environment") as caught:
        from_environment(Settings(), {"KBOOT_ALLOW_SUDO": "maybe"})
    assert caught.value.items == ("KBOOT_ALLOW_SUDO is true or false, not 'maybe'",)
