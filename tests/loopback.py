"""A real HTTP server on loopback that misbehaves on purpose, answer by answer."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Site:
    """answers: one per request, the last repeated; requests: (path, Range header) as they came.

    An answer is a function of (handler, site).
    """

    def __init__(self, content, answers):
        self.content, self.answers = content, answers
        self.requests = []
        self.asked, self.released = threading.Event(), threading.Event()
        self.url = None


@contextmanager
def serving(content, *answers):
    """A Site whose url serves `content` with these answers, until the block ends."""
    site = Site(content, answers or (whole,))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            site.requests.append((self.path, self.headers.get("Range")))
            answer = site.answers[min(len(site.requests), len(site.answers)) - 1]
            answer(self, site)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}/files/archive.tar.gz"
    try:
        yield site
    finally:
        site.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _send(handler, status, body, declared_bytes, **headers):
    handler.send_response(status)
    handler.send_header("Content-Length", str(declared_bytes))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)
    handler.wfile.flush()


def _rest(handler, site):
    requested = handler.headers.get("Range")
    return int(requested.removeprefix("bytes=").rstrip("-")) if requested else 0


def whole(handler, site):
    """The file, or the rest of it where a range is asked for."""
    start = _rest(handler, site)
    body = site.content[start:]
    if start >= len(site.content) > 0 and start:
        _send(handler, 416, b"", 0, Content_Range=f"bytes */{len(site.content)}")
    elif start:
        content_range = f"bytes {start}-{len(site.content) - 1}/{len(site.content)}"
        _send(handler, 206, body, len(body), Content_Range=content_range)
    else:
        _send(handler, 200, body, len(body))


def without_ranges(handler, site):
    """All of the file, whatever range is asked for."""
    _send(handler, 200, site.content, len(site.content))


def broken_off(handler, site):
    """Half of what was promised, then the connection is closed."""
    start = _rest(handler, site)
    body = site.content[start:]
    status = 206 if start else 200
    _send(handler, status, body[: len(body) // 2], len(body))
    handler.close_connection = True


def stalled(handler, site):
    """Half of what was promised, then silence until the test ends."""
    _send(handler, 200, site.content[: len(site.content) // 2], len(site.content))
    site.released.wait()


def held_back(handler, site):
    """The file, once the test lets go."""
    site.asked.set()
    site.released.wait()
    whole(handler, site)


def other_bytes(handler, site):
    """A file of the same size with other bytes."""
    _send(handler, 200, bytes(len(site.content)), len(site.content))


def web_page(handler, site):
    """An error page that claims success."""
    page = b"<!DOCTYPE html><html><body>Down for maintenance</body></html>"
    _send(handler, 200, page, len(page), Content_Type="text/html")


def declared_as_encoding(handler, site):
    """The file, its own gzip declared as an encoding of the transfer, as some servers do."""
    _send(handler, 200, site.content, len(site.content), Content_Encoding="gzip")


def status(code):
    """An empty answer with this status."""

    def answer(handler, site):
        _send(handler, code, b"", 0)

    return answer
