"""The release data: complete, well-formed, and read as they stand."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bootstrap.core.model.catalogue import Artifact, Catalogue
from bootstrap.core.values.version import Constraint, parse_version
from bootstrap.host.files.cache import Cache
from bootstrap.host.files.catalogue import FOLDER, read_catalogue
from bootstrap.tools import TOOLS
from tests.helpers.places import START_FLAGS

CATALOGUE = read_catalogue(Cache(Path("/dev/null")))
PLATFORMS = ("linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64")


def artifacts() -> Iterator[Artifact]:
    for tool in TOOLS:
        for version in CATALOGUE.versions(tool.name):
            for platform in PLATFORMS:
                artifact = CATALOGUE.artifact(tool.name, str(version), platform)
                if artifact is not None:
                    yield artifact


ARTIFACTS = tuple(artifacts())
SHIPPED = tuple(each for each in ARTIFACTS if each.trust == "catalogue")
BY_PUBLISHER = tuple(each for each in ARTIFACTS if each.trust == "publisher")


def named(artifact: Artifact) -> str:
    return f"{artifact.tool}-{artifact.version}-{artifact.platform}"


def found(tool: str, version: str, platform: str) -> Artifact:
    artifact = CATALOGUE.artifact(tool, version, platform)
    assert artifact is not None
    return artifact


def test_there_is_a_file_for_every_tool_one_for_the_drivers_and_one_for_the_gates() -> None:
    names = {path.stem for path in FOLDER.glob("*.toml")}
    assert names == {*(tool.name for tool in TOOLS), "drivers", "gates"}


def test_there_are_as_many_artifacts_as_were_gathered() -> None:
    assert Counter(each.tool for each in SHIPPED) == {"minikube": 238, "kubectl": 39}
    assert {each.tool for each in BY_PUBLISHER} == {"minikube", "kubectl"}


@pytest.mark.parametrize("artifact", ARTIFACTS, ids=named)
def test_every_artifact_is_well_formed(artifact: Artifact) -> None:
    url = urlsplit(artifact.url)
    system, arch = artifact.platform.split("/")
    assert (url.scheme, url.query, url.fragment) == ("https", "", "")
    assert url.netloc in ("storage.googleapis.com", "dl.k8s.io")
    assert f"/v{artifact.version}/" in url.path
    assert {system, arch} <= set(re.split(r"[/.-]", url.path))
    assert not re.search(r"[{}]", artifact.url + artifact.member)
    assert artifact.size is None or artifact.size > 1_000_000
    assert artifact.origin
    assert bool(artifact.member) == artifact.url.endswith(".tar.gz")


@pytest.mark.parametrize("artifact", SHIPPED, ids=named)
def test_a_shipped_digest_is_sha256_and_its_origin_is_told(artifact: Artifact) -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", artifact.sha256)
    assert artifact.origin and not artifact.checksum_url


@pytest.mark.parametrize("artifact", BY_PUBLISHER, ids=named)
def test_what_the_publisher_vouches_for_has_a_strong_checksum_file(artifact: Artifact) -> None:
    assert artifact.algorithm in ("sha256", "sha512")
    assert artifact.checksum_url == f"{artifact.url}.{artifact.algorithm}"
    assert (artifact.sha256, artifact.size, artifact.member) == ("", None, "")


CHECKSUM_FILES = [  # kubectl: .sha1 up to 1.11, .sha512 from 1.12.0, .sha256 from 1.15.4
    ("kubectl", "1.11.9", "linux/amd64", None),
    ("kubectl", "1.12.0", "linux/amd64", "sha512"),
    ("kubectl", "1.15.3", "linux/amd64", "sha512"),
    ("kubectl", "1.15.4", "linux/amd64", "sha256"),
    ("kubectl", "1.24.0", "linux/arm64", "sha256"),
    ("kubectl", "1.20.9", "darwin/arm64", None),
    ("kubectl", "1.21.1", "darwin/arm64", "sha256"),
    ("minikube", "0.25.1", "linux/amd64", "sha256"),
    ("minikube", "0.25.1", "linux/arm64", None),
    ("minikube", "1.17.1", "darwin/arm64", None),
]


@pytest.mark.parametrize(("tool", "version", "platform", "algorithm"), CHECKSUM_FILES)
def test_a_checksum_file_is_asked_for_where_the_publisher_has_one(
    tool: str, version: str, platform: str, algorithm: str | None
) -> None:
    artifact = CATALOGUE.artifact(tool, version, platform)
    assert (artifact.algorithm if artifact else None) == algorithm


def test_no_digest_stands_twice() -> None:
    assert not [digest for digest, n in Counter(a.sha256 for a in SHIPPED).items() if n > 1]


@pytest.mark.parametrize("tool", [tool.name for tool in TOOLS])
def test_versions_are_three_numbers_highest_first(tool: str) -> None:
    versions = CATALOGUE.versions(tool)
    assert list(versions) == sorted(versions, reverse=True)
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", str(version)) for version in versions)


@pytest.mark.parametrize("minikube", [str(each) for each in CATALOGUE.versions("minikube")])
def test_every_minikube_release_says_which_kubernetes_it_starts(minikube: str) -> None:
    span = CATALOGUE.kubernetes_range(minikube)
    assert span is not None
    default = parse_version(span.default)
    assert span.oldest is None or parse_version(span.oldest) <= default
    assert span.newest is None or parse_version(span.newest).minor >= default.minor
    assert not span.offered or span.default in span.offered


def test_releases_that_the_feed_leaves_out_have_no_digest() -> None:
    without = {
        str(version)
        for version in CATALOGUE.versions("minikube")
        if found("minikube", str(version), "linux/amd64").trust != "catalogue"
    }
    assert without == {"0.25.1", "0.25.2", "1.25.0"}


def test_localkube_of_0_25_is_offered_as_it_existed() -> None:
    for release, default in (("0.25.0", "1.9.0"), ("0.25.1", "1.9.4"), ("0.25.2", "1.9.4")):
        span = CATALOGUE.kubernetes_range(release)
        assert span is not None
        assert (span.default, span.offered) == (default, ("1.9.0", "1.9.4"))


def test_a_limit_stands_only_where_the_release_insists_on_it() -> None:
    spans = {
        release: CATALOGUE.kubernetes_range(release) for release in ("1.3.1", "1.4.0", "1.25.1")
    }
    limits = {release: (span.oldest, span.newest) for release, span in spans.items() if span}
    assert limits == {
        "1.3.1": (None, "1.17"),
        "1.4.0": ("1.11.10", "1.17"),
        "1.25.1": ("1.16.0", None),
    }


def test_eras_are_in_order_and_each_begins_with_a_known_release() -> None:
    since = [entry["since"] for entry in CATALOGUE._data["minikube"]["eras"]]
    assert since == sorted(since, key=parse_version)
    assert set(since) <= {str(version) for version in CATALOGUE.versions("minikube")}


BOOTSTRAPPERS = [
    ("0.21.0", ()),
    ("0.22.0", ("localkube", "kubeadm")),
    ("0.25.0", ("localkube", "kubeadm")),
    ("0.28.2", ("localkube", "kubeadm")),
    ("0.29.0", ()),
    ("1.38.1", ()),
]


@pytest.mark.parametrize(("minikube", "offered"), BOOTSTRAPPERS)
def test_a_bootstrapper_is_a_choice_only_while_there_are_two(
    minikube: str, offered: tuple[str, ...]
) -> None:
    assert CATALOGUE.era(parse_version(minikube)).bootstrappers == offered


FLAGS = json.loads(START_FLAGS.read_text())["releases"]


@pytest.mark.parametrize("release", FLAGS)
def test_the_flags_of_an_era_are_flags_of_each_of_its_releases(release: str) -> None:
    era = CATALOGUE.era(parse_version(release.removeprefix("v")))
    names = [flag.removeprefix("--").partition("=")[0] for flag in era.start_flags]
    assert {era.driver_flag, *names} <= set(FLAGS[release]["flags"])
    assert not era.bootstrappers or "bootstrapper" in FLAGS[release]["flags"]
    # Wherever a release could ask a question, it is told not to.
    assert ("interactive" in names) == ("interactive" in FLAGS[release]["flags"])


def test_the_kubectl_of_2018_comes_out_of_the_archive_with_the_publishers_digest() -> None:
    artifact = found("kubectl", "1.9.3", "linux/arm64")
    assert artifact.url == "https://dl.k8s.io/v1.9.3/kubernetes-client-linux-arm64.tar.gz"
    assert artifact.member == "kubernetes/client/bin/kubectl"
    assert CATALOGUE.artifact("kubectl", "1.9.3", "darwin/arm64") is None


def test_the_files_of_today_are_found() -> None:
    kubectl = found("kubectl", "1.35.2", "darwin/arm64")
    assert kubectl.url == "https://dl.k8s.io/release/v1.35.2/bin/darwin/arm64/kubectl"
    assert found("kubectl", "1.35.2", "linux/amd64").size == 58601656
    minikube = found("minikube", "1.38.1", "linux/amd64")
    assert minikube.url == (
        "https://storage.googleapis.com/minikube/releases/v1.38.1/minikube-linux-amd64"
    )


def test_no_digest_known_from_one_republication_only_is_shipped() -> None:
    origins = {each.origin for each in SHIPPED if each.tool == "kubectl"}
    assert origins == {
        "publisher; pinned by several independent public projects",
        "computed; pinned by several independent public projects",
        "identical in two independent republications",
        "publisher's CHANGELOG-1.9, of the client archive",
    }


@pytest.mark.parametrize("name", CATALOGUE.drivers)
def test_a_driver_names_only_what_kboot_knows(name: str) -> None:
    driver = CATALOGUE.drivers[name]
    assert set(driver.tools) <= {tool.name for tool in TOOLS}
    assert set(driver.needs) <= {"root", "not-root", "virtualisation"}
    assert driver.platforms
    assert set(driver.platforms) <= set(PLATFORMS)
    parse_version(driver.since)
    for tool, (minimum, since) in (driver.minimum or {}).items():
        assert tool in driver.tools
        assert Constraint(since).is_exact and parse_version(minimum)


def test_the_drivers_of_the_shipped_profiles_say_what_they_need() -> None:
    drivers = CATALOGUE.drivers
    assert drivers["virtualbox"].tools == ("virtualbox",)
    assert drivers["virtualbox"].needs == ("virtualisation",)
    assert drivers["docker"].minimum == {"docker": ("18.09.0", "1.18.0")}
    assert (drivers["docker"].since, drivers["docker"].needs) == ("1.7.0", ("not-root",))
    assert drivers["none"].needs == ("root",)
    assert {platform.split("/")[0] for platform in drivers["none"].platforms} == {"linux"}


def same(one: Catalogue, other: Catalogue) -> bool:
    return one._data == other._data


def test_a_kept_catalogue_is_the_one_that_was_read(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    first, kept = read_catalogue(cache), read_catalogue(cache)
    assert same(first, kept)
    assert cache.read("catalogue", "another key") is None
    assert list(tmp_path.iterdir()) == [tmp_path / "catalogue.json"]


def test_a_kept_catalogue_of_other_files_is_not_used(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    read_catalogue(cache)
    kept = tmp_path / "catalogue.json"
    content = json.loads(kept.read_text())
    (stamp,) = (stamp for path, stamp in content["key"][1].items() if path.endswith("kubectl.toml"))
    stamp[1] += 1
    kept.write_text(json.dumps(content).replace("58601656", "1"))
    assert same(read_catalogue(cache), CATALOGUE)


def test_reading_the_catalogue_imports_no_network_and_no_profile_parser() -> None:
    code = (
        "import sys; from pathlib import Path; from bootstrap.host.files.cache import Cache; "
        "from bootstrap.host.files.catalogue import read_catalogue; "
        "read_catalogue(Cache(Path('/dev/null'))); "
        "print(*{'pydantic', 'rich', 'sh', 'urllib3', 'ssl', 'packaging'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == ""
