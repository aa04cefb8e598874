"""`kboot verify --context` against a real Kubernetes 1.20.2, through a real kubectl 1.20 too."""

import base64
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.driving.kboot import Kboot, script
from tests.helpers.driving.kubeconfigs import kubeconfig, left, temporary_files
from tests.helpers.driving.reading import joined
from tests.helpers.hosts.control_plane import Cluster
from tests.helpers.waiting import until

pytestmark = pytest.mark.real

LIVE = "api,version,nodes,system,serviceaccount"
VERIFY = ("verify", "--context", "prod", "--gates", LIVE)
LIMITED = """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: limited, namespace: default}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: limited}
rules: [{apiGroups: [""], resources: [nodes], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: limited}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: limited}
subjects: [{kind: ServiceAccount, name: limited, namespace: default}]
"""


@pytest.fixture(scope="module")
def cluster(control_plane: Cluster) -> Cluster:
    return control_plane


@pytest.fixture
def person(tmp_path: Path, cluster: Cluster) -> Iterator[Kboot]:
    """Somebody with kubectl 1.20.0 on PATH, and temporary files where they can be counted."""
    made = Kboot(tmp_path / "person")
    (made.bin / "kubectl").symlink_to(cluster.kubectl)
    with temporary_files(made):
        yield made
        assert left(made) == ([], [])
    made.end()


def server_of(cluster: Cluster) -> dict[str, Any]:
    return {"server": cluster.admin.server, "certificate-authority": cluster.admin.ca_file}


def admin_of(cluster: Cluster) -> dict[str, Any]:
    certificate, key = cluster.admin.certificate_file, cluster.admin.key_file
    return {"client-certificate": certificate, "client-key": key}


def plugin(person: Kboot, cluster: Cluster) -> dict[str, Any]:
    """A program that prints the admin's credentials, if the person's own variable says who."""
    assert cluster.admin.certificate_file and cluster.admin.key_file
    status = {
        "clientCertificateData": Path(cluster.admin.certificate_file).read_text(),
        "clientKeyData": Path(cluster.admin.key_file).read_text(),
    }
    version = "client.authentication.k8s.io/v1beta1"
    answer = {"apiVersion": version, "kind": "ExecCredential", "status": status}
    (person.folder / "answer").write_text(json.dumps(answer))
    login = 'test "$WHO_AM_I" = admin || { echo not logged in >&2; exit 7; }'
    script(person.bin / "my-cloud", f"{login}\ncat {person.folder}/answer")
    return {"exec": {"apiVersion": version, "command": "my-cloud"}}


def write(person: Kboot, address: dict[str, Any], user: dict[str, Any]) -> None:
    kubeconfig(person.home / ".kube" / "config", address, user)


def gates(document: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {each["gate"]: (each["status"], each["reason"]) for each in document["gates"]}


PASSED = dict.fromkeys(LIVE.split(","), ("passed", ""))


def test_a_context_with_a_client_certificate_is_reached_directly(
    person: Kboot,
    cluster: Cluster,
) -> None:
    write(person, server_of(cluster), admin_of(cluster))
    document = person.json(*VERIFY)
    assert gates(document) == PASSED
    told = {each["gate"]: each["message"] for each in document["gates"]}
    assert told["version"] == "server 1.20.2, kubectl 1.20.0"


def test_credentials_from_a_program_come_through_kubectl(person: Kboot, cluster: Cluster) -> None:
    write(person, server_of(cluster), plugin(person, cluster))
    person.env["WHO_AM_I"] = "admin"
    done = person.run(*VERIFY, "-v")
    assert done.code == 0, done
    assert "bin/kubectl proxy, since user 'prod' gets its credentials from a program" in joined(
        done.err
    )


def test_a_program_that_gives_no_credentials_is_told(person: Kboot, cluster: Cluster) -> None:
    write(person, server_of(cluster), plugin(person, cluster))
    document = person.json(*VERIFY, "--timeout", "5s")
    assert document["exit_code"] == 73
    assert gates(document)["api"] == ("failed", "credentials-program-fails")
    assert "getting credentials: exec:" in document["gates"][0]["why"]


@pytest.mark.parametrize(
    "more", [{"insecure-skip-tls-verify": True}, {"tls-server-name": "localhost"}]
)
def test_what_kboot_does_not_do_itself_kubectl_does(
    more: dict[str, Any],
    person: Kboot,
    cluster: Cluster,
) -> None:
    address = server_of(cluster) | more
    if "insecure-skip-tls-verify" in more:
        del address["certificate-authority"]
    write(person, address, admin_of(cluster))
    assert gates(person.json(*VERIFY)) == PASSED


def test_a_server_that_kubectl_does_not_reach_is_told_as_if_asked_directly(
    person: Kboot,
    cluster: Cluster,
) -> None:
    nobody = {"server": "https://127.0.0.1:1", "insecure-skip-tls-verify": True}
    write(person, nobody, {"token": "t"})
    document = person.json(*VERIFY, "--timeout", "1s")
    assert gates(document)["api"] == ("failed", "api-refused")
    write(person, server_of(cluster) | {"tls-server-name": "another.example"}, {"token": "t"})
    document = person.json(*VERIFY, "--timeout", "2s")
    assert gates(document)["api"] == ("failed", "api-certificate-name")
    write(person, server_of(cluster) | {"tls-server-name": "localhost"}, {"token": "wrong"})
    document = person.json(*VERIFY, "--timeout", "2s")
    assert gates(document)["api"] == ("failed", "api-unauthorized")


@pytest.mark.parametrize("through", ["kboot", "kubectl"])
def test_a_token_that_may_see_nodes_only_leaves_the_rest_unknown(
    through: str,
    person: Kboot,
    cluster: Cluster,
    tmp_path: Path,
) -> None:
    (tmp_path / "limited.yaml").write_text(LIMITED)
    cluster.run_kubectl("apply", "--filename", str(tmp_path / "limited.yaml"))
    address = server_of(cluster)
    if through == "kubectl":
        address["tls-server-name"] = "localhost"
    write(person, address, {"token": token_of(cluster, "limited")})
    document = person.json(*VERIFY)
    assert document["exit_code"] == 73
    forbidden = ("unknown", "api-forbidden")
    assert gates(document) == PASSED | {"system": forbidden, "serviceaccount": forbidden}
    whole = person.json("verify", "--context", "prod", "--timeout", "60s")
    assert whole["exit_code"] == 73 and whole["left_behind"] == ""
    assert not any(status == "failed" for status, _ in gates(whole).values()), whole["gates"]
    assert gates(whole)["kubectl"] == ("passed", "")


def token_of(cluster: Cluster, account: str) -> str:
    admin = cluster.admin
    command = [str(cluster.kubectl), f"--server={admin.server}", "get", "secrets", "--output=json"]
    command += [f"--certificate-authority={admin.ca_file}", f"--client-key={admin.key_file}"]
    command += [f"--client-certificate={admin.certificate_file}"]
    found: list[str] = []

    def look() -> bool:
        home = {"HOME": str(cluster.folder)}
        told = subprocess.run(command, check=True, capture_output=True, env=home).stdout
        found[:] = [
            each["data"]["token"]
            for each in json.loads(told)["items"]
            if each["metadata"]["name"].startswith(f"{account}-token-") and "data" in each
        ]
        return bool(found)

    until(look)
    return base64.b64decode(found[0]).decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_of_kubectls_is_left_however_kboot_ends(
    number: signal.Signals,
    person: Kboot,
    cluster: Cluster,
) -> None:
    write(person, server_of(cluster), plugin(person, cluster))
    script(person.bin / "my-cloud", "sleep 1000")
    events = person.folder / "events"
    with person.start(*VERIFY, "--events", str(events)) as process:
        until(lambda: events.exists() and "waiting" in events.read_text())
        (folder,) = left(person)[1]
        assert folder.stat().st_mode & 0o777 == 0o700
        process.send_signal(number)
        process.wait()
    until(lambda: left(person) == ([], []))
