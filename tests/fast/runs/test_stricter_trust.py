"""What was installed under one --trust, looked at under another."""

import hashlib
import json
from collections.abc import Iterator

import pytest

from tests.helpers.driving.kboot import NEW, TOOLS, Kboot, as_root, furnish_none, on_amd64, script
from tests.helpers.serving.mirror import Mirror

pytestmark = on_amd64

KUBECTL = "/release/v1.24.0/bin/linux/amd64/kubectl"
ANSWER = json.dumps({"clientVersion": {"gitVersion": "v1.24.0"}})


@pytest.fixture
def mirror(kboot: Kboot) -> Iterator[Mirror]:
    """kubectl's publisher, who has a checksum file beside a release without a shipped digest."""
    kubectl, checksum = kboot.folder / "kubectl", kboot.folder / "kubectl.sha256"
    script(kubectl, f"echo '{ANSWER}'")
    checksum.write_text(hashlib.sha256(kubectl.read_bytes()).hexdigest(), encoding="ascii")
    with Mirror({KUBECTL: kubectl, f"{KUBECTL}.sha256": checksum}) as running:
        kboot.env["KBOOT_MIRRORS"] = f"https://dl.k8s.io={running.url}"
        kboot.env["KBOOT_CA_BUNDLE"] = str(running.ca_file)
        kboot.profile(TOOLS.replace("1.35.1", "1.24.0"))
        yield running


def test_what_was_installed_by_a_checksum_file_is_refused_where_a_shipped_digest_is_asked_for(
    kboot: Kboot, mirror: Mirror
) -> None:
    assert kboot.run("up", "p.toml").code == 0
    asked = len(mirror.requests)
    assert kboot.run("up", "p.toml").code == 0
    refused = kboot.run("up", "--trust", "catalogue", "p.toml")
    assert refused.code == 13
    assert "--trust publisher" in refused.out + refused.err
    assert kboot.run("doctor", "--trust", "catalogue", "p.toml").code == 1
    assert len(mirror.requests) == asked


def test_a_persons_own_tool_is_theirs_to_trust(kboot: Kboot, mirror: Mirror) -> None:
    script(kboot.bin / "kubectl", f"echo '{ANSWER}'")
    assert kboot.run("up", "--trust", "catalogue", "p.toml").code == 0
    assert mirror.requests == []


@as_root
def test_gates_are_about_the_tool_that_is_there_however_far_it_is_trusted(
    kboot: Kboot, mirror: Mirror
) -> None:
    kboot.minikube("1.19.0")
    furnish_none(kboot)
    kboot.profile(NEW.replace("[tools]", '[tools]\nkubectl = "1.24.0"'))
    kboot.run("up", "p.toml")
    kboot.profile(NEW.replace("[tools]", '[tools]\nkubectl = ">=1.24"'))
    kboot.env["KBOOT_TRUST"] = "catalogue"
    said = kboot.json("verify", "--gates", "version", "p.toml")
    (gate,) = [each for each in said["gates"] if each["gate"] == "version"]
    assert (gate["reason"], gate["message"]) == ("kubectl-skew", "server 1.20.2, kubectl 1.24.0")
