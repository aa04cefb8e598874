import subprocess
import sys

LIGHT = "children elf environment hardware path probe"
HEAVY = "sh asyncio rich pydantic urllib3 platform packaging yaml"


def test_what_every_run_imports_of_host_drags_in_nothing_heavy() -> None:
    lines = (
        *(f"import bootstrap.host.{name}" for name in LIGHT.split()),
        "import sys",
        f"print(*sorted(set({HEAVY.split()!r}) & set(sys.modules)))",
    )
    loaded = subprocess.run(
        (sys.executable, "-c", "\n".join(lines)), stdout=subprocess.PIPE, text=True, check=True
    )
    assert loaded.stdout.split() == []
