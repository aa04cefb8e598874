"""A trial, its owner, and the API server that it is tried on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bootstrap.api.client import ApiClient
from bootstrap.gates.made.namespace import Owner
from bootstrap.gates.made.trial import Trial
from tests.helpers.serving.acting_api import ActingApi
from tests.helpers.serving.apiserver import Identity
from tests.helpers.working.trials import IMAGE, acting


@pytest.fixture
def api(identity: Identity) -> Iterator[ActingApi]:
    with acting(identity) as server:
        yield server


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    return Owner("0a0b0c0d", tmp_path / "locks")


@pytest.fixture
def trial(identity: Identity, api: ActingApi, owner: Owner) -> Iterator[Trial]:
    with ApiClient(identity.connection(api.url), timeout=5.0) as client:
        yield Trial(client, owner, IMAGE, seconds=60.0)
