"""`make smoke`: questions to a stack that runs. Read target, checks, __main__."""
