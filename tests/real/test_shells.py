"""The last line of `up`, pasted into fresh shells of each kind; every value in each of them."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.helpers.driving.kboot import NEW, PROGRAM, Kboot, furnish_none, script
from tests.helpers.driving.shells import HOSTILE, evaluated, furnish
from tests.helpers.places import PARTS, ROOT
from tests.helpers.serving.mirror import Mirror

pytestmark = pytest.mark.real

FRESH = {
    "bash": ("bash", "--norc", "--noprofile"),
    "zsh": ("zsh", "-f"),
    "fish": ("fish", "--no-config"),
    "dash": ("dash",),
}
VERSIONS = {"a": "1.20.0", "b": "1.28.3", "c": "1.35.2"}
TOOLS = """\
name = "{name}"

[tools]
kubectl = "{version}"
"""
ASK = """
kubectl version --client -o json | grep -m 1 gitVersion
echo "KUBECONFIG=$KUBECONFIG"
"""


@pytest.fixture(scope="module", autouse=True)
def shells() -> None:
    subprocess.run([PARTS / "shells"], check=True)


def path_of(version: str) -> str:
    return f"/release/v{version}/bin/linux/amd64/kubectl"


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kboot]:
    """Three profiles with a kubectl each, of which `a` has a cluster too; `kboot` is on PATH."""
    kboot = Kboot(tmp_path_factory.mktemp("shells"))
    for name in ("grep", "env"):
        (kboot.system / name).symlink_to(f"/usr/bin/{name}")
    called = " ".join(map(shlex.quote, PROGRAM))
    script(kboot.system / "kboot", f'PYTHONPATH={shlex.quote(str(ROOT))} exec {called} "$@"')
    kboot.minikube("1.19.0")
    furnish_none(kboot)
    for name, version in VERSIONS.items():
        kboot.profile(TOOLS.format(name=name, version=version), f"{name}.toml")
    kboot.profile(NEW.replace("[tools]", '[tools]\nkubectl = "1.20.0"'), "a.toml")
    fetch = [str(PARTS / "fetch-kubectl")]
    files = {
        path_of(version): Path(subprocess.check_output([*fetch, version], text=True).strip())
        for version in VERSIONS.values()
    }
    with Mirror(files) as mirror:
        kboot.env["KBOOT_MIRRORS"] = f"https://dl.k8s.io={mirror.url}"
        kboot.env["KBOOT_CA_BUNDLE"] = str(mirror.ca_file)
        yield kboot
    kboot.end()


def last_line(kboot: Kboot, profile: str, shell: str) -> str:
    """The end of what `up` says to somebody with that shell; the first time it also does it."""
    kboot.env["SHELL"] = f"/usr/bin/{shell}"
    done = kboot.run("up", profile)
    assert done.code == 0, done
    return done.out.splitlines()[-1]


def begin(kboot: Kboot, shell: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        (shutil.which(shell) or shell, *FRESH[shell][1:]),
        env={**kboot.env, "LANG": "C.UTF-8"},
        cwd=kboot.work,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def asked(shell: subprocess.Popen[str], *lines: str) -> str:
    return shell.communicate("\n".join(lines) + ASK)[0]


def kubeconfig(kboot: Kboot) -> str:
    return f"{kboot.home}/.local/state/kboot/clusters/new/kubeconfig"


@pytest.mark.parametrize("shell", FRESH)
def test_the_last_line_of_up_works_in_a_fresh_shell(shell: str, person: Kboot) -> None:
    line = last_line(person, "a.toml", shell)
    said = asked(begin(person, shell), line)
    assert '"gitVersion": "v1.20.0"' in said, said
    assert said.endswith(f"KUBECONFIG={kubeconfig(person)}\n")
    assert Path(kubeconfig(person)).is_file()


def test_several_profiles_are_used_in_several_shells_at_once(person: Kboot) -> None:
    """Every shell has its line taken over before any goes on to use what that gave."""
    lines = {
        (shell, name): last_line(person, f"{name}.toml", shell)
        for shell in FRESH
        for name in VERSIONS
    }
    with ExitStack() as stack:
        running, gates = {}, {}
        for (shell, name), line in lines.items():
            gate = gates[shell, name] = person.folder / f"gate-{shell}-{name}"
            os.mkfifo(gate)
            process = running[shell, name] = stack.enter_context(begin(person, shell))
            assert process.stdin is not None
            process.stdin.write(f"{line}\necho taken over\ncat {gate}{ASK}")
            process.stdin.close()  # fish begins only when it has all of it
        for process in running.values():
            assert process.stdout is not None
            assert process.stdout.readline() == "taken over\n"
        for gate in gates.values():
            gate.write_text("")
        for (shell, name), process in running.items():
            assert process.stdout is not None
            said = process.stdout.read()
            assert f'"gitVersion": "v{VERSIONS[name]}"' in said, (shell, name, said)
            assert (kubeconfig(person) in said) is (name == "a")


@pytest.mark.parametrize("shell", FRESH)
def test_the_next_profile_in_the_same_shell_replaces_the_first(shell: str, person: Kboot) -> None:
    first, second = (last_line(person, name, shell) for name in ("b.toml", "c.toml"))
    said = asked(begin(person, shell), first, second, second, "env | grep ^PATH=")
    assert f'"gitVersion": "v{VERSIONS["c"]}"' in said
    assert said.partition("\n")[0].count("/current") == 1


@pytest.mark.parametrize("shell", FRESH)
def test_the_line_names_a_program_and_a_profile_with_blanks_and_quotes(
    shell: str, person: Kboot
) -> None:
    folder = person.folder / f"it's {shell}'s \\\\ \\"
    folder.mkdir()
    (folder / "kboot").symlink_to(person.system / "kboot")
    (person.work / "b's \\\\ b.toml").write_text(TOOLS.format(name="b", version=VERSIONS["b"]))
    person.env["KBOOT_COMMAND"] = str(folder / "kboot")
    try:
        line = last_line(person, "b's \\\\ b.toml", shell)
    finally:
        del person.env["KBOOT_COMMAND"]
    assert str(folder / "kboot") not in line  # it is quoted
    said = asked(begin(person, shell), line)
    assert f'"gitVersion": "v{VERSIONS["b"]}"' in said


def test_a_shell_of_another_kind_gets_one_of_its_own(person: Kboot) -> None:
    line = last_line(person, "b.toml", "tcsh")
    assert line == "  kboot exec b.toml"


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("shell", FRESH)
def test_every_shell_takes_over_every_value_as_it_is(
    shell: str, value: str, tmp_path: Path
) -> None:
    kboot = Kboot(tmp_path)
    wanted = furnish(kboot, value)
    line = 'eval "$(kboot env p.toml)"'
    if shell == "fish":
        line = "kboot env --format fish p.toml | source"
    seen = evaluated(kboot, *FRESH[shell], line=line)
    assert {name: os.fsencode(seen[name]) for name in wanted} == {
        name: os.fsencode(value) for name, value in wanted.items()
    }
