"""How far what is installed is verified: the best level there is, never below what is asked."""

import pytest

from bootstrap.core.choose.choice import in_store, resolve
from bootstrap.core.model.finding import Status
from bootstrap.core.model.profile import Policy, Requirement
from bootstrap.core.model.state import StoredArtifact, ToolState
from bootstrap.core.model.step import InstallArtifact
from bootstrap.errors import Exit
from tests.helpers.deciding.generated import knowledge
from tests.helpers.deciding.good_machine import finding, host, planned, profile_of, tool

CATALOGUE = knowledge().catalogue
LINUX = "linux/amd64"

RESOLVED = [
    # a digest is shipped
    ("1.20.0", "catalogue", "1.20.0", "catalogue"),
    ("1.20.0", "publisher", "1.20.0", "catalogue"),
    # a prefix takes the highest with a shipped digest, though higher ones exist
    ("1.36", "publisher", "1.36.3", "catalogue"),
    (">=1.20,<1.22", "publisher", "1.21.0", "catalogue"),
    # none is shipped: the publisher's checksum file, where the person accepts that
    ("1.24.0", "publisher", "1.24.0", "publisher"),
    ("1.24.0", "first-seen", "1.24.0", "publisher"),
    ("1.24.0", "catalogue", None, None),
    ("1.24", "publisher", "1.24.3", "publisher"),
    # not listed at all, but named exactly
    ("1.24.17", "publisher", "1.24.17", "publisher"),
    ("1.24.17", "catalogue", None, None),
    # SHA-1 alone never suffices
    ("1.9.7", "first-seen", None, None),
    ("1.11.3", "first-seen", None, None),
]


@pytest.mark.parametrize(("version", "trust", "resolved", "level"), RESOLVED)
def test_a_constraint_resolves_to_the_best_verified_release(
    version: str, trust: str, resolved: str | None, level: str | None
) -> None:
    requirement = Requirement("kubectl", version, Policy.INSTALL)
    artifact = resolve(requirement, LINUX, CATALOGUE, trust)
    found = (artifact.version, artifact.trust) if artifact else (None, None)
    assert found == (resolved, level)


def stored(version: str, sha256: str, trust: str) -> StoredArtifact:
    return StoredArtifact("kubectl", version, sha256, trust)


def test_what_is_in_the_store_is_known_by_its_digest_or_by_its_release_and_level() -> None:
    shipped = CATALOGUE.artifact("kubectl", "1.20.0", LINUX)
    vouched = CATALOGUE.artifact("kubectl", "1.24.0", LINUX)
    assert shipped is not None and vouched is not None
    assert in_store(shipped, [stored("1.20.0", shipped.sha256, "catalogue")])
    assert not in_store(shipped, [stored("1.20.0", "0" * 64, "catalogue")])
    assert in_store(vouched, [stored("1.24.0", "0" * 64, "publisher")])
    assert not in_store(vouched, [stored("1.24.0", "0" * 64, "first-seen")])
    assert not in_store(vouched, [stored("1.24.1", "0" * 64, "publisher")])


REFUSED = [
    (
        "1.24.0",
        "linux/amd64",
        "catalogue",
        Exit.POLICY_DENIES,
        "publisher only",
        "--trust publisher",
    ),
    (
        "1.9.7",
        "linux/amd64",
        "publisher",
        Exit.POLICY_DENIES,
        "SHA-1 or MD5",
        "declare one of 1.37",
    ),
    ("1.9.3", "darwin/arm64", "publisher", Exit.HOST_UNFIT, "first that was is 1.21.0", "1.21.0"),
    (
        "1.20.0",
        "linux/s390x",
        "publisher",
        Exit.HOST_UNFIT,
        "no kubectl for linux/s390x",
        "machine",
    ),
]


@pytest.mark.parametrize(("version", "platform", "trust", "code", "why", "fix"), REFUSED)
def test_what_cannot_be_installed_is_refused_with_the_reason_and_what_would_help(
    version: str, platform: str, trust: str, code: Exit, why: str, fix: str
) -> None:
    system, arch = platform.split("/")
    profile = profile_of(kubectl=version)
    state = host(tool("kubectl"), system=system, arch=arch)
    found = finding("kubectl", profile, state, trust=trust)
    assert (found.status, found.blocks, found.blocks_tools) == (Status.FAIL, code, True)
    assert why in found.detail
    assert fix in found.fix


def ours(version: str, trust: str, sha256: str = "0" * 64) -> ToolState:
    receipt = stored(version, sha256, trust)
    return tool("kubectl", version, managed=True, stored=receipt)


def test_what_kboot_installed_at_a_weaker_level_is_not_adopted_under_a_stricter_one() -> None:
    state = host(ours("1.24.0", "publisher"))
    exactly, prefix = profile_of(kubectl="1.24.0"), profile_of(kubectl=">=1.20,<1.25")
    assert finding("kubectl", exactly, state, trust="publisher").status is Status.OK
    refused = finding("kubectl", exactly, state, trust="catalogue")
    assert (refused.status, refused.reason) == (Status.FAIL, "trust-too-low")
    assert refused.blocks is Exit.POLICY_DENIES and "--trust publisher" in refused.fix
    replaced = finding("kubectl", prefix, state, trust="catalogue")
    assert (replaced.status, replaced.reason) == (Status.DRIFT, "trust-too-low")
    assert "at level publisher" in replaced.detail and "installs 1.21.0" in replaced.detail
    (step,) = planned(prefix, state, trust="catalogue", tools_only=True).steps
    assert isinstance(step, InstallArtifact) and step.artifact.trust == "catalogue"
    assert "at level publisher" in step.because


def test_a_persons_own_tool_is_adopted_whatever_level_is_asked() -> None:
    state = host(tool("kubectl", "1.24.0"))
    found = finding("kubectl", profile_of(kubectl="1.24.0"), state, trust="catalogue")
    assert found.status is Status.OK


def test_bytes_that_the_catalogue_vouches_for_now_need_no_new_receipt() -> None:
    shipped = CATALOGUE.artifact("kubectl", "1.20.0", LINUX)
    assert shipped is not None
    profile = profile_of(kubectl="1.20.0")
    for sha256, status in ((shipped.sha256, Status.OK), ("0" * 64, Status.DRIFT)):
        state = host(ours("1.20.0", "publisher", sha256))
        assert finding("kubectl", profile, state, trust="catalogue").status is status


def test_what_has_lost_its_receipt_is_installed_again() -> None:
    state = host(tool("kubectl", "1.20.0", managed=True))
    found = finding("kubectl", profile_of(kubectl="1.20.0"), state)
    assert (found.status, found.reason) == (Status.DRIFT, "trust-too-low")
    assert "no receipt" in found.detail


@pytest.mark.parametrize(
    ("policy", "status", "code"),
    [(Policy.WARN, Status.WARN, None), (Policy.REQUIRE, Status.FAIL, Exit.POLICY_DENIES)],
)
def test_a_policy_judges_too_little_trust_as_it_judges_a_wrong_version(
    policy: Policy, status: Status, code: Exit | None
) -> None:
    state = host(ours("1.24.0", "publisher"))
    found = finding("kubectl", profile_of(kubectl=("1.24.0", policy)), state, trust="catalogue")
    assert (found.status, found.blocks) == (status, code)
    assert "at level publisher" in found.detail
