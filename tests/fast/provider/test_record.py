"""minikube's record of a cluster: what stands in it, in both layouts, and nothing beyond."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootstrap.core.model.state import ClusterRecord
from bootstrap.provider.minikube.record import parse, path, runtime

OLD: dict[str, Any] = {
    "MachineConfig": {"VMDriver": "virtualbox", "CPUs": 2, "Memory": 2048, "DiskSize": 20480},
    "KubernetesConfig": {"KubernetesVersion": "v1.9.0", "NodeIP": "192.168.99.100", "NodePort": 0},
}
NEW: dict[str, Any] = {
    "Name": "kboot",
    "Driver": "kvm2",
    "CPUs": 2,
    "Memory": 3072,
    "DiskSize": 20000,
    "KubernetesConfig": {"KubernetesVersion": "v1.35.1", "NodePort": 8443},
    "Nodes": [{"Name": "", "IP": "192.168.39.2", "Port": 8555, "ControlPlane": True}],
}


def record(top: dict[str, Any], **changed: Any) -> ClusterRecord:
    found = parse(json.dumps({**top, **changed}))
    assert found is not None
    return found


def test_up_to_1_6_the_machine_has_an_object_of_its_own_and_no_port_is_known() -> None:
    assert record(OLD) == ClusterRecord("virtualbox", "1.9.0", 2, 2048, 20480, endpoint=None)


def test_since_1_7_it_stands_at_the_top() -> None:
    assert record(NEW) == ClusterRecord(
        "kvm2", "1.35.1", 2, 3072, 20000, "https://192.168.39.2:8555"
    )


def test_1_7_calls_the_driver_as_before() -> None:
    top = {name: value for name, value in NEW.items() if name not in ("Driver", "Nodes")}
    top["KubernetesConfig"] = {
        "KubernetesVersion": "v1.17.3",
        "NodeIP": "10.0.0.1",
        "NodePort": 8443,
    }
    found = record(top, VMDriver="hyperkit")
    assert (found.driver, found.endpoint) == ("hyperkit", "https://10.0.0.1:8443")


@pytest.mark.parametrize("driver", ["docker", "podman", "qemu2", "qemu"])
def test_a_mapped_port_is_not_in_the_record_so_no_endpoint_is_claimed(driver: str) -> None:
    assert record(NEW, Driver=driver).endpoint is None


def test_qemu_is_recorded_under_its_first_name() -> None:
    assert record(NEW, Driver="qemu2").driver == "qemu"


@pytest.mark.parametrize("nodes", [[], None, "x", [None], [{}], [{"IP": ""}], [{"IP": 7}]])
def test_without_an_address_there_is_no_endpoint(nodes: Any) -> None:
    assert record(NEW, Nodes=nodes).endpoint is None


def test_a_record_may_say_nothing() -> None:
    assert record({"KubernetesConfig": {}}) == ClusterRecord()
    assert record(NEW, CPUs=0, Memory="2g", DiskSize=True).cpus is None
    assert record(NEW, CPUs=0, Memory="2g", DiskSize=True).disk_mib is None


RUBBISH = ["", "garbage", "null", "[]", "7", "{}", '{"KubernetesConfig": []}', "[" * 100_000]


@pytest.mark.parametrize("text", RUBBISH, ids=lambda text: ascii(text[:20]))
def test_rubbish_is_no_record(text: str) -> None:
    assert parse(text) is None


@given(st.text())
def test_no_text_raises(text: str) -> None:
    parse(text)


def test_the_record_stands_under_minikubes_home() -> None:
    assert path("kboot") == "profiles/kboot/config.json"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"KubernetesConfig": {"ContainerRuntime": "containerd"}}', "containerd"),
        ('{"container-runtime": "crio"}', "crio"),
        ('{"KubernetesConfig": {"ContainerRuntime": ""}}', ""),
        ('{"container-runtime": 7}', ""),
        *((text, "") for text in RUBBISH),
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_a_record_and_the_persons_settings_may_name_a_container_runtime(
    text: str, named: str
) -> None:
    assert runtime(text) == named
