"""What the operating system refuses is told as such: 80 means a bug of kboot's and nothing else."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap.errors import Exit, class_of
from tests.helpers.driving.kboot import NEW, NOBODY, PROGRAM, Done, Kboot, as_root
from tests.helpers.places import ROOT

SOURCE = ROOT / "tests" / "helpers" / "driving" / "refusing.c"
ERRNOS = (
    *("ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EMFILE", "ENFILE", "ENOLCK"),
    *("EOPNOTSUPP", "EIO", "ENOTDIR", "ELOOP", "EBUSY", "ENAMETOOLONG", "ESTALE"),
)
PYTHONS = ("Traceback", "Errno", "Exception", "lost sys.stderr")


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that makes one call of a program fail."""
    compiler = shutil.which("cc")
    if sys.platform != "linux" or compiler is None:
        pytest.skip("needs Linux and a C compiler")
    library = tmp_path_factory.mktemp("refusing") / "refusing.so"
    argv = (compiler, "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl")
    subprocess.run(argv, check=True)
    return library


def told(done: Done) -> None:
    """A class that is not a bug's, and none of Python's words."""
    assert done.code not in (80, 120), done
    assert not any(word in done.out + done.err for word in PYTHONS), done


@pytest.mark.parametrize(
    "words",
    [
        ("doctor", "p.toml"),
        ("up", "--tools-only", "p.toml"),
        ("down", "p.toml"),
        ("exec", "p.toml", "--", "sh", "-c", "exit 0"),
    ],
    ids=lambda words: words[0],
)
def test_a_call_that_fails_is_no_bug(words: tuple[str, ...], refusing: Path, kboot: Kboot) -> None:
    """Every seventh call in turn, each with another error; the whole is for an afternoon."""
    kboot.adopted() if words[0] == "exec" else kboot.profile(NEW)
    log = kboot.folder / "calls"
    kboot.env.update(
        PYTHONSAFEPATH="1",  # else `python -m` itself looks into the current folder
        LD_PRELOAD=str(refusing),
        REFUSE_UNDER=f"{kboot.home}:{kboot.work}",
        REFUSE_LOG=str(log),
    )
    told(kboot.run(*words))
    calls = len(log.read_text().splitlines())
    assert calls > 20
    for number, call in enumerate(range(1, calls + 1, 7)):
        name = ERRNOS[number % len(ERRNOS)]
        kboot.env.update(REFUSE_CALL=str(call), REFUSE_ERRNO=str(getattr(errno, name)))
        told(kboot.run(*words))


@pytest.mark.parametrize("name", ERRNOS)
def test_every_refusal_of_the_systems_has_its_class(name: str) -> None:
    wanted = {"ENOSPC": Exit.DISK_FULL, "EDQUOT": Exit.DISK_FULL}
    places = ("EROFS", "EACCES", "EPERM", "ENOTDIR", "ELOOP", "ENAMETOOLONG")
    wanted |= dict.fromkeys(places, Exit.PERMISSION)
    error = OSError(getattr(errno, name), os.strerror(getattr(errno, name)))
    assert class_of(error) is wanted.get(name, Exit.SYSTEM_REFUSES)


def test_what_only_a_programs_own_mistake_brings_forth_is_a_bug() -> None:
    assert class_of(OSError(errno.EBADF, "Bad file descriptor")) is Exit.BUG
    assert class_of(OSError("no word of the system's")) is Exit.BUG


def test_a_bug_says_how_to_report_it_and_shows_no_traceback(kboot: Kboot) -> None:
    broken = "import bootstrap.run.session as s, bootstrap.cli; s.Session.begin = lambda it: 1 / 0"
    script = f"{broken}; raise SystemExit(bootstrap.cli.main())"
    done = kboot.run("-c", script, "doctor", kboot.adopted(), program=PROGRAM[:1])
    assert done.code == 80
    joined = " ".join(done.err.split())
    assert "a bug in kboot 0." in joined and "ZeroDivisionError" in joined
    assert "kboot doctor p.toml" in joined
    log = kboot.home / ".local" / "state" / "kboot" / "bug.log"
    assert str(log) in done.err
    assert log.read_text().startswith("Traceback")


@pytest.mark.parametrize(
    "words",
    [
        ("doctor", "p.toml"),
        ("plan", "p.toml", "--output", "json"),
        ("env", "p.toml"),
        *(("--version",), ("--help",), ("up", "--help")),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("redirection", [">/dev/full", ">/dev/full 2>&1"])
def test_what_cannot_be_said_for_want_of_room_is_40(
    redirection: str, words: tuple[str, ...], kboot: Kboot
) -> None:
    kboot.adopted()
    done = kboot.through(redirection, *words)
    assert done.code == 40
    told(done)
    if "2>&1" not in redirection:
        joined = " ".join(done.err.split())
        assert "No space left on device" in joined
        assert "the run itself ended with converged (exit 0)" in joined


def test_a_full_stderr_is_told_by_the_exit_code(kboot: Kboot) -> None:
    done = kboot.through("2>/dev/full", "plan", "nosuch.toml")
    assert (done.code, done.out) == (40, "")


@pytest.mark.parametrize(
    "place",
    [
        "home/.kube/config",
        "home/.config/kboot/config.toml",
        "home/.minikube/profiles/new/config.json",
        "home/.local/state/kboot/clusters/new/kubeconfig",
        "home/.local/state/kboot/clusters/new/merged.json",
        "home/.local/share/kboot/artifacts/kubectl/1.24.0-linux-amd64-0/receipt.json",
        "home/.cache/kboot/catalogue.json",
        "bin/minikube",
        "work/p.toml",
    ],
)
def test_a_fifo_in_a_files_place_is_not_waited_for(place: str, kboot: Kboot) -> None:
    kboot.profile(NEW)
    fifo = kboot.folder / place
    fifo.parent.mkdir(parents=True, exist_ok=True)
    fifo.unlink(missing_ok=True)
    os.mkfifo(fifo)
    for words in (("doctor", "p.toml"), ("plan", "p.toml"), ("up", "p.toml", "--offline")):
        told(kboot.run(*words))


def test_what_is_too_large_for_a_file_of_its_kind_is_not_read(kboot: Kboot) -> None:
    kboot.profile(NEW)
    (kboot.home / ".kube").mkdir()
    with (kboot.home / ".kube" / "config").open("wb") as file:
        file.truncate(1 << 40)
    done = kboot.run("doctor", "p.toml")
    told(done)
    assert "larger than" in " ".join(done.out.split())


@as_root
@pytest.mark.parametrize(
    ("folder", "said"),
    [(".kube", ".kube/config: Permission denied"), (".minikube", "Permission denied")],
)
def test_a_folder_that_may_not_be_entered_is_told_of(
    folder: str, said: str, open_folder: Path, to_nobody: tuple[str, ...]
) -> None:
    person = Kboot(open_folder / "x", launcher=to_nobody)
    for each in (person.folder, person.home, person.work):
        os.chown(each, NOBODY, NOBODY)
    (person.home / folder).mkdir(mode=0o700)
    person.minikube("1.19.0")
    person.profile(NEW)
    for command in ("doctor", "plan", "up", "down"):
        done = person.run(command, "p.toml")
        told(done)
        if command == "doctor":
            assert said in " ".join((done.out + done.err).split())
            assert "exists" not in done.out
    person.end()


@pytest.mark.parametrize("variable", ["HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"])
def test_a_colon_in_what_stands_in_path_is_refused_at_once(variable: str, kboot: Kboot) -> None:
    odd = kboot.folder / "a:b"
    odd.mkdir()
    kboot.env[variable] = str(odd)
    done = kboot.run("up", kboot.adopted())
    assert done.code == 2
    assert "there is a colon in its name" in " ".join(done.err.split())
    assert list(odd.iterdir()) == []


def test_a_current_folder_that_is_gone_is_told_of(kboot: Kboot) -> None:
    gone = kboot.work / "gone"
    gone.mkdir()
    shell = ("/bin/sh", "-c", f'rmdir "{gone}" && exec "$@"', "sh", *PROGRAM)
    told(kboot.run("doctor", program=shell, cwd=gone))
