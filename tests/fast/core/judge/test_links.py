import pytest

from bootstrap.core.model.finding import Status
from bootstrap.core.model.profile import Policy
from bootstrap.core.model.state import Ground, HostState, LinkFolder, StoredArtifact
from bootstrap.core.model.step import LinkTools
from bootstrap.core.plan.up import Plan, gates_decide
from bootstrap.errors import Exit
from tests.helpers.deciding.good_machine import finding, host, planned, profile_of, tool

BIN = "/home/w/bin"
PROFILE = profile_of(kubectl="1.35.2")._replace(id="work-1")
RECEIPT = StoredArtifact("kubectl", "1.35.2", "0" * 64, "catalogue")
MANAGED = tool("kubectl", "1.35.2", managed=True, stored=RECEIPT)


def machine(**folder: object) -> HostState:
    """kboot's own kubectl, an adopted minikube, and the folder that links are wanted in."""
    links = LinkFolder(BIN, Ground.THERE)
    return host(MANAGED, link_folder=links._replace(**folder))  # type: ignore[arg-type]


def test_what_kboot_installed_is_linked_and_what_was_adopted_is_not() -> None:
    (step,) = planned(PROFILE, machine(), link=BIN).steps
    assert isinstance(step, LinkTools)
    assert (step.names, step.folder, step.profile) == (("kubectl",), BIN, "work-1")


def test_without_link_nothing_is_said_of_a_folder_that_is_known() -> None:
    plan = planned(PROFILE, machine(taken={"kubectl": "a file"}))
    assert plan == Plan((), ())


@pytest.mark.parametrize("ground", Ground)
def test_where_every_link_is_right_nothing_is_asked_of_the_folder(ground: Ground) -> None:
    state = machine(ours={"kubectl": "work-1"}, ground=ground)
    assert planned(PROFILE, state, link=BIN) == Plan((), ())
    assert finding("links", PROFILE, state, link=BIN).status is Status.OK


@pytest.mark.parametrize(
    ("folder", "code"),
    [
        ({"taken": {"kubectl": "a file"}}, Exit.CONFLICT),
        ({"ground": Ground.NO_FOLDER, "obstacle": "/home/w"}, Exit.CONFLICT),
        ({"ground": Ground.NOT_WRITABLE, "obstacle": "/home/w"}, Exit.PERMISSION),
    ],
)
@pytest.mark.parametrize("tools_only", [False, True])
def test_what_is_in_the_way_blocks_and_no_link_is_planned(
    folder: dict[str, object], code: Exit, tools_only: bool
) -> None:
    plan = planned(PROFILE, machine(**folder), link=BIN, tools_only=tools_only)
    assert [each.blocks for each in plan.blockers] == [code]
    assert plan.steps == ()


def test_somebodys_file_of_the_name_of_an_adopted_tool_is_in_nobodys_way() -> None:
    state = machine(taken={"minikube": "a file"}, ours={"kubectl": "work-1"})
    assert planned(PROFILE, state, link=BIN) == Plan((), ())


def test_a_link_that_is_left_after_the_steps_is_not_for_the_gates_to_judge() -> None:
    left = planned(PROFILE, machine(), link=BIN)
    assert not gates_decide(left, ())


@pytest.mark.parametrize(("policy", "adopts"), [(Policy.INSTALL, False), (Policy.WARN, True)])
def test_another_profiles_tool_is_adopted_only_where_kboot_may_not_install(
    policy: Policy, adopts: bool
) -> None:
    profile = profile_of(kubectl=("1.35.2", policy))
    state = host(tool("kubectl", "1.35.2", borrowed=True))
    assert (planned(profile, state).steps == ()) == adopts
    seen = finding("kubectl", profile, state)
    assert (seen.status is Status.OK) == adopts
    assert adopts or seen.reason == "of-another-profile"
