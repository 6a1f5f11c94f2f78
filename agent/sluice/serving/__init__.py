"""From a request to its answer: on the server's loop, and on the worker's."""
