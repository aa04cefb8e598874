"""`scripts/truth`: doctor says what the raw commands say; and truth notices when it does not."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.places import FIXTURES, ROOT, TRANSCRIPTS

REPLAY = """\
#!{python} -IS
import sys

answers = {answers!r}
words = " ".join(sys.argv[1:])
code, out, err = answers.get(words, (97, "", "never recorded: " + words + "\\n"))
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(code)
"""

Answers = Mapping[str, tuple[int, str, str]]
Machine = Mapping[str, str]


def recorded(name: str, case: str) -> tuple[int, str, str]:
    record = json.loads((TRANSCRIPTS / f"{name}.json").read_text())[case]
    return record["rc"], record["out"], record["err"]


def docker(name: str, case: str) -> Answers:
    """The four recorded questions, and two more answered from what the client said as JSON."""
    code, out, err = recorded(name, f"{case}-version-json")
    seen = json.loads(out) if out else {}
    client, server = seen.get("Client") or {}, seen.get("Server") or {}
    window = f"{server['MinAPIVersion']}-{server['ApiVersion']}" if server else ""
    condition = "{{if .Server}}{{.Server.MinAPIVersion}}-{{.Server.APIVersion}}{{end}}"
    ours = client.get("DefaultAPIVersion", "") + "\n" if client else ""
    return {
        "--version": recorded(name, "v--version"),
        "version --format {{json .}}": (code, out, err),
        "version --format {{.Client.Version}}": recorded(name, f"{case}-version-client"),
        "version --format {{.Server.Version}}": recorded(name, f"{case}-version-server"),
        "version --format {{.Client.DefaultAPIVersion}}": (code, ours, err),
        f"version --format {condition}": (code, f"{window}\n" if client else "", err),
    }


def make(folder: Path, program: str, answers: Answers) -> None:
    folder.mkdir(exist_ok=True)
    file = folder / program
    file.write_text(REPLAY.format(python=sys.executable, answers=dict(answers)), encoding="utf-8")
    file.chmod(0o755)


def machine(home: Path, *folders: Path) -> Machine:
    """The environment of a person who has the made programs first on PATH."""
    tools = (*map(str, folders), str(Path(sys.executable).parent), "/usr/bin", "/bin")
    return {"HOME": str(home), "PATH": ":".join(tools)}


def doctor(environ: Machine) -> dict[str, Any]:
    run = subprocess.run(
        (sys.executable, "-m", "bootstrap", "doctor", "--output", "json", "tutorial"),
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=False,
    )
    document: dict[str, Any] = json.loads(run.stdout)
    return document


def truth(environ: Machine, document: object, folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "doctor.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    return subprocess.run(
        (str(ROOT / "scripts" / "truth"), "--doctor", str(file)),
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def rows(run: subprocess.CompletedProcess[str]) -> dict[str, tuple[str, ...]]:
    cells = [[cell.strip() for cell in line.split(" | ")] for line in run.stdout.splitlines()]
    return {name: tuple(rest) for name, *rest in cells if rest}


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """Two kubectls, one of a vendor; docker without engine; VirtualBox without its module."""
    home = tmp_path_factory.mktemp("home")
    near, far = home / "near", home / "far"
    make(near, "minikube", {"version": recorded("minikube-v0.25.0", "version")})
    question = "version --client -o json"
    make(near, "kubectl", {question: recorded("kubectl-v1.32.4-gcloud", "version-client-json")})
    make(far, "kubectl", {question: recorded("kubectl-v1.20.2-debian", "version-client-json")})
    make(near, "docker", docker("docker-28.2.2-upstream", "down"))
    make(near, "VBoxManage", {"--version": recorded("vboxmanage-7.2.22", "version-no-module")})
    return machine(home, near, far)


@pytest.fixture(scope="module")
def document(odd: Machine) -> str:
    return json.dumps(doctor(odd))


def test_doctor_says_of_an_odd_machine_what_the_raw_commands_say(
    odd: Machine, document: str, tmp_path: Path
) -> None:
    run = truth(odd, document, tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    seen = rows(run)
    near, far = odd["PATH"].split(":")[:2]
    assert seen["minikube version"][:2] == ("0.25.0", "0.25.0")
    assert seen["kubectl version"][:2] == ("1.32.4-dispatcher", "1.32.4-dispatcher")
    assert seen["kubectl candidates"][0].startswith(f"{near}/kubectl:{far}/kubectl")
    assert [seen[f"docker {part}"][0] for part in ("client", "client API", "engine")] == [
        "28.2.2",
        "1.50",
        "-",
    ]
    assert seen["docker engine says"][0].startswith("Cannot connect to the Docker daemon")
    assert seen["virtualbox version"][:2] == ("7.2.22_Debianr175245", "7.2.22_Debianr175245")
    assert seen["virtualbox module"][:2] == ("missing", "missing")


PODMAN = json.loads((FIXTURES / "docker" / "podman-4.3.1.json").read_text())
KINDS: dict[str, tuple[Answers, str]] = {
    "engine up": (docker("docker-28.2.2-upstream", "up"), "20.10.24+dfsg1"),
    "forbidden socket": (docker("docker-28.2.2-upstream", "perm"), "28.2.2"),
    "no such context": (docker("docker-28.2.2-upstream", "badctx"), "could not tell"),
    "podman": (
        {
            "--version": tuple(PODMAN["--version"][part] for part in ("rc", "out", "err")),
            "version --format {{json .}}": (0, PODMAN["version-json"]["out"], ""),
            "version --format {{.Client.Version}}": (0, "4.3.1\n", ""),
        },
        "4.3.1",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_doctor_says_of_every_kind_of_docker_what_the_raw_commands_say(
    kind: str, tmp_path: Path
) -> None:
    answers, version = KINDS[kind]
    make(tmp_path / "made", "docker", answers)
    environ = machine(tmp_path, tmp_path / "made")
    run = truth(environ, doctor(environ), tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    assert rows(run)["docker version"][:2] == (version, version)


def test_a_tool_that_says_no_version_could_not_be_told_by_either(tmp_path: Path) -> None:
    make(tmp_path / "made", "kubectl", {})
    environ = machine(tmp_path, tmp_path / "made")
    seen = doctor(environ)
    assert rows(truth(environ, seen, tmp_path))["kubectl version"][:2] == ("could not tell",) * 2
    seen["host"]["tools"]["kubectl"].update(version="1.9.3", failure="")
    run = truth(environ, seen, tmp_path)
    assert (run.returncode, "kubectl version" in run.stderr) == (1, True)


def test_a_doctor_that_is_wrong_is_told_so_item_by_item(
    odd: Machine, document: str, tmp_path: Path
) -> None:
    seen = json.loads(document)
    host, tools = seen["host"], seen["host"]["tools"]
    tools["minikube"]["path"] = "/elsewhere/minikube"
    tools["kubectl"]["version"] = "1.32.4"
    tools["kubectl"]["candidates"].reverse()
    tools["docker"]["facts"].update(engine="20.10.24", client_api="1.41")
    del tools["docker"]["facts"]["engine_error"]
    tools["virtualbox"]["facts"]["module"] = "loaded"
    host["cpus"] += 1
    host["root"] = not host["root"]
    host["disk_free_mib"] += 10_000
    host["cluster"]["power"] = "running"
    run = truth(odd, seen, tmp_path)
    assert run.returncode == 1
    wrong = [
        "minikube program",
        "kubectl candidates",
        "kubectl version",
        "docker client API",
        "docker engine",
        "docker engine says",
        "virtualbox module",
        "is root",
        "disk free (MiB)",
        "CPUs",
        "cluster minikube",
    ]
    assert [name for name, cells in rows(run).items() if cells[-1] == "NO"] == wrong
    assert run.stderr == f"truth: doctor is wrong about: {', '.join(wrong)}\n"


def test_a_tool_of_the_profile_that_doctor_leaves_out_is_not_equal(
    odd: Machine, document: str, tmp_path: Path
) -> None:
    seen = json.loads(document)
    del seen["host"]["tools"]["virtualbox"]
    lean = {**odd, "PATH": odd["PATH"].replace("/near:", "/nowhere:")}
    run = truth(lean, seen, tmp_path)
    assert run.returncode == 1
    assert rows(run)["virtualbox program"] == ("not found", "-", "NO")


@pytest.mark.parametrize("nothing", ["", "Not ready\n", "[]", '{"host": null}'])
def test_without_a_described_host_nothing_is_called_equal(nothing: str, tmp_path: Path) -> None:
    run = truth(machine(tmp_path), nothing, tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.splitlines()[-1].startswith("truth: doctor ")


def test_the_truth_comes_from_the_shell_and_not_from_kboot() -> None:
    text = (ROOT / "scripts" / "truth").read_text()
    code = [line for line in text.splitlines() if not line.startswith("#")]
    assert not any("bootstrap" in line for line in code)
    assert sum("scripts/kboot" in line for line in code) == 1
    assert os.access(ROOT / "scripts" / "truth", os.X_OK)
