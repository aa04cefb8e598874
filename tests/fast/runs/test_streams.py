"""Streams as they are found: closed, blind to Unicode, without a terminal, with one."""

import os
import pty
import select

import pytest

from tests.helpers.driving.kboot import TOOLS, Kboot, as_root, check_text

LOOKED = (0, 1, 60)


@pytest.mark.parametrize("redirection", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("command", ["doctor", "plan"])
def test_a_stream_that_is_closed_from_the_start_changes_no_exit_code(
    command: str, redirection: str, kboot: Kboot
) -> None:
    file = kboot.profile(TOOLS)
    usual = kboot.run(command, file)
    done = kboot.through(redirection, command, file)
    assert done.code == usual.code
    assert done.out == ("" if ">&-" in redirection.split() else usual.out)


@as_root
def test_a_closed_stdout_does_not_stop_the_job(old: Kboot) -> None:
    assert old.through(">&-", "up", "p.toml").code == 0
    assert old.run("plan", "--detailed-exitcode", "p.toml").code == 0


@as_root
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reader_that_leaves_early_does_not_stop_the_job(stream: str, old: Kboot) -> None:
    with old.start("up", "p.toml") as process:
        gone, other = process.stdout, process.stderr
        if stream == "stderr":
            gone, other = other, gone
        assert gone is not None and other is not None
        gone.close()
        said = other.read()
    assert process.returncode == 0
    assert "Traceback" not in said and "Broken" not in said
    assert old.run("plan", "--detailed-exitcode", "p.toml").code == 0


@pytest.mark.parametrize("words", [("--version",), ("--help",), ("plan", "--help")])
def test_help_and_version_survive_a_reader_that_left(words: tuple[str, ...], kboot: Kboot) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with kboot.start(*words, stdout=writer) as process:
        os.close(writer)
        _, said = process.communicate()
    assert said == ""
    assert process.returncode == 0


@pytest.mark.parametrize("words", [("plan", "--output", "json"), ("env",)])
def test_data_for_a_reader_that_left_is_no_error(words: tuple[str, ...], kboot: Kboot) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with kboot.start(*words, kboot.adopted(), stdout=writer) as process:
        os.close(writer)
        _, said = process.communicate()
    assert (process.returncode, said) == (0, "")


@pytest.mark.parametrize("command", ["doctor", "plan", "up"])
def test_a_blind_locale_gets_plain_symbols(command: str, kboot: Kboot) -> None:
    kboot.env["LC_ALL"] = "C"
    kboot.env["PYTHONUTF8"] = "0"
    kboot.env["PYTHONCOERCECLOCALE"] = "0"
    done = kboot.run(command, "tutorial")
    assert done.code in LOOKED
    assert (done.out + done.err).isascii()


@pytest.mark.parametrize("blind", [True, False])
def test_text_that_the_stream_cannot_take_is_escaped_and_not_lost(
    blind: bool, kboot: Kboot
) -> None:
    if blind:
        kboot.env.update(LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    name = os.fsdecode(b"\xff.toml")
    file = kboot.profile(TOOLS.replace("[tools]", 'description = "für ✓"\n[tools]'), name)
    said = kboot.run("doctor", file).out
    assert ("f\\xfcr \\u2713" if blind else "für ✓") in said
    assert "\\udcff.toml" in said
    assert kboot.json("doctor", file)["profile"]["description"] == "für ✓"


@pytest.mark.parametrize(
    ("words", "environ", "coloured"),
    [
        ((), {}, True),
        (("--no-color",), {}, False),
        ((), {"NO_COLOR": "1"}, False),
        ((), {"TERM": "dumb"}, False),
    ],
    ids=["terminal", "--no-color", "NO_COLOR", "dumb"],
)
def test_colour_is_for_terminals_and_for_those_who_want_it(
    words: tuple[str, ...], environ: dict[str, str], coloured: bool, kboot: Kboot
) -> None:
    kboot.env.update({"TERM": "xterm", **environ})
    said = on_terminal(kboot, "doctor", kboot.profile(TOOLS), *words)
    assert (b"\x1b[" in said) is coloured
    assert b"kubectl" in said


def on_terminal(kboot: Kboot, *words: str) -> bytes:
    """What a run says whose three streams are one terminal."""
    ours, theirs = pty.openpty()
    said = b""
    with kboot.start(*words, stdin=theirs, stdout=theirs, stderr=theirs):
        os.close(theirs)
        while select.select([ours], [], [], 60)[0]:
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # Linux: nobody has the other end open any more
                break
            said += chunk
    os.close(ours)
    return said


@pytest.mark.parametrize("command", ["doctor", "plan", "up"])
@pytest.mark.parametrize("profile", ["tutorial", "default", "none"])
def test_no_line_is_longer_than_80_columns(command: str, profile: str, kboot: Kboot) -> None:
    kboot.minikube("0.25.0")
    done = kboot.run(command, profile)
    assert done.out + done.err
    check_text(done.out + done.err)  # `run` does so too; here it is the point


def test_quiet_leaves_what_is_wrong_and_verbose_adds_the_rest(kboot: Kboot) -> None:
    file = kboot.profile(TOOLS)
    kboot.env["DOCKER_HOST"] = "tcp://user:secret@192.0.2.1:2375"
    assert "DOCKER_HOST=tcp://***@192.0.2.1:2375" in kboot.run("doctor", "-v", file).out
    quiet = kboot.run("up", "-q", "--offline", file)
    assert quiet.code == 22
    assert (quiet.out, quiet.err.count("\n")) == ("", 1)


def test_the_program_is_called_as_its_wrapper_says(kboot: Kboot) -> None:
    kboot.env["KBOOT_COMMAND"] = "./boot"
    assert "`./boot up p.toml`" in kboot.run("doctor", kboot.profile(TOOLS)).out
