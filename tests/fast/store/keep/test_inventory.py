import json
import subprocess
import sys

from bootstrap.core.model.state import StoredArtifact
from bootstrap.host.files.places import Places
from bootstrap.store.keep.commit import Delivery, install
from bootstrap.store.keep.intact import Known
from bootstrap.store.keep.inventory import inventory
from bootstrap.store.keep.receipt import RECEIPT, place_of
from tests.helpers.places import ROOT
from tests.helpers.serving.mirror import Mirror
from tests.helpers.working.samples import PATH, artifact


def test_an_empty_store_has_nothing_in_it(places: Places) -> None:
    assert inventory(Known(places)) == ()


def test_what_is_installed_is_listed_and_rubbish_is_passed_over(
    places: Places, mirror: Mirror
) -> None:
    wanted = artifact()
    delivery = Delivery(mirror.url + PATH, mirror.ca_file, "then")
    executable = install(wanted, places, delivery, lambda event: None)
    receipt = json.loads((executable.parent / RECEIPT).read_text())
    for number, content in enumerate(
        ["", "{}", "[]", "\x00", "[" * 100_000, json.dumps(receipt | {"size": "1"})]
    ):
        place = places.artifacts / "kubectl" / str(number)
        place.mkdir()
        (place / RECEIPT).write_text(content)
        (place / "kubectl").touch()
    (places.artifacts / "kubectl" / "a-file").touch()
    (places.artifacts / "kubectl" / "no-file").mkdir()
    (places.artifacts / "kubectl" / "no-file" / RECEIPT).write_text(json.dumps(receipt))
    assert inventory(Known(places)) == (
        StoredArtifact("kubectl", "1.2.3", wanted.sha256, "catalogue"),
    )


def test_a_place_is_named_after_version_platform_and_content(places: Places) -> None:
    wanted = artifact()
    expected = places.artifacts / "kubectl" / f"1.2.3-linux-amd64-{wanted.sha256[:12]}"
    assert place_of(places, wanted) == expected


def test_the_inventory_costs_every_run_no_http_client() -> None:
    code = "import sys, bootstrap.store.keep.inventory; print(*sys.modules)"
    loaded = subprocess.run(
        (sys.executable, "-c", code), capture_output=True, text=True, cwd=ROOT
    ).stdout.split()
    assert "bootstrap.store.keep.inventory" in loaded
    assert not {"urllib3", "ssl", "http.client", "urllib.request", "tarfile"} & set(loaded)
