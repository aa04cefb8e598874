"""The running cluster: kboot's kubeconfig of it, its API server, and the gates it must pass."""
