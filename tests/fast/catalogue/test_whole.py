"""Every release and platform of the catalogue, against rules written down apart from its code.

The rules are the publishers': their release scripts, change logs and documentation.
"""

import re
from collections import Counter
from pathlib import Path

import pytest

from bootstrap.core.choose.by_hand import by_hand
from bootstrap.core.model.catalogue import ByHand
from bootstrap.core.model.profile import Policy, Requirement
from bootstrap.core.values.version import Version, parse_version
from bootstrap.errors import Exit
from bootstrap.host.files.cache import Cache
from bootstrap.host.files.catalogue import read_catalogue
from bootstrap.tools import TOOLS
from tests.helpers.deciding.good_machine import finding, host, profile_of, tool

CATALOGUE = read_catalogue(Cache(Path("/dev/null")))
PLATFORMS = ("linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64")
NAMES = tuple(each.name for each in TOOLS)
ROWS = [
    (name, version, platform)
    for name in ("minikube", "kubectl")
    for version in CATALOGUE.versions(name)
    for platform in PLATFORMS
]

# First releases with a file for the platform and, for minikube, a checksum of it.
FIRST = {
    ("minikube", "linux/amd64"): (0, 20, 0),
    ("minikube", "linux/arm64"): (1, 10, 0),
    ("minikube", "darwin/amd64"): (0, 20, 0),
    ("minikube", "darwin/arm64"): (1, 18, 0),
    ("kubectl", "linux/amd64"): (1, 8, 0),
    ("kubectl", "linux/arm64"): (1, 8, 0),
    ("kubectl", "darwin/amd64"): (1, 8, 0),
    ("kubectl", "darwin/arm64"): (1, 21, 0),
}
# kubectl: releases of which more than one source has the same digest, for the platforms they have.
BOTH_SYSTEMS = ("1.35.2", "1.35.1", "1.34.5", "1.33.9", "1.32.3", "1.31.0", "1.30.0", "1.28.3")
LINUX_ONLY = ("1.37.1", "1.36.3", "1.21.0", "1.20.0")
FED_NONE = ("0.25.1", "0.25.2", "1.25.0")
"""minikube: tagged and published, and not in the publisher's feed of digests."""


def is_shipped(name: str, version: str, platform: str) -> bool:
    """Whether a digest stands in the catalogue for it."""
    if name == "kubectl":
        if version == "1.9.3":
            return platform != "darwin/arm64"
        linux = platform == "linux/amd64" and version in LINUX_ONLY
        return linux or version in BOTH_SYSTEMS
    if version in FED_NONE:
        return False
    # The feed has had digests of other architectures than amd64 since 1.25.2.
    return platform.endswith("amd64") or parse_version(version).release >= (1, 25, 2)


def url_of(name: str, version: str, platform: str) -> str:
    system, arch = platform.split("/")
    if name == "minikube":
        return (
            f"https://storage.googleapis.com/minikube/releases/v{version}/minikube-{system}-{arch}"
        )
    if version == "1.9.3":
        return f"https://dl.k8s.io/v1.9.3/kubernetes-client-{system}-{arch}.tar.gz"
    return f"https://dl.k8s.io/release/v{version}/bin/{system}/{arch}/kubectl"


def checksum_suffix(name: str, version: Version) -> str:
    """Of the strongest file beside it; SHA-1 and MD5 do not count."""
    if name == "minikube" or version.release >= (1, 15, 4):
        return ".sha256"
    return ".sha512" if version.release >= (1, 12, 0) else ""


@pytest.mark.parametrize(("name", "version", "platform"), ROWS, ids=lambda value: str(value))
def test_url_checksum_rule_and_member_are_those_of_the_era(
    name: str, version: Version, platform: str
) -> None:
    artifact, text = CATALOGUE.artifact(name, str(version), platform), str(version)
    suffix = checksum_suffix(name, version)
    shipped = is_shipped(name, text, platform)
    exists = version.release >= FIRST[name, platform]
    if not shipped and not (exists and suffix):
        assert artifact is None
        return
    assert artifact is not None
    assert artifact.url == url_of(name, text, platform)
    archive = artifact.url.endswith(".tar.gz")
    assert artifact.member == ("kubernetes/client/bin/kubectl" if archive else "")
    assert artifact.trust == ("catalogue" if shipped else "publisher")
    assert artifact.origin
    if shipped:
        assert re.fullmatch(r"[0-9a-f]{64}", artifact.sha256) and not artifact.checksum_url
    else:
        assert artifact.checksum_url == artifact.url + suffix and not artifact.sha256


def test_no_minor_release_is_missing() -> None:
    minikube = {version.minor for version in CATALOGUE.versions("minikube")}
    assert minikube == {*((0, n) for n in range(20, 36)), *((1, n) for n in range(39))}
    kubectl = {version.minor for version in CATALOGUE.versions("kubectl")}
    assert kubectl == {(1, n) for n in range(8, 38)}


def all_by_hand(name: str) -> list[tuple[Version, str, ByHand]]:
    return [
        (version, platform, release)
        for platform in PLATFORMS
        for version in CATALOGUE.versions_by_hand(name, platform)
        if (release := CATALOGUE.by_hand(name, version, platform))
    ]


DOCKER, VIRTUALBOX = all_by_hand("docker"), all_by_hand("virtualbox")


def test_dockers_archives_are_where_each_era_has_them() -> None:
    machines = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}
    for version, platform, release in DOCKER:
        number = version.release
        ce = "-ce" if (17, 3) <= number < (18, 9) else ""
        channel = "edge" if number[:2] == (18, 2) else "stable"
        assert release.version == f"{version}{ce}"
        assert release.url == (
            f"https://download.docker.com/linux/static/{channel}/{machines[platform]}"
            f"/docker-{version}{ce}.tgz"
        )
        assert release.member == "docker/docker"
        assert release.checksums == ""


def test_a_digest_of_dockers_is_told_with_its_one_source_and_never_installed_by() -> None:
    pinned = {
        "17.09.0-ce": "a9e90a73c3cdfbf238f148e1ec0eaff5eb181f92f35bdd938fd7dab18e1c4647",
        "17.12.0-ce": "692e1c72937f6214b1038def84463018d8e320c8eaf8530546c84c2f8f9c767d",
        "17.12.1-ce": "1270dce1bd7e1838d62ae21d2505d87f16efc1d9074645571daaefdfd0c14054",
        "18.06.3-ce": "346f9394393ee8db5f8bd1e229ee9d90e5b36931bdd754308b2ae68884dd6822",
        "28.5.2": "ea90cfd12e1eeb12aa1c971741adb8bd4ed88e2a574eaac13f5029a1dbc6300d",
    }
    found = {r.version: r.sha256 for _, platform, r in DOCKER if platform == "linux/amd64"}
    assert {version: found[version] for version in pinned} == pinned
    assert [version for version, sha256 in found.items() if not sha256] == ["18.02.0-ce"]
    assert Counter(platform for _, platform, _ in DOCKER) == {"linux/amd64": 76, "linux/arm64": 41}
    origins = {release.origin for _, _, release in DOCKER}
    assert origins == {"as minikube's ISO build pins it; Docker publishes none", ""}
    for version, platform, _ in (*DOCKER, *VIRTUALBOX):
        assert CATALOGUE.artifact("docker", str(version), platform) is None


_VBOX = "https://download.virtualbox.org/virtualbox"
_OSX = "VirtualBox-5.2.8-121009-OSX.dmg"


@pytest.mark.parametrize(
    ("version", "platform", "url"),
    [
        ("5.2.6", "linux/amd64", f"{_VBOX}/5.2.6/"),
        ("5.2.6", "darwin/amd64", f"{_VBOX}/5.2.6/VirtualBox-5.2.6-120293-OSX.dmg"),
        ("5.2.8", "linux/amd64", f"{_VBOX}/5.2.8/"),
        ("5.2.8", "darwin/amd64", f"{_VBOX}/5.2.8/{_OSX}"),
        ("6.1.38", "linux/amd64", f"{_VBOX}/6.1.38/"),  # a build number that is not known
        ("7.1.6", "darwin/amd64", f"{_VBOX}/7.1.6/"),
        ("7.1.6", "darwin/arm64", f"{_VBOX}/7.1.6/VirtualBox-7.1.6-167084-macOSArm64.dmg"),
        ("7.0.20", "darwin/arm64", None),
        ("5.2.8", "darwin/arm64", None),
        ("7.1.6", "linux/arm64", None),
    ],
)
def test_virtualbox_is_in_the_folder_of_its_version_by_name_where_its_build_was_seen(
    version: str, platform: str, url: str | None
) -> None:
    release = CATALOGUE.by_hand("virtualbox", parse_version(version), platform)
    assert (release.url if release else None) == url
    if release is not None:
        assert release.checksums == (
            f"https://www.virtualbox.org/download/hashes/{version}/SHA256SUMS"
        )
        assert bool(release.sha256) == bool(release.origin) == release.url.endswith(_OSX)


def test_every_digest_is_sha256_has_an_origin_and_stands_once() -> None:
    shipped = [
        (artifact.sha256, artifact.origin)
        for row in ROWS
        if (artifact := CATALOGUE.artifact(row[0], str(row[1]), row[2])) and artifact.sha256
    ]
    shown = [(r.sha256, r.origin) for _, _, r in (*DOCKER, *VIRTUALBOX) if r.sha256]
    digests = Counter(sha256 for sha256, _ in (*shipped, *shown))
    assert set(digests.values()) == {1}
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in digests)
    assert all(origin for _, origin in (*shipped, *shown))


BEFORE = [
    # tool, platform, asked for, exit code, what is said, the nearest that there is
    ("minikube", "linux/arm64", "1.9.2", Exit.HOST_UNFIT, "never published", "1.10.0"),
    ("minikube", "linux/arm64", "0.25", Exit.HOST_UNFIT, "never published", "1.10.0"),
    ("minikube", "linux/arm64", ">=1.0,<1.10", Exit.HOST_UNFIT, "never published", "1.10.0"),
    ("minikube", "darwin/arm64", "0.25.0", Exit.HOST_UNFIT, "never published", "1.18.0"),
    ("minikube", "darwin/arm64", "1.17.1", Exit.HOST_UNFIT, "without a checksum", "1.18.0"),
    ("kubectl", "darwin/arm64", "1.9.3", Exit.HOST_UNFIT, "never published", "1.21.0"),
    ("kubectl", "darwin/arm64", "1.20", Exit.HOST_UNFIT, "never published", "1.21.0"),
    # Older ones were published; the catalogue does not go back that far.
    ("minikube", "linux/amd64", "0.19.1", Exit.POLICY_DENIES, "begins with 0.20.0", "0.20.0"),
    ("minikube", "darwin/amd64", "0.19", Exit.POLICY_DENIES, "begins with 0.20.0", "0.20.0"),
    ("kubectl", "linux/amd64", "1.7.0", Exit.POLICY_DENIES, "begins with 1.8.0", "1.8.0"),
    ("kubectl", "linux/arm64", "1.7", Exit.POLICY_DENIES, "begins with 1.8.0", "1.8.0"),
    ("kubectl", "darwin/amd64", "1.7.16", Exit.POLICY_DENIES, "begins with 1.8.0", "1.8.0"),
]


@pytest.mark.parametrize(("name", "platform", "wanted", "code", "said", "nearest"), BEFORE)
def test_what_is_older_than_the_first_release_is_named_with_the_nearest_that_exists(
    name: str, platform: str, wanted: str, code: Exit, said: str, nearest: str
) -> None:
    system, arch = platform.split("/")
    found = finding(name, profile_of(**{name: wanted}), host(tool(name), system=system, arch=arch))
    assert found.blocks is code
    assert said in found.detail and wanted in found.detail
    assert f'{name} = "{nearest}" or later' in found.fix


ADVICE = [
    ("docker", "18.02", "linux/amd64", "/edge/x86_64/docker-18.02.0-ce.tgz", "no digest"),
    ("docker", "18.02.0", "linux/amd64", "/edge/x86_64/docker-18.02.0-ce.tgz", "docker/docker"),
    ("docker", "17.12", "linux/amd64", "/docker-17.12.1-ce.tgz", "sha256 1270dce1"),
    ("docker", ">=26", "linux/arm64", "/aarch64/docker-28.5.2.tgz", "sha256 9e4f8299"),
    ("docker", "18.02", "linux/arm64", "docker-20.10.14.tgz", "knows no address of docker 18.02"),
    ("docker", "99", "linux/amd64", "docker-28.5.2.tgz", "knows no address of docker 99"),
    ("virtualbox", ">=5.2,<5.3", "linux/amd64", "/virtualbox/5.2.8/ ", "hashes/5.2.8/SHA256SUMS"),
    ("virtualbox", "7.0.20", "linux/amd64", "/virtualbox/7.0.20/ ", "hashes/7.0.20/SHA256SUMS"),
    ("virtualbox", "5.2", "darwin/amd64", f"/5.2.8/{_OSX} ", "sha256 97764ad3"),
    ("virtualbox", "5.2", "darwin/arm64", "/7.1.6/", "knows no address of virtualbox 5.2"),
]


@pytest.mark.parametrize(("name", "wanted", "platform", "address", "said"), ADVICE)
@pytest.mark.parametrize("policy", list(Policy))
def test_where_the_package_manager_has_no_fitting_one_the_fix_names_the_address(
    name: str, wanted: str, platform: str, address: str, said: str, policy: Policy
) -> None:
    system, arch = platform.split("/")
    apt = host(tool(name))._replace(package_manager="apt", offered={name: "1.2.3"})
    state = apt._replace(system=system, arch=arch)
    fix = finding(name, profile_of(**{name: (wanted, policy)}), state).fix
    assert address in fix and said in fix


@pytest.mark.parametrize(
    ("name", "platform"),
    [("docker", "darwin/arm64"), ("docker", "darwin/amd64"), ("virtualbox", "linux/arm64")],
)
def test_where_no_address_is_known_at_all_none_is_made_up(name: str, platform: str) -> None:
    one = next(each for each in TOOLS if each.name == name)
    for wanted in ("18.02", "7", ">=1"):
        advice = by_hand(one, Requirement(name, wanted, Policy.WARN), platform, CATALOGUE)
        assert advice == one.by_hand


@pytest.mark.parametrize("name", NAMES)
def test_a_tool_is_either_installed_by_the_catalogue_or_fetched_by_hand(name: str) -> None:
    source = next(each.source for each in TOOLS if each.name == name)
    assert bool(CATALOGUE.versions(name)) == (source == "artifact")
    fetched = any(CATALOGUE.versions_by_hand(name, platform) for platform in PLATFORMS)
    assert fetched == (source == "package")
