import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bootstrap.host.programs.children import group_is_gone
from bootstrap.host.programs.probe import Asking, Question, Service, ask_all
from tests.helpers.waiting import until

ENV = {"PATH": os.environ["PATH"]}


def shell(script: str, timeout: float = 20.0) -> Question:
    return Question(("/bin/sh", "-c", script), timeout)


def test_a_program_that_ends_by_itself_has_told_its_exit_code_and_both_streams() -> None:
    told = ask_all({"it": shell("echo out; echo err >&2; exit 3")}, ENV)["it"]
    assert (told.exit_code, told.out, told.err, told.failure) == (3, "out\n", "err\n", "")


def test_a_program_reads_what_it_is_given_and_otherwise_nothing() -> None:
    reads = Question(("/bin/cat",), 20.0)
    told = ask_all({"given": reads._replace(given="FROM ü\nRUN\n"), "not": reads}, ENV)
    assert (told["given"].out, told["not"].out) == ("FROM ü\nRUN\n", "")


@pytest.mark.parametrize(
    ("bad", "failure"),
    [
        (shell("kill -SEGV $$"), "killed by signal 11 (SIGSEGV)"),
        (shell("kill -40 $$"), "killed by signal 40"),
        (shell("echo partly; sleep 100", 0.3), "did not answer within 0.3 s"),
        (shell("exec >&- 2>&-; sleep 100", 0.3), "did not answer within 0.3 s"),
        (shell("while echo .; do sleep 0.01; done", 0.3), "did not answer within 0.3 s"),
        (shell("head -c 100000000 /dev/zero; sleep 100"), "printed more than 1 MiB"),
        (shell("head -c 100000000 /dev/zero >&2; sleep 100"), "printed more than 1 MiB"),
        (Question(("/nowhere/kubectl",)), "cannot be run: No such file or directory"),
        (Question((os.devnull,)), "cannot be run: Permission denied"),
        (Question(("/bin/true\0",)), "cannot be run: embedded null byte"),
    ],
)
def test_a_failing_program_fails_alone(bad: Question, failure: str) -> None:
    told = ask_all({"one": shell("echo 1"), "bad": bad, "two": shell("echo 2")}, ENV)
    assert list(told) == ["one", "bad", "two"]
    assert (told["bad"].failure, told["bad"].exit_code) == (failure, None)
    assert [(told[name].exit_code, told[name].out) for name in ("one", "two")] == [
        (0, "1\n"),
        (0, "2\n"),
    ]


def test_a_file_for_another_machine_cannot_be_run(tmp_path: Path) -> None:
    file = tmp_path / "kubectl"
    file.write_bytes(b"\x7fELF and no more")
    file.chmod(0o755)
    assert ask_all({"it": Question((str(file),))}, ENV)["it"].failure.startswith("cannot be run: ")


def test_what_came_before_the_failure_is_kept_up_to_the_limit() -> None:
    told = ask_all(
        {"late": shell("echo partly; sleep 100", 0.3), "flood": shell("head -c 9000000 /dev/zero")},
        ENV,
    )
    assert told["late"].out == "partly\n"
    assert len(told["flood"].out) == 1024 * 1024


def test_a_long_answer_within_the_limit_is_whole() -> None:
    told = ask_all({"it": shell("head -c 1048576 /dev/zero | tr '\\0' x")}, ENV)["it"]
    assert (told.failure, told.out) == ("", "x" * 1024 * 1024)


def test_rubbish_bytes_are_replaced() -> None:
    assert ask_all({"it": shell(r"printf 'v1\377\n'")}, ENV)["it"].out == "v1\ufffd\n"


def test_a_program_that_asks_for_input_gets_none() -> None:
    code = (
        "from bootstrap.host.programs.probe import *\n"
        "it = Question(('/bin/sh', '-c', 'read answer || echo nobody'))\n"
        "print(end='', *(told.out for told in ask_all({'it': it}, {}).values()))"
    )
    asker = subprocess.Popen(
        (sys.executable, "-c", code), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert asker.stdin is not None and asker.stdout is not None
    assert asker.stdout.read() == "nobody\n", "it was given the input of the person"
    asker.stdin.close()
    asker.stdout.close()
    asker.wait()


def test_a_helper_may_finish_the_answer_just_after_the_programs_end() -> None:
    told = ask_all({str(number): shell("/bin/sh -c 'echo late' &") for number in range(20)}, ENV)
    assert {answer.out for answer in told.values()} == {"late\n"}


def test_a_program_gets_no_terminal_and_exactly_the_environment_given() -> None:
    told = ask_all(
        {
            "terminal": shell("exec 3</dev/tty"),
            "environment": Question(("/usr/bin/env",)),
        },
        {"ONLY": "this"},
    )
    assert told["terminal"].exit_code != 0
    assert told["environment"].out == "ONLY=this\n"


@pytest.mark.parametrize(
    "script",
    [
        "sleep 100 & echo $$",
        "sleep 100 >/dev/null 2>&1 & echo $$",
        "sleep 100 & echo $$; sleep 100",
        "sleep 100 & echo $$; kill -SEGV $$",
        "sleep 100 & echo $$; head -c 9000000 /dev/zero",
    ],
)
def test_nothing_of_a_probe_outlives_it(script: str) -> None:
    told = ask_all({"it": shell(script, 0.5)}, ENV)["it"]
    group = int(told.out.splitlines()[0])
    until(lambda: group_is_gone(group))


def test_a_daemon_that_holds_the_pipes_is_not_waited_for(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    daemon = f"setsid sh -c 'echo $$ > {pid}; exec sleep 100' &"
    asked = time.monotonic()
    told = ask_all(
        {"it": shell(f"{daemon} until [ -s {pid} ]; do sleep 0.01; done; echo answer")}, ENV
    )["it"]
    took = time.monotonic() - asked
    os.kill(int(pid.read_text()), signal.SIGKILL)
    assert (told.exit_code, told.out, told.failure) == (0, "answer\n", "")
    assert took < 20 / 2, "waited for the daemon, or for the deadline"


def test_four_programs_take_as_long_as_one() -> None:
    def seconds(count: int) -> float:
        began = time.monotonic()
        ask_all({str(number): shell("sleep 0.3") for number in range(count)}, ENV)
        return time.monotonic() - began

    one = seconds(1)
    assert min(seconds(4) for _ in range(3)) <= 1.4 * one


def test_work_between_start_and_finish_costs_no_answer(tmp_path: Path) -> None:
    done = tmp_path / "done"
    with Asking() as asking:
        asking.start({"it": shell(f"echo early; echo > {done}", 0.2)}, ENV)
        until(done.exists)
        late = time.monotonic() + 0.3
        until(lambda: time.monotonic() > late)
        told = asking.finish()["it"]
    assert (told.out, told.failure) == ("early\n", "")


def test_leaving_without_the_answers_ends_every_program(tmp_path: Path) -> None:
    pids = [tmp_path / "one", tmp_path / "two"]
    scripts = {file.name: shell(f"sleep 100 & echo $$ > {file}; sleep 100") for file in pids}
    with pytest.raises(LookupError), Asking() as asking:
        asking.start(scripts, ENV)
        until(lambda: all(file.exists() and file.read_text() for file in pids))
        raise LookupError
    for file in pids:
        until(lambda file=file: group_is_gone(int(file.read_text())))  # type: ignore[misc]


def test_ctrl_c_ends_every_program_and_goes_on(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    asker = subprocess.Popen(
        (
            sys.executable,
            "-c",
            "from bootstrap.host.programs.probe import *\n"
            f"script = 'echo $$ > {pid}; sleep 100'\n"
            "ask_all({'it': Question(('/bin/sh', '-c', script), 100)}, {})",
        ),
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: pid.exists() and pid.read_text())
    asker.send_signal(signal.SIGINT)
    _, err = asker.communicate()
    assert "KeyboardInterrupt" in err
    until(lambda: group_is_gone(int(pid.read_text())))


def test_ctrl_c_at_the_very_start_leaves_nothing_behind(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = (
        "from bootstrap.host.programs.probe import *\n"
        f"it = Question(('/bin/sh', '-c', 'echo $$ >> {pids}; kill -INT $PPID; sleep 100'), 100)\n"
        "for _ in range(20):\n"
        "    try:\n"
        "        ask_all({'it': it}, {'PATH': '/usr/bin:/bin'})\n"
        "    except KeyboardInterrupt:\n"
        "        print('interrupted')\n"
    )
    asked = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)
    assert (asked.stdout.split(), asked.stderr) == (["interrupted"] * 20, "")
    groups = [int(pid) for pid in pids.read_text().split()]
    until(lambda: all(group_is_gone(group) for group in groups))


def test_exit_codes_survive_a_parent_that_ignores_its_children() -> None:
    asked = subprocess.run(
        (
            sys.executable,
            "-c",
            "from bootstrap.host.programs.probe import *\n"
            "print(ask_all({'it': Question(('/bin/false',))}, {})['it'].exit_code)",
        ),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN),
    )
    assert asked.stdout == "1\n"


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):  # the latter when it ends while it is read
        return False


def service(script: str, folder: Path) -> Service:
    return Service(("/bin/sh", "-c", script), ENV, folder)


def test_a_service_ends_with_all_that_it_started(tmp_path: Path) -> None:
    serving = service(f"sleep 1000 & echo $$ $! > {tmp_path}/pids; wait", tmp_path)
    pids = tmp_path / "pids"
    until(lambda: pids.exists() and pids.read_text().endswith("\n"))
    assert not serving.ended
    serving.end()
    assert serving.ended
    until(lambda: not any(is_alive(int(pid)) for pid in pids.read_text().split()))


def test_a_service_that_ends_by_itself_is_seen_to_and_its_words_are_kept(tmp_path: Path) -> None:
    serving = service("echo out; echo err >&2; exit 3", tmp_path)
    until(lambda: serving.ended)
    assert serving.said == "out\nerr"
    serving.end()


def test_a_service_does_not_wait_for_a_reader_of_its_words(tmp_path: Path) -> None:
    serving = service(f"head -c 1000000 /dev/zero; touch {tmp_path}/done; sleep 1000", tmp_path)
    until((tmp_path / "done").exists)
    assert len(serving.said) <= 65536
    serving.end()


def test_a_service_ends_when_the_one_who_started_it_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    script = f"echo $$ > {tmp_path}/pid; exec sleep 1000"
    code = "import sys, pathlib; from bootstrap.host.programs.probe import Service\n"
    code += "Service(('/bin/sh', '-c', sys.argv[1]), {}, pathlib.Path(sys.argv[2]))\n"
    code += "sys.stdin.read()"
    words = (sys.executable, "-c", code, script, str(folder))
    with subprocess.Popen(words, stdin=subprocess.PIPE) as owner:
        pid = tmp_path / "pid"
        until(lambda: pid.exists() and pid.read_text().endswith("\n"))
        owner.kill()
    until(lambda: not is_alive(int(pid.read_text())))
    until(lambda: not folder.exists())
