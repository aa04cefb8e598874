"""A profile that is wrong: a clear message, exit code 10, and nothing changed."""

import pytest

from tests.helpers.driving.kboot import Kboot, tree

TOOLS = 'name = "x"\n[tools]\n'

WRONG = {
    "not-utf-8": (b'name = "x"\n\xff\xfe\n', "not UTF-8 (line 2)"),
    "not-toml": ('name = "x"\nname name\n', "p.toml:2  not TOML"),
    "unquoted-version": (f"{TOOLS}kubectl = 1.9.3\n", "put versions in quotes"),
    "unknown-key": ('name = "x"\ntoolz = 1\n', "did you mean tools?"),
    "unknown-tool": (f'{TOOLS}kubctl = "1"\n', "did you mean kubectl?"),
    "wrong-type": ('name = ["x"]\n', "name: "),
    "number": (f"{TOOLS}kubectl = 1\n", 'write "1"'),
    "bare-operator": (f'{TOOLS}kubectl = ">="\n', "p.toml:3  tools.kubectl"),
    "path-as-version": (f'{TOOLS}kubectl = "../x"\n', "p.toml:3  tools.kubectl"),
    "flag-as-name": ('name = "--help"\n', "'--help' is not a profile name"),
    "flag-as-cluster": (
        'name = "x"\n[tools]\nminikube = "1"\n[cluster]\nname = "--help"\ndriver = "none"\n',
        "'--help' is not a cluster name",
    ),
    "two-megabytes": ("#" * 2_000_000, "larger than 64 KiB"),
    "nested": ("a = " + "[" * 200 + "]" * 200, "a: unknown key"),
    "nested-beyond-reason": ("a = " + "[" * 20_000 + "]" * 20_000, "nested too deeply"),
    "control-characters": ('name = "x"\ndescription = "\\u001b[2J"\n', "control characters"),
    "NUL": (b'name = "x\0"\n', "p.toml:1  not TOML"),
}


@pytest.mark.parametrize(("text", "said"), WRONG.values(), ids=WRONG)
def test_a_profile_that_is_wrong_is_refused_in_four_parts(
    text: str | bytes, said: str, kboot: Kboot
) -> None:
    before = tree(kboot.home, but=".cache")
    done = kboot.run("up", kboot.profile(text))
    assert done.code == 10
    assert done.out == ""
    joined = " ".join(done.err.split())
    assert " ".join(said.split()) in joined
    assert "kboot: profile-invalid (exit 10): profile p.toml" in joined
    assert "  state  nothing was changed" in done.err
    assert "  next   " in done.err
    assert tree(kboot.home, but=".cache") == before


@pytest.mark.parametrize("command", ["up", "plan", "doctor", "verify", "down", "env"])
def test_a_profile_that_is_missing_is_said_to_be(command: str, kboot: Kboot) -> None:
    done = kboot.run(command, "./nowhere.toml")
    assert done.code == 10
    assert "No such file or directory" in done.err
    assert "nothing was changed" in done.err


def test_a_shipped_profile_that_does_not_exist_is_answered_with_those_that_do(
    kboot: Kboot,
) -> None:
    done = kboot.run("plan", "tutorials")
    assert done.code == 10
    assert "shipped are default, none, tutorial" in done.err


def test_a_folder_is_no_profile(kboot: Kboot) -> None:
    done = kboot.run("plan", "./")
    assert (done.code, "Is a directory" in done.err) == (10, True)


def test_an_unquoted_1_10_means_1_10_and_not_1_1(kboot: Kboot) -> None:
    document = kboot.json("plan", kboot.profile(f"{TOOLS}kubectl = 1.10\n"))
    assert document["profile"]["requirements"][0]["version"] == "1.10"


USAGE = {
    "no-command": (),
    "unknown-command": ("uup",),
    "unknown-flag": ("up", "--frobnicate"),
    "flag-of-another-command": ("doctor", "--recreate"),
    "abbreviated-flag": ("up", "--recr"),
    "two-profiles": ("up", "a.toml", "b.toml"),
    "no-duration": ("up", "--timeout", "soon"),
    "negative-duration": ("up", "--timeout=-5s"),
    "command-for-doctor": ("doctor", "--", "ls"),
    "unknown-output": ("doctor", "--output", "yaml"),
}


@pytest.mark.parametrize("words", USAGE.values(), ids=USAGE)
def test_a_line_that_kboot_does_not_understand_is_exit_2_with_a_next_step(
    words: tuple[str, ...], kboot: Kboot
) -> None:
    done = kboot.run(*words)
    assert (done.code, done.out) == (2, "")
    assert "kboot: usage (exit 2): " in done.err
    assert "  state  nothing was changed" in done.err
    assert "  next   kboot" in done.err


SETTINGS = {
    "trust": {"KBOOT_TRUST": "blind"},
    "mirrors": {"KBOOT_MIRRORS": "https://dl.k8s.io"},
    "allow_sudo": {"KBOOT_ALLOW_SUDO": "perhaps"},
}


@pytest.mark.parametrize("environ", SETTINGS.values(), ids=SETTINGS)
def test_a_setting_that_is_wrong_is_exit_2_and_names_it(
    environ: dict[str, str], kboot: Kboot
) -> None:
    kboot.env.update(environ)
    done = kboot.run("plan", "tutorial")
    assert (done.code, done.out) == (2, "")
    assert "nothing was changed" in done.err


@pytest.mark.parametrize(
    "text", ["trust = 7", "trusts = 1", "trust =", "\xff", "mirrors = [1]"], ids=range(5)
)
def test_a_settings_file_that_is_wrong_is_exit_2_and_named(text: str, kboot: Kboot) -> None:
    file = kboot.home / ".config" / "kboot" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_bytes(text.encode("latin-1"))
    done = kboot.run("plan", "tutorial")
    assert (done.code, done.out) == (2, "")
    assert "config.toml" in done.err
