"""minikube from 0.20 to today: the command lines of each era, its status, its records."""
