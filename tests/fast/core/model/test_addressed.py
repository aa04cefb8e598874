"""Advice from rooms that know no profile is made to name it."""

import pytest

from bootstrap.core.model.profile import Profile, VerifySpec


@pytest.mark.parametrize(
    ("advice", "shown"),
    [
        ("kboot up", "scripts/kboot up p.toml"),
        (
            "kboot down, then kboot up   (data in the cluster stay)",
            "scripts/kboot down p.toml, then scripts/kboot up p.toml   (data in the cluster stay)",
        ),
        ("kboot up --recreate   (…)", "scripts/kboot up --recreate p.toml   (…)"),
        ("kboot up --mirror a://b=c://d", "scripts/kboot up --mirror a://b=c://d p.toml"),
        ("kboot verify --gates dns   (…)", "scripts/kboot verify --gates dns p.toml   (…)"),
        ("kboot verify --keep, then", "scripts/kboot verify --keep p.toml, then"),
        ("kboot exec -- kubectl get pods", "scripts/kboot exec p.toml -- kubectl get pods"),
        ("kboot up other.toml", "kboot up other.toml"),
        ("kboot doctor PROFILE   (a file)", "kboot doctor PROFILE   (a file)"),
        ("none that kboot can do", "none that kboot can do"),
    ],
)
def test_a_bare_command_gets_the_profile_and_no_other_text_changes(advice: str, shown: str) -> None:
    verify = VerifySpec((), 1.0)
    profile = Profile("p", "", (), None, verify, argument="p.toml", program="scripts/kboot")
    assert profile.addressed(advice) == shown
