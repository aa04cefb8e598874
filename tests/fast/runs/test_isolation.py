"""An installed kboot is made of its own modules, and a signal at any moment ends it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.driving.kboot import Done, Kboot
from tests.helpers.places import ROOT

CONSOLE = "import sys\nfrom bootstrap.isolated import main\nsys.exit(main())\n"
"""What an installer writes into `bin/kboot`."""
SHADOWED = ("argparse", "contextlib", "json", "packaging", "tomllib", "pydantic", "bootstrap_x")


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder with modules of the names of those that kboot uses."""
    folder = tmp_path / "hostile"
    folder.mkdir()
    for name in SHADOWED:
        (folder / f"{name}.py").write_text("raise SystemExit('not kboot')\n")
    return folder


def run(argv: tuple[str, ...], kboot: Kboot, folder: Path, **more: str) -> Done:
    env = {**kboot.env, **more, "PATH": f"{kboot.env['PATH']}:/usr/bin:/bin"}
    done = subprocess.run(argv, env=env, cwd=folder, capture_output=True, text=True)
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture(params=["installed", "scripts/kboot"])
def program(request: pytest.FixtureRequest, hostile: Path) -> str:
    if request.param == "scripts/kboot":
        return str(ROOT / "scripts" / "kboot")
    script = hostile / "kboot"
    script.write_text(f"#!{sys.executable}\n{CONSOLE}")
    script.chmod(0o755)
    return str(script)


@pytest.mark.parametrize("path", ["", ":.", "."], ids=["beside", "with-empty", "current"])
def test_neither_pythonpath_nor_a_folder_decides_what_kboot_is_made_of(
    path: str, program: str, hostile: Path, kboot: Kboot
) -> None:
    file = str(kboot.work / kboot.adopted())
    done = run((program, "plan", file), kboot, hostile, PYTHONPATH=path)
    assert "not kboot" not in done.out + done.err
    assert done.code == 0, done


def test_where_pythonpath_leads_to_kboot_itself_it_counts(hostile: Path, kboot: Kboot) -> None:
    bare = (sys.executable, "-S", "-c", CONSOLE)
    assert run((*bare, "--version"), kboot, hostile, PYTHONPATH=str(ROOT)).code == 0


def test_a_wrong_pythonhome_does_not_keep_the_checkouts_kboot_from_starting(
    kboot: Kboot, hostile: Path
) -> None:
    words = (str(ROOT / "scripts" / "kboot"), "--version")
    assert run(words, kboot, hostile, PYTHONHOME="/nowhere").code == 0


def test_what_exec_runs_has_the_persons_own_variables(kboot: Kboot, hostile: Path) -> None:
    words = ("exec", kboot.adopted(), "--", "sh", "-c", "echo $PYTHONPATH")
    program = str(ROOT / "scripts" / "kboot")
    assert run((program, *words), kboot, kboot.work, PYTHONPATH="/x").out == "/x\n"


def test_before_kboot_can_tell_of_it_a_signal_ends_it_without_a_word(tmp_path: Path) -> None:
    early = (
        "import os, signal, bootstrap.isolated as it; it.end_at_once_by_signal(); "
        "os.kill(os.getpid(), signal.SIGINT); input()"
    )
    argv = (sys.executable, "-c", early)
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("place", ["bootstrap.commands.arguments", "bootstrap.ui.text", "argparse"])
def test_a_signal_while_kboot_loads_is_told_by_the_exit_code(
    place: str, number: signal.Signals, kboot: Kboot
) -> None:
    """Sent by the import of one of its modules, so at a moment that is known."""
    script = (
        "import os, sys\n"
        "class Sends:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == {place!r}: os.kill(os.getpid(), {int(number)})\n"
        "sys.meta_path.insert(0, Sends())\n"
        "from bootstrap.cli import main\nsys.exit(main())"
    )
    done = kboot.run("-c", script, "doctor", kboot.adopted(), program=(sys.executable,))
    assert done.code == 128 + number


def test_what_nohup_has_it_ignore_stays_ignored(kboot: Kboot) -> None:
    script = (
        "import signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "import bootstrap.run.session as s\n"
        "s.Session.begin = lambda it: signal.raise_signal(signal.SIGHUP)\n"
        "from bootstrap.cli import main\nsys.exit(main())"
    )
    done = kboot.run(
        "-c", script, "exec", kboot.adopted(), "--", "sh", "-c", "exit 7", program=(sys.executable,)
    )
    assert done.code == 7
