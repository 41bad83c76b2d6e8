"""As much of a WebSocket as is needed to listen to ComfyUI."""

import base64
import json
import os
import socket
import struct
from urllib.parse import urlsplit


class WebSocket:
    """Messages of a server: dictionaries where it sends JSON, bytes where it sends pictures."""

    def __init__(self, address, client):
        place = urlsplit(address)
        self._socket = socket.create_connection((place.hostname, place.port), timeout=120)
        key = base64.b64encode(os.urandom(16)).decode()
        head = f"GET /ws?clientId={client} HTTP/1.1\r\nHost: {place.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        self._socket.sendall(f"{head}Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        self._rest = b""
        while b"\r\n\r\n" not in self._rest:
            self._rest += self._socket.recv(4096)
        answer, self._rest = self._rest.split(b"\r\n\r\n", 1)
        assert b" 101 " in answer.split(b"\r\n")[0], answer

    def close(self):
        self._socket.close()

    def __iter__(self):
        while True:
            kind, content = self._frame()
            if kind == 1:
                yield json.loads(content)
            elif kind == 2:
                yield content

    def until(self, *events):
        """Everything up to one of these events, which is the last."""
        seen = []
        for message in self:
            seen.append(message)
            if isinstance(message, dict) and message["type"] in events:
                return seen
        raise AssertionError("unreachable")

    def _frame(self):
        first, second = self._read(2)
        length = second & 127
        if length == 126:
            (length,) = struct.unpack(">H", self._read(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self._read(8))
        content = self._read(length)
        if not first & 128:  # more of it follows
            return first & 15, content + self._frame()[1]
        return first & 15, content

    def _read(self, count):
        while len(self._rest) < count:
            piece = self._socket.recv(65536)
            assert piece, "the server hung up"
            self._rest += piece
        given, self._rest = self._rest[:count], self._rest[count:]
        return given
