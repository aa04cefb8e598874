"""Where things of this project are."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
PARTS = SCRIPTS / "parts"
"""What the real tier and the rehearsal are made of."""
TRANSCRIPTS = ROOT / "tests" / "records" / "transcripts"
"""What real programs said, case by case."""
FIXTURES = ROOT / "tests" / "records" / "fixtures"
HISTORIES = ROOT / "tests" / "records" / "histories"
"""The lives of pods, as real kubelets told them."""
START_FLAGS = ROOT / "tests" / "records" / "start-flags.json"
"""Every flag of `minikube start`, by release."""
