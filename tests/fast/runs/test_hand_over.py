"""exec and env: what kboot hands over to a person's own commands."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.driving.kboot import ANSWER, TOOLS, Kboot, as_root, script, tree

SHOW = 'printf "%s\\n%s\\n" "$PATH" "$KUBECONFIG"'


@as_root
def test_exec_gives_the_command_path_and_kubeconfig(running: Kboot) -> None:
    done = running.run("exec", "p.toml", "--", "sh", "-c", SHOW)
    path, kubeconfig = done.out.splitlines()
    folders = path.split(":")
    assert folders[0].startswith(f"{running.data}/profiles/old-")
    assert folders[1:] == [str(running.bin), str(running.system)]
    assert Path(kubeconfig).is_file()
    assert done.err == ""


LAST_LINES = {
    "": 'eval "$(kboot env p.toml)"',
    "/bin/bash": 'eval "$(kboot env p.toml)"',
    "/usr/bin/zsh": 'eval "$(kboot env p.toml)"',
    "/usr/local/bin/fish": "kboot env --format fish p.toml | source",
    "/bin/tcsh": "kboot exec p.toml",
}


@as_root
@pytest.mark.parametrize(("shell", "line"), LAST_LINES.items())
def test_up_repeats_its_last_line_until_this_shell_has_both(
    shell: str, line: str, running: Kboot
) -> None:
    told = running.json("env", "p.toml")["variables"]
    before = running.env
    try:
        running.env = {**before, "SHELL": shell}
        assert running.run("up", "p.toml").out.splitlines()[-1].strip() == line
        running.env |= {**told, "PATH": f"/usr/bin:{told['PATH']}"}
        assert line not in running.run("up", "p.toml").out
        running.env["KUBECONFIG"] = str(running.home / "another")
        assert running.run("up", "p.toml").out.splitlines()[-1].strip() == line
    finally:
        running.env = before


def test_the_command_of_exec_is_not_told_how_this_kboot_was_called(kboot: Kboot) -> None:
    kboot.env["KBOOT_COMMAND"] = "./boot"
    file = kboot.adopted()
    done = kboot.run("exec", file, "--", "sh", "-c", 'echo "${KBOOT_COMMAND-none}"')
    assert done.out == "none\n"


@pytest.mark.parametrize("code", [0, 1, 7, 255])
def test_exec_ends_with_the_commands_exit_code(code: int, kboot: Kboot) -> None:
    file = kboot.adopted()
    assert kboot.run("exec", file, "--", "sh", "-c", f"exit {code}").code == code


def test_exec_becomes_the_command_and_leaves_it_its_streams(kboot: Kboot) -> None:
    file = kboot.adopted()
    words = ("exec", file, "--", "sh", "-c", "echo $$; cat; echo err >&2; kill -TERM $$")
    with kboot.start(*words, stdin=subprocess.PIPE) as process:
        out, err = process.communicate("given\n")
    assert out == f"{process.pid}\ngiven\n"
    assert err == "err\n"
    assert process.returncode == -15


def test_exec_passes_words_on_as_they_are(kboot: Kboot) -> None:
    words = ("", " ", "--", "--output", "a b", "$HOME", "*", "'", "\\", "é")
    show = "import json, sys; print(json.dumps(sys.argv[1:]))"
    command = (sys.executable, "-c", show, *words)
    done = kboot.run("exec", kboot.adopted(), "--", *command)
    assert done.out == f"{json.dumps(words)}\n"


def test_exec_without_a_command_is_the_persons_shell(kboot: Kboot) -> None:
    kboot.env["SHELL"] = str(kboot.system / "cat")
    with kboot.start("exec", kboot.adopted(), stdin=subprocess.PIPE) as process:
        assert process.communicate("hello")[0] == "hello"


def test_exec_of_what_is_not_there_is_said_to_be(kboot: Kboot) -> None:
    done = kboot.run("exec", kboot.adopted(), "--", "no-such-program")
    assert done.code == 2
    assert "no-such-program cannot be run" in done.err
    assert "No such file or directory" in done.err


def test_exec_before_the_cluster_says_that_it_was_not_started(kboot: Kboot) -> None:
    file = kboot.adopted()
    minikube = 'minikube = { version = "1.38.1", policy = "warn" }\n'
    kboot.profile(f'{TOOLS}{minikube}[cluster]\nname = "work"\ndriver = "docker"\n')
    done = kboot.run("exec", file, "--", "sh", "-c", "exit 3")
    assert done.code == 3
    assert "cluster work was not started yet: kboot up p.toml" in done.err


KUBECTL = "kubectl is not as profile tools says"


@pytest.mark.parametrize(
    "command", [("exec", "p.toml", "--", "sh", "-c", "echo ran"), ("env", "p.toml")]
)
@pytest.mark.parametrize(
    ("on_path", "asked", "why"),
    [
        ("", '"1.35.1"', "kubectl: not found"),
        ("1.34.0", '"1.35.1"', "1.34.0"),
        ("1.34.0", '{ version = "1.35.1", policy = "require" }', "1.34.0"),
        ("", '{ version = "1.35.1", policy = "require" }', "kubectl: not found"),
        ("rubbish", '"1.35.1"', "could not tell"),
    ],
)
def test_what_is_not_as_declared_is_neither_run_nor_handed_over(
    command: tuple[str, ...], on_path: str, asked: str, why: str, kboot: Kboot
) -> None:
    kboot.profile(TOOLS.replace('"1.35.1"', asked))
    if on_path:
        script(kboot.bin / "kubectl", f"echo '{ANSWER.replace('1.35.1', on_path)}'")
    done = kboot.run(*command)
    assert (done.code, done.out) == (1, "")
    assert KUBECTL in done.err and why in done.err
    assert "next" in done.err and "nothing was run" in done.err


@pytest.mark.parametrize("command", ["exec", "env"])
def test_what_the_profile_only_warns_of_is_told_and_goes_on(command: str, kboot: Kboot) -> None:
    kboot.profile(TOOLS.replace('"1.35.1"', '{ version = "1.35.1", policy = "warn" }'))
    script(kboot.bin / "kubectl", f"echo '{ANSWER.replace('1.35.1', '1.34.0')}'")
    words = ("--", "sh", "-c", "echo ran") if command == "exec" else ()
    done = kboot.run(command, "p.toml", *words)
    assert done.code == 0 and done.out
    assert "kboot: kubectl: 1.34.0" in done.err


def test_a_tool_that_only_warns_and_has_to_be_asked_costs_exec_nothing(kboot: Kboot) -> None:
    file = kboot.adopted()
    kboot.profile(TOOLS + 'docker = { version = "18.02", policy = "warn" }\n')
    script(kboot.bin / "docker", f"echo asked >{kboot.folder}/asked")
    assert kboot.run("exec", file, "--", "sh", "-c", "exit 0").code == 0
    assert not (kboot.folder / "asked").exists()


@as_root
def test_what_env_prints_makes_a_fresh_shell_find_the_cluster(running: Kboot) -> None:
    lines = running.run("env", "p.toml").out
    shell = f"eval {shlex.quote(lines)}; {SHOW}"
    done = subprocess.run(["/bin/sh", "-c", shell], env={}, capture_output=True, text=True)
    told = running.json("env", "p.toml")["variables"]
    assert done.stdout.splitlines() == [told["PATH"], told["KUBECONFIG"]]
    assert done.stderr == ""


def test_env_quotes_what_a_shell_would_obey(kboot: Kboot) -> None:
    evil = kboot.folder / "a b;$(touch owned)'\""
    evil.mkdir()
    kboot.env["PATH"] = f"{evil}:{kboot.env['PATH']}"
    lines = kboot.run("env", kboot.adopted()).out
    done = subprocess.run(
        ["/bin/sh", "-c", f'{lines}printf %s "$PATH"'],
        env={},
        cwd=kboot.work,
        capture_output=True,
        text=True,
    )
    assert str(evil) in done.stdout.split(":")
    assert not (kboot.work / "owned").exists()


def test_env_changes_nothing(kboot: Kboot) -> None:
    file = kboot.adopted()
    before = tree(kboot.home, but=".cache")
    assert kboot.run("env", file).code == 0
    assert tree(kboot.home, but=".cache") == before
