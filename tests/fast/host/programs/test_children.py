import os
import signal
import subprocess

from bootstrap.host.programs.children import group_is_gone, signal_group
from tests.helpers.waiting import until


def test_a_group_whose_members_nobody_reaps_counts_as_gone() -> None:
    leader = subprocess.Popen(("/bin/sh", "-c", "read line"), stdin=-1, start_new_session=True)
    assert not group_is_gone(leader.pid)
    assert leader.stdin is not None
    leader.stdin.close()
    until(lambda: group_is_gone(leader.pid))
    os.killpg(leader.pid, 0)  # it still bears the number: nobody has waited for it
    leader.wait()
    assert group_is_gone(leader.pid)


def test_signalling_a_group_that_is_gone_is_no_error() -> None:
    leader = subprocess.Popen(("/bin/true",), start_new_session=True)
    leader.wait()
    signal_group(leader.pid, signal.SIGTERM)
