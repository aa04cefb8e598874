"""Kubeconfigs as text: kboot's own, and what is put into and taken out of a person's."""
