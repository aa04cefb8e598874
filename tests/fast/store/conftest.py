"""A mirror with one artifact on it, and a user's folders."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bootstrap.host.files.places import Places
from bootstrap.store.fetch import request
from tests.helpers.serving.mirror import Mirror
from tests.helpers.working.samples import BODY, PATH, places_in


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(request, "FIRST_PAUSE", 0.01)
    file = tmp_path / "served"
    file.write_bytes(BODY)
    with Mirror({PATH: file}) as running:
        yield running


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return places_in(tmp_path / "home")
