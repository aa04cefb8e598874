"""What a profile's text means."""

from pathlib import Path

import pytest

from bootstrap.core.model.gate import GATE_IDS
from bootstrap.core.model.profile import ClusterSpec, Policy
from bootstrap.errors import KbootError
from tests.helpers.deciding.profile_text import CLUSTER, TOOLS, parse
from tests.helpers.places import ROOT

SHIPPED = ROOT / "profiles"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1.10", "1.10"),
        ('"1.10"', "1.10"),
        ('{ version = 1.10, policy = "warn" }', "1.10"),
        ('">=1.9,<2"', ">=1.9,<2"),
    ],
)
def test_an_unquoted_version_keeps_its_zeros(written: str, meant: str) -> None:
    requirement = parse(f"{TOOLS}kubectl = {written}\n").requirement("kubectl")
    assert requirement is not None and requirement.version == meant


def test_policies_that_are_not_said_are_the_tools_own() -> None:
    profile = parse(TOOLS + 'kubectl = "1"\ndocker = "28"\nvirtualbox = "7"\n')
    assert {each.tool: each.policy for each in profile.requirements} == {
        "minikube": Policy.INSTALL,
        "kubectl": Policy.INSTALL,
        "docker": Policy.WARN,
        "virtualbox": Policy.WARN,
    }


def test_keys_of_the_cluster_that_are_not_said_are_none() -> None:
    assert parse(CLUSTER).cluster == ClusterSpec("work", ("docker",))


def test_the_order_of_drivers_is_kept() -> None:
    cluster = parse(CLUSTER.replace('"docker"', '["virtualbox", "docker"]')).cluster
    assert cluster is not None and cluster.drivers == ("virtualbox", "docker")


@pytest.mark.parametrize(
    ("said", "read"), [("qemu2", "qemu"), ("qemu", "qemu"), ("native", "none")]
)
def test_another_name_of_a_driver_is_read_as_its_own(said: str, read: str) -> None:
    cluster = parse(CLUSTER.replace('"docker"', f'["{said}", "docker"]')).cluster
    assert cluster is not None and cluster.drivers == (read, "docker")


def test_a_driver_under_two_of_its_names_is_named_twice() -> None:
    with pytest.raises(KbootError) as caught:
        parse(CLUSTER.replace('"docker"', '["qemu2", "qemu"]'))
    assert "each once" in caught.value.items[0]


def test_a_driver_that_was_another_once_is_no_other_name() -> None:
    with pytest.raises(KbootError) as caught:
        parse(CLUSTER.replace('"docker"', '"kvm"'))
    assert "did you mean kvm2?" in caught.value.items[0]


def test_a_profile_without_tools_and_cluster_is_a_profile() -> None:
    profile = parse('name = "empty"\n')
    assert (profile.requirements, profile.cluster) == ((), None)
    assert (profile.verify.gates, profile.verify.timeout_seconds) == (GATE_IDS, 300.0)


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: path.stem)
def test_a_shipped_profile_is_valid_and_named_as_its_file(path: Path) -> None:
    profile = parse(path.read_text(encoding="utf-8"))
    assert profile.name == path.stem and profile.description
    assert profile.cluster is not None and profile.verify.gates == GATE_IDS


def test_the_tutorial_asks_for_what_the_tutorial_uses() -> None:
    profile = parse((SHIPPED / "tutorial.toml").read_text(encoding="utf-8"))
    asked = {each.tool: (each.version, each.policy) for each in profile.requirements}
    assert asked == {
        "minikube": ("0.25", Policy.INSTALL),
        "kubectl": ("1.9.3", Policy.INSTALL),
        "docker": ("18.02", Policy.WARN),
        "virtualbox": (">=5.2,<5.3", Policy.WARN),
    }
    assert profile.cluster == ClusterSpec(
        "minikube", ("virtualbox",), "1.9.0", "localkube", 2, 2048, 20480
    )
