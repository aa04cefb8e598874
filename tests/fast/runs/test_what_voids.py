"""The same machine after: what somebody changed by hand voids what it must, and nothing more."""

import base64
import json
import os
import shutil
import socket
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootstrap.host.programs.elf import fingerprint
from tests.helpers.driving.kboot import Kboot, as_root, on_amd64
from tests.helpers.driving.publishing import downloads, published, wants
from tests.helpers.waiting import until
from tests.standins import backing

START = {
    "old": ("--vm-driver=none", "--kubernetes-version=v1.9.0", "--bootstrapper=localkube"),
    "new": ("--driver=none", "--kubernetes-version=v1.20.2"),
}
LOOKS = ("status", "version")


@pytest.fixture(params=["old", "new"])
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def ready(era: str, request: pytest.FixtureRequest) -> Kboot:
    """Somebody whose cluster kboot has made."""
    kboot: Kboot = request.getfixturevalue(era)
    done = kboot.run("up", "p.toml")
    assert done.code == 0, done
    return kboot


def by_hand(kboot: Kboot, *words: str, elsewhere: bool = False) -> None:
    """What the person types to minikube, without kboot; `elsewhere`: with another KUBECONFIG."""
    argv = [str(kboot.bin / "minikube"), *words]
    env = {**kboot.env, "KUBECONFIG": str(kboot.folder / "elsewhere")} if elsewhere else kboot.env
    subprocess.run(argv, env=env, cwd=kboot.work, check=True, capture_output=True)


def port(kboot: Kboot, era: str, *, moved: bool = False) -> int:
    """The port of the stand-in's cluster; `moved`: another from the next start on."""
    file = kboot.home / ".minikube" / "standin" / era / "record.json"
    record = json.loads(file.read_text())
    if moved:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            record["port"] = probe.getsockname()[1]
        file.write_text(json.dumps(record))
    return int(record["port"])


def restart(kboot: Kboot, era: str, *, elsewhere: bool) -> None:
    """Stopped and started again, on another port."""
    backing.end_all(kboot.home / ".minikube")
    port(kboot, era, moved=True)
    by_hand(kboot, "start", "--profile", era, *START[era], elsewhere=elsewhere)


def remake(kboot: Kboot, era: str, *, elsewhere: bool = False) -> None:
    """Deleted with its authority and keys, and made again under the same name and address."""
    home, before = kboot.home / ".minikube", port(kboot, era)
    by_hand(kboot, "delete", "--profile", era, elsewhere=elsewhere)
    backing.end_all(home)
    shutil.rmtree(home)
    record = home / "standin" / era / "record.json"
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"port": before}))
    by_hand(kboot, "start", "--profile", era, *START[era], elsewhere=elsewhere)


def steps(document: dict[str, Any]) -> list[str]:
    return [step["verb"] for step in document["plan"]["steps"]]


def told_to_do(kboot: Kboot, since: int) -> list[str]:
    """What minikube was told to do since then, beside looking."""
    return [call.split()[0] for call in kboot.calls()[since:] if not call.startswith(LOOKS)]


def identity(kboot: Kboot) -> str:
    return str(kboot.json("doctor", "p.toml")["host"]["cluster"]["api"]["identity"])


def server_in(kubeconfig: Path) -> str:
    (line,) = [line for line in kubeconfig.read_text().splitlines() if "server:" in line]
    return line.rpartition(" ")[2].strip("'")


@as_root
@pytest.mark.parametrize("elsewhere", [False, True], ids=["merged-by-minikube", "elsewhere"])
def test_a_cluster_restarted_on_another_port_costs_a_new_kubeconfig_and_nothing_else(
    ready: Kboot, era: str, elsewhere: bool
) -> None:
    restart(ready, era, elsewhere=elsewhere)
    doctor = ready.json("doctor", "p.toml")
    assert doctor["exit_code"] == 1
    before = len(ready.calls())
    done = ready.json("up", "p.toml")
    # 0.25 compares addresses without their ports, so its update-context would change nothing.
    first = {"old": "start", "new": "refresh"}[era]
    assert (done["exit_code"], steps(done)) == (0, [first, "merge"])
    assert told_to_do(ready, before) == [{"old": "start", "new": "update-context"}[era]]
    assert server_in(ready.home / ".kube" / "config").endswith(f":{port(ready, era)}")
    assert ready.run("up", "p.toml").out.startswith("Nothing to do. ")


@as_root
def test_a_cluster_made_anew_by_hand_is_another_one_and_its_keys_are_followed(
    ready: Kboot, era: str
) -> None:
    before, calls = identity(ready), len(ready.calls("start"))
    remake(ready, era)
    assert identity(ready) != before
    # The kubeconfigs name minikube's key files, and these are new: nothing is stale.
    done = ready.json("up", "p.toml")
    assert (done["exit_code"], steps(done)) == (0, [])
    assert [gate["status"] for gate in done["gates"]] == ["passed"] * 5
    assert len(ready.calls("start")) == calls + 1


@as_root
def test_keys_that_stood_in_the_kubeconfig_are_written_anew_with_the_cluster(
    ready: Kboot, era: str
) -> None:
    private = ready.home / f".local/state/kboot/clusters/{era}/kubeconfig"
    embed(private)
    assert ready.run("up", "p.toml").code == 0
    own = ready.home / ".kube" / "config"
    assert "certificate-authority-data" in own.read_text()
    old = own.read_text()
    remake(ready, era, elsewhere=True)
    assert own.read_text() == old
    doctor = ready.json("doctor", "p.toml")
    assert "api-does-not-answer" in [each["reason"] for each in doctor["findings"]]
    done = ready.json("up", "p.toml")
    assert (done["exit_code"], steps(done)) == (0, ["start", "merge"])
    assert authority(own) == (ready.home / ".minikube" / "ca.crt").read_bytes()
    assert ready.run("up", "p.toml").out.startswith("Nothing to do. ")


@on_amd64
def test_one_line_of_the_profile_costs_one_download_and_a_comment_none(kboot: Kboot) -> None:
    with published(kboot, "1.24.0", "1.24.3") as mirror:
        file = kboot.work / wants(kboot, "1.24.0")
        links = kboot.home / "links"
        up = ("up", file.name, "--link", str(links))
        assert kboot.run(*up).code == 0
        file.write_text(file.read_text() + "# a comment\n")
        assert steps(kboot.json(*up)) == []
        file.write_text(file.read_text().replace("1.24.0", "1.24.3"))
        done = kboot.json(*up)
        assert (done["exit_code"], steps(done)) == (0, ["install"])
        assert downloads(mirror) == ["1.24.0", "1.24.3"]
        assert "v1.24.3" in subprocess.check_output([str(links / "kubectl")], text=True)
        assert steps(kboot.json(*up)) == []


@on_amd64
def test_a_program_replaced_under_its_path_is_asked_anew(kboot: Kboot) -> None:
    program = kboot.bin / "kubectl"
    put(program, "1.24.0")
    file = wants(kboot, "1.24.0")
    assert steps(kboot.json("plan", file)) == []
    until(lambda: fingerprint(str(program)) is not None)
    assert known(kboot, file) == ("1.24.0", False)
    assert known(kboot, file) == ("1.24.0", True)

    before = program.stat()
    put(program, "1.24.3")
    os.utime(program, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = program.stat()
    for unchanged in ("st_ino", "st_size", "st_mtime_ns"):
        assert getattr(after, unchanged) == getattr(before, unchanged)
    until(lambda: fingerprint(str(program)) is not None)
    assert known(kboot, file) == ("1.24.3", False)
    assert steps(kboot.json("plan", file)) == ["install"]

    put(program, "1.24.0")
    assert known(kboot, file) == ("1.24.0", False)
    assert steps(kboot.json("plan", file)) == []


def known(kboot: Kboot, file: str) -> tuple[str, bool]:
    """kubectl's version as doctor sees it, and whether it was remembered."""
    seen = kboot.json("doctor", file)["host"]["tools"]["kubectl"]
    return str(seen["version"]), bool(seen["cached"])


def put(program: Path, version: str) -> None:
    """Machine code (only that is remembered) that says its version as kubectl does."""
    said = f'{{"clientVersion": {{"gitVersion": "v{version}"}}}}\n'.encode()
    base, head = 0x400000, 64 + 56
    # write(1, said, len(said)); exit(0)
    code = b"\xb8\x01\0\0\0\xbf\x01\0\0\0\xbe" + struct.pack("<I", base + head + 34)
    code += b"\xba" + struct.pack("<I", len(said)) + b"\x0f\x05"
    code += b"\xb8\x3c\0\0\0\x31\xff\x0f\x05"
    code = code.ljust(34, b"\x90")
    size = head + len(code) + len(said)
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    elf = struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, base + head, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, size, size, 0x1000)
    program.write_bytes(ident + elf + load + code + said)
    program.chmod(0o755)


def embed(kubeconfig: Path) -> None:
    """What minikube's own setting `embed-certs` does: keys in place of their files' names."""
    document = json.loads(kubeconfig.read_text())
    entries = [*(each["cluster"] for each in document["clusters"])]
    entries += [each["user"] for each in document["users"]]
    for entry in entries:
        for name in ("certificate-authority", "client-certificate", "client-key"):
            if name in entry:
                content = Path(entry.pop(name)).read_bytes()
                entry[f"{name}-data"] = base64.b64encode(content).decode()
    kubeconfig.write_text(json.dumps(document))


def authority(kubeconfig: Path) -> bytes:
    """The cluster's CA certificate, in the file or where the file says."""
    (cluster,) = yaml.safe_load(kubeconfig.read_text())["clusters"]
    entry = cluster["cluster"]
    if "certificate-authority" in entry:
        return Path(entry["certificate-authority"]).read_bytes()
    return base64.b64decode(entry["certificate-authority-data"])
