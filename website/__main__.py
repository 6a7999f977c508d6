"""`make docs`: builds the site, and serves it on a free port of 127.0.0.1 until it is interrupted."""

from __future__ import annotations

import signal
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from website.building import SITE, build


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Print nothing for each file."""


def main() -> int:
    """Build, then serve; returns the exit status."""
    if status := build():
        return status
    # A shell that starts a job in the background may have it ignore the signal.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(SITE))) as server:
        print(f"The documentation is at http://127.0.0.1:{server.server_port}/ (Ctrl-C ends it)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("\nThe server has stopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
