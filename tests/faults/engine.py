"""A door to a Docker Engine that breaks as it is told: a socket on the way to the real one.

What a request of the Engine API is for is seen by its path; the rest is bytes that are passed on,
both ways, until a fault befalls them.
"""

import os
import random
import re
import select
import socket
import threading
import time

REQUESTS = {
    "prepare": re.compile(rb"GET /(v[\d.]+/)?images/"),
    "create": re.compile(rb"POST /(v[\d.]+/)?containers/create"),
    "start": re.compile(rb"POST /(v[\d.]+/)?containers/[^/]+/start"),
    "exec": re.compile(rb"POST /(v[\d.]+/)?exec/[^/]+/start"),
    "destroy": re.compile(rb"DELETE /(v[\d.]+/)?containers/"),
}
REFUSAL = b'{"message":"the machine room is on fire"}\n'
ERROR = (b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n"
         b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(REFUSAL)) + REFUSAL
BLOCK = 65536


class Door:
    """`executions`: a file that grows whenever a test begins or ends."""

    def __init__(self, path, real, plan, executions):
        self.path, self.real, self.plan, self.executions = path, real, plan, executions
        self.calls = dict.fromkeys(REQUESTS, 0)
        self.struck = 0
        self.lock = threading.Lock()
        self.open = True
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(128)
        threading.Thread(target=self.serve, daemon=True).start()

    def close(self):
        self.open = False
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def serve(self):
        while self.open:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.pass_on, args=(client,), daemon=True).start()

    @staticmethod
    def is_request(data):
        return any(pattern.match(data) for pattern in REQUESTS.values())

    def fault_of(self, head):
        for op, pattern in REQUESTS.items():
            if not pattern.match(head):
                continue
            with self.lock:
                number = self.calls[op]
                self.calls[op] += 1
                dice = random.Random(f"{self.plan['seed']}/{number}").random()
                strikes = op == self.plan["op"] and (
                    self.plan["when"] == "all" or (self.plan["when"] == "first" and number == 0)
                    or (self.plan["when"] == "random" and dice < 0.1))
                self.struck += strikes
            return self.plan["fault"] if strikes else None
        return None

    def pass_on(self, client):
        with client, socket.socket(socket.AF_UNIX) as engine:
            engine.connect(str(self.real))
            try:
                self.converse(client, engine)
            except OSError:  # one of them has left
                return

    def before(self, fault, client):
        """What befalls a request on its way; whether it arrives."""
        if fault == "fails":
            client.sendall(ERROR)
        elif fault == "garbage":
            client.sendall(random.Random(7).randbytes(3000))
        elif fault == "hangs":
            self.wait_for_end(client)
        elif fault == "late":
            time.sleep(1.5)
            return True
        else:
            return fault != "refused"
        return False

    def wait_for_end(self, client):
        while self.open and client.recv(BLOCK):
            pass

    def size(self):
        return os.path.getsize(self.executions)

    def converse(self, client, engine):
        """Until one of them has said all; an answer may be lost, cut, or never come."""
        fault = None
        size = self.size()
        speakers = [client, engine]
        while self.open:
            if fault == "cut" and self.size() > size:
                return  # in the midst of the tests
            ready, _, _ = select.select(speakers, [], [], 0.02)
            for source in ready:
                data = source.recv(BLOCK)
                if source is client:
                    if data:
                        # Docker's own client sends several, one after the other.
                        fault = self.fault_of(data) or fault
                        if self.is_request(data) and not self.before(fault, client):
                            return
                        engine.sendall(data)
                    else:  # it has said all, and still listens
                        engine.shutdown(socket.SHUT_WR)
                        speakers.remove(client)
                elif not data or fault == "loses-answer":
                    return
                elif fault == "fails-after":
                    client.sendall(ERROR)
                    return
                elif fault == "hangs-after":
                    self.wait_for_end(client)
                    return
                elif fault == "crumbs":
                    for byte in data:
                        client.sendall(bytes([byte]))
                else:
                    client.sendall(data)
