import pytest


class Server:
    def __init__(self, port):
        self.port = port

    def start(self):
        if self.port < 1024:
            raise PermissionError(f"port {self.port} is reserved")


@pytest.fixture
def server():
    server = Server(80)
    server.start()
    return server


def test_server_answers(server):
    assert server.port == 80
