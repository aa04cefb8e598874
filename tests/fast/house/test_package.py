"""The wheel holds what an installed kboot needs."""

import os
import subprocess
import sys
from pathlib import Path

from tests.helpers.places import ROOT

ASK = """
from bootstrap import __file__ as home, __version__
from bootstrap.host.files.profile_source import shipped_names
from bootstrap.host.files.cache import Cache
from bootstrap.host.files.catalogue import read_catalogue
from pathlib import Path
import sys
catalogue = read_catalogue(Cache(Path(sys.argv[1])))
print(home, *shipped_names(), catalogue.artifact("kubectl", "1.35.2", "linux/amd64").sha256[:4])
"""


def test_an_installed_wheel_has_the_profiles_the_catalogue_and_its_types(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("kboot-*.whl")
    target = tmp_path / "site"
    subprocess.run(
        [*pip, "install", "--no-deps", "--target", str(target), str(wheel)],
        check=True,
        capture_output=True,
    )
    env = {**os.environ, "PYTHONPATH": str(target)}
    argv = [sys.executable, "-c", ASK, str(tmp_path / "cache")]
    asked = subprocess.run(argv, env=env, cwd=tmp_path, check=True, capture_output=True, text=True)
    home, *profiles, digest = asked.stdout.split()
    assert Path(home).is_relative_to(target)
    assert profiles == ["default", "none", "tutorial"]
    assert digest == "924e"
    assert (target / "bootstrap" / "py.typed").exists()
