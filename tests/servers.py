"""A mirror of DSRL's for tests, which behaves as the first part of the address says."""

import contextlib
import gzip
import http.server
import re
import time


def from_zero(request, start):
    """Says that it goes on, and sends the whole file."""
    request.send_response(206 if start else 200)
    request.send_header("Content-Length", str(len(request.payload)))
    request.end_headers()
    request.wfile.write(request.payload)


def from_zero_and_says_so(request, start):
    request.send_response(206)
    request.send_header("Content-Range", f"bytes 0-{len(request.payload) - 1}/{len(request.payload)}")
    request.send_header("Content-Length", str(len(request.payload)))
    request.end_headers()
    request.wfile.write(request.payload)


def elsewhere(request, start):
    """Sends other bytes than those asked for, and says so."""
    request.send_response(206 if start else 200)
    sent = request.payload[start // 2 :]
    request.send_header("Content-Range", f"bytes {start // 2}-{len(request.payload) - 1}/{len(request.payload)}")
    request.send_header("Content-Length", str(len(sent)))
    request.end_headers()
    request.wfile.write(sent)


def never(request, start):
    """Has no byte of any file."""
    request.send_response(416)
    request.send_header("Content-Length", "0")
    request.end_headers()


def no_rest(request, start):
    """Has whole files only, and says no more than that."""
    never(request, start) if start else from_zero(request, 0)


def norange_waver(request, start):
    """Knows no Range and breaks off, now here, now there."""
    request.send_response(200)
    request.send_header("Content-Length", str(len(request.payload)))
    request.end_headers()
    request.wfile.write(request.payload[: len(request.payload) // (2 + len(request.asked) % 2)])
    request.close_connection = True


def past_the_end(request, start):
    """Takes a request for what lies beyond the end for one of nothing."""
    request.send_response(206 if start else 200)
    request.send_header("Content-Length", str(len(request.payload[start:])))
    request.send_header("Content-Range", f"bytes {start}-{len(request.payload) - 1}/{len(request.payload)}")
    request.end_headers()
    request.wfile.write(request.payload[start:])


def endless(request, start):
    """A body that is much longer than the file can be."""
    request.send_response(200)
    request.end_headers()
    request.wfile.write(request.payload[:4096])
    with contextlib.suppress(OSError):
        for _ in range(1000):
            request.wfile.write(bytes(1 << 16))


def boastful(request, start):
    """Claims more bytes than the file can have."""
    request.send_response(200)
    request.send_header("Content-Length", str(10**13))
    request.end_headers()
    request.wfile.write(request.payload)


def drip(request, start):
    """A byte now and then."""
    request.send_response(200)
    request.send_header("Content-Length", str(len(request.payload)))
    request.end_headers()
    with contextlib.suppress(OSError):
        for byte in request.payload:
            request.wfile.write(bytes([byte]))
            time.sleep(0.01)


def odd_length(request, start):
    """A length that is no number."""
    request.send_response(200)
    request.send_header("Content-Length", "many")
    request.end_headers()
    request.wfile.write(request.payload)


def compressed(request, start):
    body = gzip.compress(request.payload[:1000])
    request.send_response(200)
    request.send_header("Content-Encoding", "gzip")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


def circle(request, start):
    request.send_response(302)
    request.send_header("Location", request.path)
    request.end_headers()


def too_many(request, start):
    request.send_error(429)


def garbage(request, start):
    request.wfile.write(b"what?\r\n")


MODES = [from_zero, from_zero_and_says_so, elsewhere, never, no_rest, endless, boastful, drip, odd_length]
MODES += [norange_waver, past_the_end, compressed, circle, too_many, garbage]
ODD = {mode.__name__.replace("_", " "): mode for mode in MODES}


class Host(http.server.BaseHTTPRequestHandler):
    """Serves one file with Range, as a folder of `mode` asks."""

    asked: list
    payload: bytes

    def log_message(self, *arguments):
        pass

    def do_HEAD(self):
        self.send_response(200)
        self.end_headers()

    def do_GET(self):
        mode, start = self.path.split("/")[1].replace("%20", " "), 0
        self.asked.append((mode, self.headers.get("Range")))
        body = b"<html>Sign in</html>" if mode == "page" else self.payload
        if mode == "missing":
            return self.send_error(404)
        if match := re.match(r"bytes=(\d+)-", self.headers.get("Range", "")) if "norange" not in mode else None:
            start = int(match[1])
        if mode in ODD:
            return ODD[mode](self, start)
        if start >= len(body):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(body)}")
            return self.end_headers()
        self.send_response(206 if start else 200)
        half = len(body) // 2
        sent = body[start:half] if mode in ("cut", "stop", "norange cut") and start < half else body[start:]
        if mode == "stop" and start:
            sent = b""
        if mode == "short":
            sent = body = body[: len(body) // 2]
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        self.wfile.write(sent)
