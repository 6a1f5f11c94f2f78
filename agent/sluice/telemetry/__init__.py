"""What is told of runs, without content (T8): log lines, metrics and traces."""
