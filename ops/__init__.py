"""What the Makefile's verbs do."""
