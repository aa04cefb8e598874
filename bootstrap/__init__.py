"""kboot: make a machine match one profile file and prove the cluster works."""

__version__ = "0.1.0"
