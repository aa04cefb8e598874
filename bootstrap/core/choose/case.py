"""What is judged and planned for, in one piece."""

from typing import NamedTuple

from bootstrap.core.choose.choice import Choices, choose
from bootstrap.core.model.knowledge import Knowledge
from bootstrap.core.model.profile import Profile
from bootstrap.core.model.request import Request
from bootstrap.core.model.state import HostState
from bootstrap.core.values.version import Version


class Case(NamedTuple):
    """All that findings and plans follow from. `choices` themselves follow from the rest."""

    profile: Profile
    state: HostState
    knowledge: Knowledge
    request: Request
    choices: Choices

    @property
    def minikube(self) -> Version | None:
        """The release that will run, once the plan is carried out; None: none, or not known."""
        return self.choices["minikube"].version


def case_of(profile: Profile, state: HostState, knowledge: Knowledge, request: Request) -> Case:
    choices = choose(profile, state, knowledge, request.trust)
    return Case(profile, state, knowledge, request, choices)
