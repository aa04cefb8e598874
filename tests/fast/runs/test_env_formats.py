"""What env prints is read back by what it is for: every value, or a refusal, never another."""

from io import StringIO
from pathlib import Path

import dotenv
import pytest

from tests.helpers.driving.kboot import Kboot
from tests.helpers.driving.shells import CLUSTER, HOSTILE, evaluated, furnish


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_shell_takes_over_every_value_as_it_is(shell: str, value: str, kboot: Kboot) -> None:
    wanted = furnish(kboot, value)
    seen = evaluated(kboot, shell, line='eval "$(kboot env p.toml)"')
    assert {name: seen[name] for name in wanted} == wanted


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_the_runner_of_github_actions_reads_every_text_as_it_is(value: str, kboot: Kboot) -> None:
    wanted = furnish(kboot, value)
    done = kboot.through(">../printed", "env", "--format", "github", "p.toml")
    if value == HOSTILE["no text"]:
        assert (done.code, printed(kboot)) == (2, "")
        assert "it is not UTF-8" in done.err
    else:
        assert runner_reads(printed(kboot)) == wanted


def printed(kboot: Kboot) -> str:
    return (kboot.folder / "printed").read_bytes().decode()


def runner_reads(text: str) -> dict[str, str]:
    """As the runner's SetEnvFileCommand does: `NAME=VALUE` or `NAME<<END`, whichever comes first
    on a line; lines end at a newline alone."""
    found, lines = {}, text.split("\n")
    while lines:
        line = lines.pop(0)
        name, _, end = line.partition("<<")
        if "=" in name:
            name, _, found_value = line.partition("=")
            found[name] = found_value
        elif line:
            place = lines.index(end)
            found[name] = "\n".join(lines[:place])
            del lines[: place + 1]
    return found


REFUSED_BY_DOTENV = ("dollar", "dollar and quote", "control", "no text")


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_readers_of_dotenv_files_agree_on_what_is_printed(value: str, kboot: Kboot) -> None:
    wanted = furnish(kboot, value)
    done = kboot.run("env", "--format", "dotenv", "p.toml")
    if value in [HOSTILE[each] for each in REFUSED_BY_DOTENV]:
        assert (done.code, done.out) == (2, "")
        assert "--format dotenv cannot carry this PATH" in done.err
        return
    assert done.code == 0
    assert dotenv.dotenv_values(stream=StringIO(done.out)) == wanted
    file = kboot.folder / "file.env"
    file.write_text(done.out, encoding="utf-8")
    seen = evaluated(kboot, "sh", line=f"set -a; . {file}")
    assert {name: seen[name] for name in wanted} == wanted


def test_a_plain_dotenv_value_has_no_quotes(kboot: Kboot) -> None:
    """`docker run --env-file` takes quotes for a part of the value."""
    wanted = furnish(kboot, "plain")
    said = kboot.run("env", "--format", "dotenv", "p.toml").out
    assert said == "".join(f"{name}={value}\n" for name, value in wanted.items())


def test_taken_over_twice_is_as_taken_over_once(kboot: Kboot) -> None:
    furnish(kboot, "plain")
    line = 'eval "$(kboot env p.toml)"'
    once = evaluated(kboot, "sh", line=line)
    assert evaluated(kboot, "sh", line=f"{line}; {line}") == once


def test_another_profile_taken_over_replaces_the_first(kboot: Kboot) -> None:
    furnish(kboot, "plain")
    kboot.profile(CLUSTER.replace('name   = "c"', 'name   = "d"'), "q.toml")
    other = evaluated(kboot, "sh", line='eval "$(kboot env q.toml)"')
    links = Path(other["PATH"].split(":")[0])
    links.mkdir(parents=True)
    both = 'eval "$(kboot env q.toml)"; eval "$(kboot env p.toml)"'
    seen = evaluated(kboot, "sh", line=both)
    assert str(links) not in seen["PATH"]
    assert seen["KUBECONFIG"].endswith("/clusters/c/kubeconfig")
    assert evaluated(kboot, "sh", line=f'{both}; eval "$(kboot env q.toml)"') == other


def test_a_format_that_is_not_known_is_named_with_those_that_are(kboot: Kboot) -> None:
    done = kboot.run("env", "--format", "tcsh")
    assert done.code == 2
    assert "'sh', 'fish', 'github', 'dotenv'" in " ".join(done.err.split())
