"""`python -m local.bedrock`: the local Bedrock by itself, for any program, until Ctrl-C."""

import argparse
import socket
import sys

import uvicorn

from local.bedrock import Bedrock
from local.model import ModelError, read_delay


def main() -> None:
    """Print the address, and serve."""
    parser = argparse.ArgumentParser(prog="python -m local.bedrock", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1 (0: any free one)")
    port = parser.parse_args().port
    try:
        delay = read_delay()
    except ModelError as error:
        sys.exit(str(error))
    # Named in full: asyncio sends small pieces at once only on sockets whose protocol says TCP.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(("127.0.0.1", port))
        sock.listen(128)  # whoever reads the address below may call at once
    except OSError as error:
        sys.exit(f"Port {port} cannot be had: {error.strerror}.")
    print(f"http://127.0.0.1:{sock.getsockname()[1]}", flush=True)
    app = Bedrock(lambda line: print(line, file=sys.stderr), delay)
    config = uvicorn.Config(app, lifespan="off", log_level="critical", server_header=False)
    uvicorn.Server(config).run(sockets=[sock])


if __name__ == "__main__":
    main()
