"""up and down against a cluster, in minikube's 0.25 and 1.19: what they do and what they say."""

import json
import subprocess
import sys

import pytest

from bootstrap.host.files.lock import hold
from tests.helpers.driving.kboot import NEW, OLD, Kboot, as_root, held_back, on_linux
from tests.helpers.driving.listening import LISTEN
from tests.helpers.driving.reading import joined
from tests.helpers.house import HEAVY
from tests.helpers.waiting import until

pytestmark = as_root

PASSED = "api, version, nodes, system, serviceaccount"


def starts(kboot: Kboot) -> int:
    return len(kboot.calls("start"))


@pytest.mark.parametrize("era", ["old", "new"])
def test_up_ends_with_a_verified_cluster_and_says_what_was_verified(
    era: str, request: pytest.FixtureRequest
) -> None:
    kboot: Kboot = request.getfixturevalue(era)
    done = kboot.run("up", "p.toml")
    assert done.code == 0
    assert f"gates passed: {PASSED}." in joined(done.out)
    assert "proven" not in done.out + done.err
    assert '"$(kboot env p.toml)"' in done.out
    assert starts(kboot) == 1
    again = kboot.run("up", "p.toml")
    assert again.code == 0
    assert again.err == ""
    assert again.out.startswith("Nothing to do. ")
    assert f"cluster {era} is ready (gates passed: {PASSED})" in joined(again.out)
    assert starts(kboot) == 1


def test_a_run_with_nothing_to_do_starts_one_program_and_loads_nothing_heavy(
    running: Kboot,
) -> None:
    before = len(running.calls())
    words = ("-c", LISTEN, "up", "p.toml")
    done = running.run(*words, program=(sys.executable,))
    code, children, modules = json.loads(done.out.splitlines()[-1])
    assert code == 0
    assert "Nothing to do." in done.out
    assert running.calls()[before:] == ["version"]
    assert children == 1
    assert set(modules) & HEAVY == set()


def test_a_run_with_nothing_to_do_takes_no_lock(running: Kboot) -> None:
    locks = running.home / ".local" / "state" / "kboot" / "locks"
    before = {path: path.stat().st_mtime_ns for path in locks.iterdir()}
    assert running.run("up", "p.toml").code == 0
    assert {path: path.stat().st_mtime_ns for path in locks.iterdir()} == before


def test_verify_and_doctor_agree_with_up(running: Kboot) -> None:
    done = running.run("verify", "p.toml")
    assert done.code == 0
    assert f"Cluster old is ready: gates passed: {PASSED}." in joined(done.out)
    assert running.run("doctor", "p.toml").out.endswith(
        "Ready for old: everything is as declared.\n"
    )


def test_when_minikube_fails_to_stop_or_lies_of_deleting_kboot_says_that_it_still_runs(
    old: Kboot,
) -> None:
    assert old.run("up", "p.toml").code == 0
    stopped = old.run("down", "p.toml")
    assert stopped.code == 70
    assert "cluster old still runs: its API answers" in joined(stopped.err)
    deleted = old.run("down", "--delete", "--yes", "p.toml")
    assert deleted.code == 70
    assert "its API still answers" in joined(deleted.err)
    assert "Kubernetes runs on" in joined(deleted.err)
    assert "Cluster old is deleted" not in deleted.out
    assert old.run("verify", "p.toml").code == 0


def test_nothing_is_deleted_without_a_yes(new: Kboot) -> None:
    assert new.run("up", "p.toml").code == 0
    for words in (("down", "--delete"), ("down", "--delete", "--output", "json")):
        done = new.run(*words, "p.toml")
        assert done.code == 13
        assert "no terminal to ask on" in done.err
        assert "nothing was changed" in done.err
    assert new.calls("delete") == new.calls("stop") == []


def test_a_cluster_is_stopped_started_again_and_deleted(new: Kboot) -> None:
    assert new.run("up", "p.toml").code == 0
    done = new.run("down", "p.toml")
    assert (done.code, done.out) == (0, "Cluster new is stopped; its data stay.\n")
    assert new.run("verify", "p.toml", "--timeout", "1s").code == 73
    assert "stopped" in new.run("doctor", "p.toml").out
    assert new.run("down", "p.toml").out == "Nothing to do: cluster new is stopped.\n"
    up = new.run("up", "p.toml")
    assert up.code == 0
    assert "is stopped" in up.err
    assert starts(new) == 2
    gone = new.run("down", "--delete", "--yes", "p.toml")
    assert (gone.code, gone.out) == (0, "Cluster new is deleted.\n")
    assert not (new.home / ".minikube" / "profiles" / "new").exists()
    again = new.run("down", "--delete", "--yes", "p.toml")
    assert (again.code, again.out) == (0, "Nothing to do: cluster new is absent.\n")


def test_down_without_a_cluster_does_nothing(new: Kboot) -> None:
    assert new.run("down", "p.toml").out == "Nothing to do: cluster new is absent.\n"
    tools = new.profile('name = "tools"\n[tools]\nminikube = "1.19.0"\n', "tools.toml")
    assert "has no cluster" in new.run("down", tools).out
    assert new.calls() == ["version", "version"]


DIFFERS = {
    "kubernetes": (NEW, NEW.replace("1.20.2", "1.19.2"), "1.20.2"),
    "driver": (NEW, NEW.replace('"none"', '"docker"'), "driver none"),
}


@pytest.mark.parametrize(("first", "then", "said"), DIFFERS.values(), ids=DIFFERS)
def test_a_cluster_that_differs_is_a_conflict_and_left_alone(
    first: str, then: str, said: str, new: Kboot
) -> None:
    assert new.run("up", new.profile(first)).code == 0
    told = len(new.calls())
    document = new.json("up", new.profile(then))
    differing = [each for each in document["findings"] if each["reason"] == "cluster-differs"]
    assert said in differing[0]["message"]
    assert differing[0]["blocks"] == "conflict"
    if "docker" not in then:  # as root, on a host without Docker, that driver is blocked before
        assert document["exit_code"] == 74
    assert document["outcomes"] == []
    assert set(new.calls()[told:]) <= {"version", "status --output json --profile new"}
    assert new.run("verify", new.profile(first)).code == 0


def test_recreating_needs_a_yes_too(new: Kboot) -> None:
    assert new.run("up", "p.toml").code == 0
    assert new.run("down", "p.toml").code == 0
    record = new.home / ".minikube" / "profiles" / "new" / "config.json"
    record.write_text(record.read_text().replace("v1.20.2", "v1.19.2"))
    done = new.run("up", "--recreate", "p.toml")
    assert done.code == 13
    assert "nothing was changed" in done.err
    assert new.calls("delete") == []
    assert new.run("up", "--recreate", "--yes", "p.toml").code == 0
    assert (len(new.calls("delete")), starts(new)) == (1, 2)


def test_recreating_does_not_pass_off_a_cluster_that_lived_on(old: Kboot) -> None:
    assert old.run("up", "p.toml").code == 0
    old.profile(OLD.replace("1.9.0", "1.9.4"))
    done = old.run("up", "--recreate", "--yes", "p.toml")
    assert done.code == 70
    assert "its API still answers" in joined(done.err)
    assert starts(old) == 1


def test_with_driver_none_no_size_is_compared_for_there_is_no_machine_of_its_own(
    old: Kboot,
) -> None:
    assert old.run("up", "p.toml").code == 0
    old.profile(f'{OLD}cpus = 1\nmemory = "3GiB"\ndisk = "9GiB"\n')
    assert old.run("doctor", "p.toml").code == 0
    assert old.run("up", "p.toml").code == 0


def test_with_driver_none_another_name_is_no_second_cluster(old: Kboot) -> None:
    assert old.run("up", "p.toml").code == 0
    told = len(old.calls())
    other = old.profile(OLD.replace('name         = "old"', 'name         = "lab"'), "lab.toml")
    document = old.json("up", other)
    (found,) = [each for each in document["findings"] if each["reason"] == "cluster-not-alone"]
    assert document["exit_code"] == 74 and "that is old" in found["message"]
    assert old.run("down", "--delete", "--yes", other).code in (0, 74)
    assert set(old.calls()[told:]) <= {"version"}
    assert old.run("verify", "p.toml").code == 0


@on_linux
def test_of_two_at_once_one_waits_and_says_for_whom(old: Kboot) -> None:
    told = old.folder / "told"
    with held_back(old) as gate, told.open("w") as err, old.start("up", "p.toml") as first:
        until(lambda: starts(old))
        with old.start("up", "p.toml", stderr=err) as second:
            until(lambda: "waiting for" in told.read_text())
            gate.touch()
            out, _ = second.communicate()
        first.communicate()
    assert (first.returncode, second.returncode) == (0, 0)
    assert f"(process {first.pid}, since" in joined(told.read_text())
    assert "`kboot up p.toml`" in joined(told.read_text())
    assert starts(old) == 1
    assert f"gates passed: {PASSED}" in joined(out)


def test_a_waiter_gives_up_in_time_and_says_who_has_the_lock(old: Kboot) -> None:
    with held_back(old) as gate, old.start("up", "p.toml") as first:
        until(lambda: starts(old))
        done = old.run("up", "p.toml", "--start-timeout", "1s")
        gate.touch()
        first.communicate()
    assert (first.returncode, done.code) == (0, 42)
    assert f"process {first.pid}" in joined(done.err)
    assert starts(old) == 1


def test_a_moved_api_is_found_again(new: Kboot) -> None:
    """The private kubeconfig is checked against minikube's own record."""
    assert new.run("up", "p.toml").code == 0
    private = new.home / ".local" / "state" / "kboot" / "clusters" / "new" / "kubeconfig"
    assert private.stat().st_mode & 0o077 == 0
    document = json.loads(private.read_text())
    document["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    private.write_text(json.dumps(document))
    assert "at another address" in joined(new.run("doctor", "p.toml").out)
    assert new.run("up", "p.toml").code == 0
    assert (starts(new), len(new.calls("update-context"))) == (1, 1)


def test_a_down_that_had_to_wait_for_another_plans_anew(new: Kboot) -> None:
    assert new.run("up", "p.toml").code == 0
    lock = new.home / ".local" / "state" / "kboot" / "locks" / "cluster-new"
    with hold(lock, timeout=0, waiting=lambda text: None):
        waiter = new.start("down", "p.toml", stderr=subprocess.STDOUT)
        told = waiter.stdout
        assert told is not None
        until(lambda: "waiting for" in told.readline())
        subprocess.run((new.bin / "minikube", "stop", "--profile", "new"), env=new.env, check=True)
    said, _ = waiter.communicate()
    assert waiter.returncode == 0, said
    assert "Nothing to do: cluster new is stopped." in said
    assert new.calls("stop") == ["stop --profile new"]
