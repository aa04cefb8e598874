"""Every failure of `start` that was recorded is recognised; what is not known is not guessed."""

import json

import pytest

from bootstrap.provider.minikube.reasons import recognise
from tests.helpers.places import TRANSCRIPTS

RECORDED = json.loads((TRANSCRIPTS / "minikube-v0.25.0.json").read_text())
FAILED = {
    name: (record["err"].strip() or record["out"].strip()).splitlines()
    for name, record in RECORDED.items()
    if record.get("rc") and " start" in f" {record['cmd'].partition('minikube ')[2]}"
}


def test_recorded_failures_are_there() -> None:
    assert len(FAILED) > 30


@pytest.mark.parametrize("case", FAILED)
def test_a_recorded_failure_has_a_reason_unless_it_said_nothing(case: str) -> None:
    known = recognise(FAILED[case])
    if "interrupted" in case:
        assert known is None
        return
    assert known is not None
    assert known.line in FAILED[case]
    assert known.reason.meaning and known.reason.fix


@pytest.mark.parametrize("case", FAILED)
def test_only_what_the_network_did_is_transient(case: str) -> None:
    known = recognise(FAILED[case])
    network = any("no such host" in line or "localkube from uri" in line for line in FAILED[case])
    assert bool(known and known.reason.transient) == network


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("X Exiting due to PROVIDER_VIRTUALBOX_NOT_FOUND: not found", "vboxmanage-missing"),
        ("❌  Exiting due to DRV_AS_ROOT: refuses", "root-refused"),
        ("Exiting due to RSRC_INSUFFICIENT_CORES: 1", "too-few-cores"),
        ("Exiting due to RSRC_INSUFFICIENT_CONTAINER_MEMORY: 1", "too-little-memory"),
        ("Exiting due to RSRC_DOCKER_STORAGE: full", "disk-full"),
        ("Exiting due to IF_VBOX_SAME_IP: x", "vbox-network"),
        ("Exiting due to INET_CACHE_KUBECTL: x", "network"),
        ("Exiting due to INET_VERSION_UNAVAILABLE: x", "kubernetes-unsupported"),
        ("Exiting due to K8S_DOWNGRADE_UNSUPPORTED: x", "kubernetes-downgrade"),
        ("Exiting due to HOST_VTX_DISABLED: x", "virtualisation-off"),
        (
            'Exiting due to GUEST_PROVISION: Failed to cache ISO: download: Get "https://e.org": '
            "dial tcp 1.2.3.4:443: i/o timeout",
            "network",
        ),
        ("Exiting due to GUEST_START: wait 6m0s for node: not ready", ""),
        ("Error downloading Minikube ISO: bad response code: 404", "download-refused"),
        ("dial tcp 192.168.99.100:8443: connect: connection refused", ""),
        ("", ""),
    ],
)
def test_ids_and_texts_of_later_releases(line: str, reason: str) -> None:
    known = recognise([line])
    assert (known.reason.id if known else "") == reason
