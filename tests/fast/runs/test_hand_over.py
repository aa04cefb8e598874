"""exec and env: what kboot hands over to a person's own commands."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.driving.kboot import TOOLS, Kboot, as_root, tree

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
    file = kboot.profile(TOOLS)
    done = kboot.run("exec", file, "--", "sh", "-c", 'echo "${KBOOT_COMMAND-none}"')
    assert done.out == "none\n"


@pytest.mark.parametrize("code", [0, 1, 7, 255])
def test_exec_ends_with_the_commands_exit_code(code: int, kboot: Kboot) -> None:
    file = kboot.profile(TOOLS)
    assert kboot.run("exec", file, "--", "sh", "-c", f"exit {code}").code == code


def test_exec_becomes_the_command_and_leaves_it_its_streams(kboot: Kboot) -> None:
    file = kboot.profile(TOOLS)
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
    done = kboot.run("exec", kboot.profile(TOOLS), "--", *command)
    assert done.out == f"{json.dumps(words)}\n"


def test_exec_without_a_command_is_the_persons_shell(kboot: Kboot) -> None:
    kboot.env["SHELL"] = str(kboot.system / "cat")
    with kboot.start("exec", kboot.profile(TOOLS), stdin=subprocess.PIPE) as process:
        assert process.communicate("hello")[0] == "hello"


def test_exec_of_what_is_not_there_is_said_to_be(kboot: Kboot) -> None:
    done = kboot.run("exec", kboot.profile(TOOLS), "--", "no-such-program")
    assert done.code == 2
    assert "no-such-program cannot be run" in done.err
    assert "No such file or directory" in done.err


def test_exec_before_the_cluster_says_that_it_was_not_started(kboot: Kboot) -> None:
    done = kboot.run("exec", "tutorial", "--", "sh", "-c", "exit 3")
    assert done.code == 3
    assert "cluster minikube was not started yet: kboot up tutorial" in done.err


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
    lines = kboot.run("env", kboot.profile(TOOLS)).out
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
    before = tree(kboot.home, but=".cache")
    assert kboot.run("env", "tutorial").code == 0
    assert tree(kboot.home, but=".cache") == before
