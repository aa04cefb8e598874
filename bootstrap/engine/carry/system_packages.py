"""Carry out a step of the system's package manager."""

from bootstrap.core.choose.packages import install_lines, refresh_lines
from bootstrap.core.model.step import RunPackages, Step
from bootstrap.engine.carry.programs import run_program
from bootstrap.engine.carry.work import Work
from bootstrap.engine.look.packages import fitting


def run_packages(step: Step, work: Work) -> str:
    """Fetch the manager's lists, make sure that what it offers fits, and only then install."""
    assert isinstance(step, RunPackages)
    env = work.around.for_children(work.profile.id, {"DEBIAN_FRONTEND": "noninteractive"})
    for argv in refresh_lines(step):
        run_program(argv, env, step, work, work.limits.packages)
    tool = work.knowledge.tool(step.tool)
    version = fitting(step, work.knowledge, work.profile, work.around) if step.packages else ""
    for argv in install_lines(step):
        run_program(argv, env, step, work, work.limits.packages)
    return "; ".join(filter(None, (version, tool.afterwards if step.packages else "")))
