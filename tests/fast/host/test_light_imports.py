import subprocess
import sys

from tests.helpers.house import HEAVY

PROGRAMS = "children elf environment path probe"


def test_what_every_run_imports_of_host_drags_in_nothing_heavy() -> None:
    lines = (
        "import bootstrap.host.machine.hardware",
        *(f"import bootstrap.host.programs.{name}" for name in PROGRAMS.split()),
        "import sys",
        f"print(*sorted(set({sorted(HEAVY | {'platform'})!r}) & set(sys.modules)))",
    )
    loaded = subprocess.run(
        (sys.executable, "-c", "\n".join(lines)), stdout=subprocess.PIPE, text=True, check=True
    )
    assert loaded.stdout.split() == []
