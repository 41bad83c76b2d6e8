"""A web server in this process that answers as it is told to, well or badly."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Site:
    """Answers by path: the n-th request of a path gets its n-th answer, and the last answer stays."""

    def __init__(self):
        self.requests = []
        self._answers = {}
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                path = self.path.split("?")[0]
                site.requests.append((self.path, dict(self.headers)))
                answers = site._answers.get(path, [status(404)])
                (answers.pop(0) if len(answers) > 1 else answers[0])(self)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # clients that go away are what is tested

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def on(self, path, *answers):
        self._answers[path] = list(answers)
        return self.url + path

    def ranges(self, path=""):
        """The Range header of each request so far."""
        return [headers.get("Range") for asked, headers in self.requests if asked.startswith(path)]

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def send(request, code, headers, content=b""):
    request.send_response(code)
    for name, value in {"Content-Length": len(content), **headers}.items():
        if value is not None:
            request.send_header(name, str(value))
    request.end_headers()
    request.wfile.write(content)
    if headers.get("Content-Length", len(content)) != len(content):
        request.close_connection = True


def whole(content, *, etag='"1"', cut=None, **headers):
    """A server that knows ranges, and may cut the connection after so many bytes."""

    def answer(request):
        facts = {"ETag": etag, "Content-Type": "application/octet-stream", **headers}
        start, asked = 0, request.headers.get("Range")
        if asked and request.headers.get("If-Range", etag) == etag:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                send(request, 416, {"Content-Range": f"bytes */{len(content)}"})
                return
            facts["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        rest = content[start:]
        send(request, 206 if start else 200, {**facts, "Content-Length": len(rest)}, rest[:cut])
        request.close_connection = request.close_connection or cut is not None

    return answer


def deaf(content, *, cut=None, **headers):
    """A server that knows no ranges."""

    def answer(request):
        send(request, 200, {"Content-Length": len(content), **headers}, content[:cut])
        request.close_connection = request.close_connection or cut is not None

    return answer


def chunked(content, *, cut=None):
    """A server that does not know how much there is when it begins."""

    def answer(request):
        send(request, 200, {"Content-Length": None, "Transfer-Encoding": "chunked"})
        for start in range(0, len(content[:cut]), 1500):
            piece = content[:cut][start : start + 1500]
            request.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        if cut is None:
            request.wfile.write(b"0\r\n\r\n")
        request.close_connection = True

    return answer


def status(code, **headers):
    return lambda request: send(request, code, {name.replace("_", "-"): value for name, value in headers.items()})


def redirect(location, **headers):
    return status(302, Location=location, **headers)


def page(html, **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: send(request, 200, {"Content-Type": "text/html; charset=utf-8", **names}, html.encode())
