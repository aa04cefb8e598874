"""Why a pod does not come, of what Kubernetes says about it."""

import pytest

from bootstrap.api.client import ApiClient
from bootstrap.gates.why import pods as why
from bootstrap.gates.why.pulls import never_pulled
from tests.helpers.serving.apiserver import ApiServer, as_json


def test_why_an_image_cannot_be_pulled_is_said_also_after_the_kubelets_later_events(
    server: ApiServer, client: ApiClient
) -> None:
    cause = 'Failed to pull image "a:1": no such host'
    told = (
        ("main", cause),
        ("main", "Error: ErrImagePull"),
        ("main", "Error: ImagePullBackOff"),
        ("mesh", 'Failed to pull image "b:1": manifest unknown'),
    )
    events = [
        {
            "type": "Warning",
            "message": message,
            "involvedObject": {"fieldPath": f"spec.containers{{{container}}}"},
            "lastTimestamp": f"2026-11-24T18:00:0{second}Z",
        }
        for second, (container, message) in enumerate(told)
    ]
    server.documents["/api/v1/namespaces/kboot-1/events"] = as_json({"items": events})
    waiting = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "a:1"'}
    status = {"name": "main", "image": "a:1", "state": {"waiting": waiting}}
    pod = {"metadata": {"name": "dns"}, "status": {"containerStatuses": [status]}}
    found = why.of_pod(client, "kboot-1", pod)
    assert (found.reason, found.words) == ("image-not-pulled", f"pod dns: image a:1: {cause}")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"image": "mirror/a:1"}, "image mirror/a:1, which admission put in place of a:1: "),
        ({"imagePullPolicy": "Always"}, "image a:1, which admission has pulled always"),
    ],
)
def test_what_admission_made_of_an_image_that_cannot_be_pulled_is_said(
    client: ApiClient, given: dict[str, str], words: str
) -> None:
    main = {"name": "main", "image": "a:1", "imagePullPolicy": "IfNotPresent"} | given
    waiting = {"reason": "ErrImagePull", "message": "no such host"}
    status = {"name": "main", "image": main["image"], "state": {"waiting": waiting}}
    pod = {
        "metadata": {"name": "dns", "annotations": {"kboot.dev/image": "a:1"}},
        "spec": {"containers": [main]},
        "status": {"containerStatuses": [status]},
    }
    found = why.of_pod(client, "kboot-1", pod)
    assert (found.reason, found.final) == ("image-changed", False)
    assert words in found.words and found.words.endswith("no such host")


def test_what_makes_a_pod_unready_is_not_blamed_on_containers_that_are_well(
    client: ApiClient,
) -> None:
    running = {"name": "main", "ready": True, "state": {"running": {}}}
    status = {"conditions": [{"type": "Ready", "status": "False"}], "containerStatuses": [running]}
    found = why.of_pod(client, "kboot-1", {"metadata": {"name": "web-1"}, "status": status})
    assert (found.reason, found.words) == ("pod-not-ready", "pod web-1 runs, but is not Ready")


@pytest.mark.parametrize(
    ("words", "never"),
    [
        ("tls: failed to verify certificate: x509: certificate signed by unknown authority", True),
        ("failed: x509: certificate is valid for a.example, not b.example", True),
        ("failed: x509: certificate has expired or is not yet valid: current time … is", False),
        ("net/http: TLS handshake timeout", False),
        ("dial tcp: lookup registry.example: no such host", False),
        ("registry.example/a:1: not found: manifest unknown", True),
    ],
)
def test_only_a_registry_can_say_that_a_pull_never_succeeds(words: str, never: bool) -> None:
    assert never_pulled(words) is never


@pytest.mark.parametrize(
    ("said", "reason", "final"),
    [
        (
            'failed to setup network for sandbox "41": plugin type="broken" failed (add)',
            *("pod-network-fails", False),
        ),
        ('networkPlugin cni failed to set up pod "dns_a" network', "pod-network-fails", False),
        (
            "runc create failed: unable to start container process: container init was "
            "OOM-killed (memory limit too low?): unknown",
            *("container-not-created", True),
        ),
        ("failed to reserve sandbox name", "container-not-created", False),
        (
            'failed to get sandbox image "registry.example/pause:3.10": network is unreachable',
            *("image-not-pulled", False),
        ),
    ],
)
def test_a_sandbox_that_cannot_be_made_is_of_the_network_only_where_it_is_said_so(
    server: ApiServer, client: ApiClient, said: str, reason: str, final: bool
) -> None:
    event = {"type": "Warning", "reason": "FailedCreatePodSandBox", "message": said}
    server.documents["/api/v1/namespaces/kboot-1/events"] = as_json({"items": [event]})
    scheduled = {"type": "PodScheduled", "status": "True"}
    pod = {"metadata": {"name": "dns"}, "status": {"conditions": [scheduled]}}
    found = why.of_pod(client, "kboot-1", pod)
    assert (found.reason, found.final) == (reason, final)


def test_a_limit_too_small_to_start_with_is_named(server: ApiServer, client: ApiClient) -> None:
    said = "runc create failed: container init was OOM-killed (memory limit too low?): unknown"
    event = {"type": "Warning", "reason": "FailedCreatePodSandBox", "message": said}
    server.documents["/api/v1/namespaces/kboot-1/events"] = as_json({"items": [event]})
    main = {"name": "main", "resources": {"limits": {"memory": "2Mi"}}}
    pod = {"metadata": {"name": "dns"}, "spec": {"containers": [main]}}
    found = why.of_pod(client, "kboot-1", pod)
    assert (found.reason, found.final) == ("out-of-memory", True)
    assert found.words.endswith("(kboot sets no limit, and the pod has one of 2Mi)")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ('admission webhook "w" denied the request: no', "webhook-refuses"),
        ('pods "web-1" is forbidden: maximum cpu usage is 1', "pod-not-created"),
        ('pods "web-1" is forbidden: exceeded quota: q, requested: pods=1', "quota-exceeded"),
    ],
)
def test_a_controller_whose_pods_are_refused_tries_again(
    server: ApiServer, client: ApiClient, said: str, reason: str
) -> None:
    server.documents["/api/v1/namespaces/kboot-1/pods"] = as_json({"items": []})
    failure = {"type": "ReplicaFailure", "status": "True", "message": said}
    found = why.of_controller(client, "kboot-1", {"status": {"conditions": [failure]}}, "web")
    assert (found.reason, found.final) == (reason, False)
    assert said in found.words


def test_a_sidecar_that_ends_after_the_gates_container_is_not_why_that_failed(
    client: ApiClient,
) -> None:
    own = {"name": "main", "state": {"terminated": {"exitCode": 1, "message": "no answer"}}}
    sidecar = {"name": "agent", "state": {"terminated": {"exitCode": 137, "reason": "Error"}}}
    status = {"phase": "Failed", "containerStatuses": [own], "initContainerStatuses": [sidecar]}
    pod = {"metadata": {"name": "dns"}, "spec": {"restartPolicy": "Never"}, "status": status}
    found = why.of_pod(client, "kboot-1", pod)
    assert (found.reason, found.final) == ("pod-failed", True)
    assert "no answer" in found.words


@pytest.mark.parametrize(
    ("message", "final"),
    [
        ("OCI runtime create failed: no such file or directory", False),
        ('exec: "/bin/sh": executable file not found in $PATH', True),
    ],
)
def test_a_crash_loop_that_the_runtime_is_the_cause_of_may_pass(
    client: ApiClient, message: str, final: bool
) -> None:
    ended = {"exitCode": 127, "reason": "ContainerCannotRun", "message": message}
    looping = {"waiting": {"reason": "CrashLoopBackOff"}}
    own = {"name": "main", "state": looping, "lastState": {"terminated": ended}}
    pod = {"metadata": {"name": "web-1"}, "status": {"containerStatuses": [own]}}
    assert why.of_pod(client, "kboot-1", pod).final is final


def test_of_a_pod_that_has_a_node_it_is_not_told_that_it_could_not_be_scheduled(
    server: ApiServer, client: ApiClient
) -> None:
    event = {"type": "Warning", "reason": "FailedScheduling", "message": "unbound claims"}
    server.documents["/api/v1/namespaces/kboot-1/events"] = as_json({"items": [event]})
    server.documents["/api/v1/nodes/host1"] = as_json(
        {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    )
    status = {"phase": "Pending"}
    pod = {"metadata": {"name": "dns"}, "spec": {"nodeName": "host1"}, "status": status}
    found = why.of_pod(client, "kboot-1", pod)
    assert found.reason == "pod-not-started"
    assert found.words == "pod dns is Pending on node host1, whose kubelet says nothing of it"
