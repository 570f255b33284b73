"""A report at a local address, for those whose browser is not where the files are."""

from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def serve(page: Path, *, announce: Callable[[str], object]) -> None:
    """Serve the folder of `page` on localhost, at a free port, until interrupted."""
    with server(page) as serving:
        announce(f"http://127.0.0.1:{serving.server_port}/{page.name} (Ctrl-C ends it)")
        try:
            serving.serve_forever()
        except KeyboardInterrupt:
            announce("")


def server(page: Path) -> ThreadingHTTPServer:
    """A server of the folder of `page` that nobody but this machine can reach."""
    handler = partial(_Quiet, directory=str(page.parent))
    return ThreadingHTTPServer(("127.0.0.1", 0), handler)


class _Quiet(SimpleHTTPRequestHandler):
    """Says nothing of what it serves."""

    def log_message(self, *_: object) -> None:
        """Nothing."""
