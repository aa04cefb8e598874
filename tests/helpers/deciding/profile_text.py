"""The smallest profiles, to which each test adds one line."""

import pytest

from bootstrap.core.model.profile import Profile
from bootstrap.core.reading import profile as profile_file
from bootstrap.errors import KbootError
from tests.helpers.deciding.generated import knowledge

TOOLS = """\
name = "work"

[tools]
minikube = "1.38.1"
"""
CLUSTER = (
    TOOLS
    + """
[cluster]
name = "work"
driver = "docker"
"""
)


def parse(text: str) -> Profile:
    return profile_file.parse(text, source="kboot.toml", knowledge=knowledge())


def refused(text: str) -> KbootError:
    with pytest.raises(KbootError) as caught:
        parse(text)
    return caught.value
