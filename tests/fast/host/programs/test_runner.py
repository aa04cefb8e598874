import glob
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap.errors import Exit, KbootError
from bootstrap.host.programs.children import group_is_gone
from bootstrap.host.programs.hearing import Listener
from bootstrap.host.programs.runner import Result, run
from tests.helpers.waiting import until

ENV = {"PATH": os.environ["PATH"]}
UNHEARD = Listener(lambda stream, line: None)
Lines = list[tuple[str, str]]


def shell(script: str, *, timeout: float = 60.0, grace: float = 10.0) -> tuple[Result, Lines]:
    lines: Lines = []
    result = run(
        ("/bin/sh", "-c", script),
        env=ENV,
        timeout=timeout,
        grace=grace,
        listener=Listener(lambda stream, line: lines.append((stream, line))),
    )
    return result, lines


def python(code: str) -> "subprocess.Popen[str]":
    """A process that stands where kboot would, with a stdin that never ends."""
    text = (
        "import os, signal, sys\n"
        "from bootstrap.host.programs.runner import Listener, run\n"
        f"printed = Listener(print)\n{code}"
    )
    return subprocess.Popen(
        (sys.executable, "-c", text),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_result_has_the_exit_code_and_both_streams() -> None:
    result, lines = shell("echo one; echo two >&2; printf three; exit 7")
    assert (result.exit_code, result.out, result.err) == (7, "one\nthree", "two\n")
    assert sorted(lines) == [("err", "two"), ("out", "one"), ("out", "three")]
    assert not result.timed_out
    assert result.seconds > 0


def test_a_program_killed_by_a_signal_has_a_negative_exit_code() -> None:
    assert shell("kill -SEGV $$")[0].exit_code == -11


def test_lines_arrive_while_the_program_runs(tmp_path: Path) -> None:
    go = tmp_path / "go"
    seen: Lines = []

    def on_line(stream: str, line: str) -> None:
        seen.append((stream, line))
        go.touch()

    script = f"echo first; while [ ! -e {go} ]; do sleep 0.01; done; echo second"
    run(("/bin/sh", "-c", script), env=ENV, timeout=10, listener=Listener(on_line))
    assert seen == [("out", "first"), ("out", "second")]


def test_no_fast_command_loses_output() -> None:
    texts = []
    for number in range(200):
        result, lines = shell(f"echo {number}; echo e{number} >&2")
        texts.append((result.out, result.err, len(lines)))
    assert texts == [(f"{number}\n", f"e{number}\n", 2) for number in range(200)]


def test_stdin_is_at_its_end() -> None:
    kboot = python(
        "script = 'cat; read answer || echo nobody'\n"
        f"run(('/bin/sh', '-c', script), env={ENV!r}, timeout=5, listener=printed)"
    )
    assert kboot.stdout is not None and kboot.stdin is not None and kboot.stderr is not None
    assert kboot.stdout.read() == "out nobody\n"
    for pipe in (kboot.stdin, kboot.stdout, kboot.stderr):
        pipe.close()
    assert kboot.wait() == 0


def test_there_is_no_terminal() -> None:
    streams = "for fd in 0 1 2; do [ -t $fd ] && echo $fd; done"
    assert shell(f"{streams}; (exec </dev/tty) || echo none")[0].out == "none\n"


def test_the_environment_and_the_folder_are_the_ones_given(tmp_path: Path) -> None:
    result = run(
        ("/bin/sh", "-c", "pwd; /usr/bin/env"),
        env={"ONLY": "this"},
        timeout=10,
        listener=UNHEARD,
        cwd=tmp_path,
    )
    lines = result.out.splitlines()
    assert lines[0] == str(tmp_path)
    assert {line.partition("=")[0] for line in lines[1:]} <= {"ONLY", "PWD", "OLDPWD", "_", "SHLVL"}


def test_arguments_arrive_as_they_are() -> None:
    argv = ("/usr/bin/printf", "%s\n", "a b", "$HOME", "*", "", "--x=ü", "\u2028")
    result = run(argv, env=ENV, timeout=10, listener=UNHEARD)
    assert result.out.split("\n") == ["a b", "$HOME", "*", "", "--x=ü", "\u2028", ""]


def test_bytes_that_are_no_text_are_replaced() -> None:
    result, lines = shell(r"printf 'v1\377\r\nend\303'")
    assert lines == [("out", "v1\ufffd"), ("out", "end\ufffd")]
    assert result.out == "v1\ufffd\r\nend\ufffd"


def test_a_timeout_ends_all_that_was_started_and_keeps_what_was_printed() -> None:
    result, lines = shell("echo $$; sleep 100 & sleep 100; echo never", timeout=0.3)
    assert result.timed_out
    assert result.exit_code == -signal.SIGTERM
    assert lines == [("out", result.out.strip())]
    assert group_is_gone(int(result.out))


def test_a_program_may_say_a_last_word_when_its_time_is_over() -> None:
    script = "trap 'head -c 300000 /dev/zero | tr \"\\0\" x; exit 5' TERM; sleep 100 & wait"
    result, _ = shell(script, timeout=0.3)
    assert (result.timed_out, result.exit_code, len(result.out)) == (True, 5, 300000)


def test_a_program_that_refuses_to_end_is_killed_after_the_grace() -> None:
    script = "trap '' TERM INT; echo $$; while :; do sleep 0.05; done"
    result, _ = shell(script, timeout=0.3, grace=0.2)
    assert (result.timed_out, result.exit_code) == (True, -signal.SIGKILL)
    assert group_is_gone(int(result.out))


def test_what_a_program_leaves_behind_on_purpose_lives_on_and_is_not_waited_for() -> None:
    result, lines = shell("sleep 100 & echo $!; printf unfinished", timeout=50)
    os.kill(int(result.out.splitlines()[0]), signal.SIGKILL)  # fails when it is gone
    assert (result.exit_code, result.timed_out) == (0, False)
    assert lines[-1] == ("out", "unfinished")
    assert result.seconds < 50 / 2


def test_services_that_a_program_starts_still_hear_hangups() -> None:
    assert shell("kill -HUP $$; echo deaf")[0].exit_code == -signal.SIGHUP


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_all_that_was_started_and_goes_on(
    number: signal.Signals, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    kboot = python(
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n"
        f"run(('/bin/sh', '-c', 'sleep 100 & echo $$ > {pid}; sleep 100'), env={ENV!r}, "
        "timeout=100, grace=0.5, listener=printed)"
    )
    until(lambda: pid.exists() and pid.read_text())
    kboot.send_signal(number)
    _, err = kboot.communicate()
    assert kboot.returncode == (143 if number == signal.SIGTERM else -signal.SIGINT), err
    assert group_is_gone(int(pid.read_text()))


def test_an_interrupt_at_the_very_start_leaves_nothing_behind(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    kboot = python(
        f"script, env = 'echo $$ >> {pids}; kill -INT $PPID; sleep 100', {ENV!r}\n"
        "for _ in range(20):\n"
        "    try:\n"
        "        run(('/bin/sh', '-c', script), env=env, timeout=99, grace=0.1, listener=printed)\n"
        "    except KeyboardInterrupt:\n"
        "        print('interrupted')\n"
    )
    out, err = kboot.communicate()
    assert (out.split(), err) == (["interrupted"] * 20, "")
    assert all(group_is_gone(int(pid)) for pid in pids.read_text().split())


def test_a_second_interrupt_kills_at_once(tmp_path: Path) -> None:
    pid, asked = tmp_path / "pid", tmp_path / "asked"
    script = f'trap "touch {asked}" INT; echo $$ > {pid}; while :; do sleep 0.05; done'
    kboot = python(
        f"run(('/bin/sh', '-c', {script!r}), env={ENV!r}, timeout=100, grace=100, listener=printed)"
    )
    until(lambda: pid.exists() and pid.read_text())
    kboot.send_signal(signal.SIGINT)
    until(asked.exists)
    kboot.send_signal(signal.SIGINT)
    _, err = kboot.communicate(timeout=20)
    assert "KeyboardInterrupt" in err
    until(lambda: group_is_gone(int(pid.read_text())))


def test_a_fault_in_what_is_shown_is_raised_after_the_work_is_done(tmp_path: Path) -> None:
    done = tmp_path / "done"
    seen = []

    def on_line(stream: str, line: str) -> None:
        seen.append(line)
        raise LookupError(line)

    with pytest.raises(LookupError, match="one"):
        run(
            ("/bin/sh", "-c", f"echo one; sleep 0.1; echo two; touch {done}"),
            env=ENV,
            timeout=10,
            listener=Listener(on_line),
        )
    assert done.exists()
    assert seen == ["one"]


FLOODS = {
    "lines": "import sys\nfor _ in range(100): sys.stdout.write(('x' * 999 + '\\n') * 1000)",
    "one line": "import sys\nfor _ in range(100): sys.stdout.write('x' * 1000000)",
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
def test_a_flood_is_shown_whole_and_kept_in_bounds(flood: str) -> None:
    kboot = python(
        "def peak(): return int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])\n"
        "shown = 0\n"
        "def on_line(stream, line):\n"
        "    global shown\n"
        "    shown += line.count('x')\n"
        "before = peak()\n"
        f"result = run((sys.executable, '-c', {flood!r}), env={{}}, timeout=100, "
        "listener=Listener(on_line))\n"
        "print(result.exit_code, shown, len(result.out), peak() - before)"
    )
    out, err = kboot.communicate()
    code, shown, kept, grown_kib = map(int, out.split())
    assert (code, kept, err) == (0, 1024 * 1024, "")
    assert shown >= 99_900_000
    assert grown_kib < 20 * 1024


@pytest.mark.parametrize(
    ("text", "mode", "why"),
    [
        (None, 0, "there is no such file"),
        ("#!/bin/sh\n", 0o644, "it is not executable"),
        ("#!/nowhere/interpreter\n", 0o755, "No such file or directory"),
        ("\0 no program", 0o755, "Exec format error"),
    ],
)
def test_what_cannot_be_run_is_said_with_the_reason(
    text: str | None, mode: int, why: str, tmp_path: Path
) -> None:
    file = tmp_path / "mini_kube"
    (tmp_path / "mini-kube").symlink_to("/bin/true")  # sh would try this name too
    if text is not None:
        file.write_text(text)
        file.chmod(mode)
    with pytest.raises(KbootError) as caught:
        run((str(file),), env=ENV, timeout=10, listener=UNHEARD)
    assert caught.value.code is Exit.TOOL_FAILED
    assert why in caught.value.why
    assert "\n" not in caught.value.why
    assert str(file) in caught.value.what


def test_a_missing_folder_is_said_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(KbootError) as caught:
        run(
            ("/bin/true",),
            env=ENV,
            timeout=10,
            listener=UNHEARD,
            cwd=tmp_path / "gone",
        )
    assert "No such file or directory" in caught.value.why


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_runs_leave_no_file_open() -> None:
    shell("true")
    before = open_files()
    for _ in range(3):
        shell("echo x; sleep 2 &")
        shell("echo x; sleep 100", timeout=0.1)
        with pytest.raises(KbootError):
            run(("/nowhere",), env=ENV, timeout=10, listener=UNHEARD)
    assert open_files() == before


def test_exit_codes_survive_a_parent_that_ignores_its_children() -> None:
    code = (
        "from bootstrap.host.programs.runner import Listener, run\n"
        "print(run(('/bin/false',), env={}, timeout=10, listener=Listener(print)).exit_code)"
    )
    asked = subprocess.run(
        (sys.executable, "-c", code),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN),
    )
    assert asked.stdout == "1\n"


def test_globbing_stays_as_it_was_for_the_rest_of_the_process(tmp_path: Path) -> None:
    assert glob.glob(pathname=str(tmp_path / "*")) == []  # noqa: PTH207
