import json
import stat
from pathlib import Path

import pytest

from bootstrap.errors import Exit, KbootError
from bootstrap.kubeconfig import document
from bootstrap.kubeconfig.normalise import normalise
from bootstrap.kubeconfig.private import read_private

MINIKUBE_1_38 = """\
apiVersion: v1
clusters:
- cluster:
    certificate-authority: /home/dev/.minikube/ca.crt
    extensions:
    - extension:
        last-update: Mon, 23 Nov 2026 06:03:17 UTC
        provider: minikube.sigs.k8s.io
        version: v1.38.1
      name: cluster_info
    server: https://127.0.0.1:32771
  name: kboot
- cluster:
    server: https://10.0.0.1
  name: work
contexts:
- context:
    cluster: kboot
    namespace: default
    user: kboot
  name: kboot
current-context: work
kind: Config
users:
- name: kboot
  user:
    client-certificate: /home/dev/.minikube/profiles/kboot/client.crt
    client-key: /home/dev/.minikube/profiles/kboot/client.key
- name: boss
  user:
    token: secret
"""


def test_what_minikube_wrote_becomes_what_kboot_reads(kubeconfig: Path) -> None:
    kubeconfig.write_text(MINIKUBE_1_38)
    normalise(kubeconfig, "kboot")
    found = read_private(kubeconfig)
    assert found is not None and found.server == "https://127.0.0.1:32771"
    document = json.loads(kubeconfig.read_text())
    assert document["current-context"] == "kboot"
    assert "secret" not in kubeconfig.read_text() and "work" not in kubeconfig.read_text()


def test_normalising_twice_changes_nothing(kubeconfig: Path) -> None:
    kubeconfig.write_text(MINIKUBE_1_38)
    normalise(kubeconfig, "kboot")
    once = kubeconfig.read_bytes()
    normalise(kubeconfig, "kboot")
    assert kubeconfig.read_bytes() == once


def test_the_file_is_replaced_whole_and_private(kubeconfig: Path) -> None:
    kubeconfig.write_text(MINIKUBE_1_38)
    kubeconfig.chmod(0o644)
    with kubeconfig.open() as held:
        normalise(kubeconfig, "kboot")
        assert held.read() == MINIKUBE_1_38
    assert stat.S_IMODE(kubeconfig.stat().st_mode) == 0o600
    assert list(kubeconfig.parent.iterdir()) == [kubeconfig]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff",
        b"just words",
        b"- a list",
        b"a:\n\tb: tab",
        b"date: 2018-13-45",
        b"!!python/object/apply:os.system ['true']",
        b"[" * 5000,
        b"a: &a [x]\n"
        + b"".join(b"%c: &%c [*%c,*%c]\n" % (n, n, n - 1, n - 1) for n in range(98, 123)),
        MINIKUBE_1_38.replace("kboot", "other").encode(),
        MINIKUBE_1_38.replace("client-key: ", "exec: ").encode(),
    ],
    ids=lambda content: content[:12].decode(errors="replace"),
)
@pytest.mark.parametrize("loader", [document.InPython, document._Loader])
def test_rubbish_is_told_as_such_and_left_as_it_was(
    kubeconfig: Path, content: bytes, loader: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "_Loader", loader)  # as a PyYAML without libyaml has it
    kubeconfig.write_bytes(content)
    with pytest.raises(KbootError) as raised:
        normalise(kubeconfig, "kboot")
    assert raised.value.code is Exit.TOOL_NOT_UNDERSTOOD
    assert raised.value.why and raised.value.state and raised.value.next
    assert kubeconfig.read_bytes() == content
    assert list(kubeconfig.parent.iterdir()) == [kubeconfig]


def test_a_file_that_minikube_did_not_write_is_told(kubeconfig: Path) -> None:
    with pytest.raises(KbootError, match="does not understand") as raised:
        normalise(kubeconfig, "kboot")
    assert "No such file" in raised.value.why
