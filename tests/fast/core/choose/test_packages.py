"""What a package manager says that it offers."""

import json
from typing import Any

import pytest

from bootstrap.core.choose.packages import apt_offers, brew_offers, dnf_offers

# Printed by apt 2.6.1 of Debian 12, each for one name.
APT = """docker.io:
  Installed: (none)
  Candidate: 20.10.24+dfsg1-1+deb12u1+b6
  Version table:
     20.10.24+dfsg1-1+deb12u1+b6 500
        500 http://mirror.example/debian bookworm/main amd64 Packages
"""
APT_WITHOUT = "virtualbox:\n  Installed: (none)\n  Candidate: (none)\n  Version table:\n"
# From documentation, never seen on a machine of kboot's.
DNF = "Available Packages\nmoby-engine.x86_64      24.0.5-1.fc39      fedora\n"
BREW = json.dumps({"formulae": [], "casks": [{"token": "virtualbox", "version": "7.1.6,167084"}]})


@pytest.mark.parametrize(
    ("read", "answer", "offered"),
    [
        (apt_offers, (0, APT, ""), "20.10.24+dfsg1-1+deb12u1+b6"),
        (apt_offers, (0, APT_WITHOUT, ""), ""),
        (apt_offers, (0, "", ""), ""),
        (apt_offers, (100, "", "E: The package lists could not be parsed"), None),
        (dnf_offers, (0, DNF, ""), "24.0.5-1.fc39"),
        (dnf_offers, (1, "", "Error: No matching Packages to list"), ""),
        (dnf_offers, (1, "", "Error: Cache-only enabled but no cache for 'fedora'"), None),
        (brew_offers, (0, BREW, ""), "7.1.6,167084"),
        (brew_offers, (0, "{}", ""), None),
        (brew_offers, (1, "", "Error: No available cask with the name"), ""),
    ],
)
def test_what_a_manager_offers_is_read_and_what_it_does_not_say_is_not_guessed(
    read: Any, answer: tuple[int, str, str], offered: str | None
) -> None:
    assert read(*answer) == offered
