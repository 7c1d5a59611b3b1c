"""Whoever holds an HTTP door's places and room without a word, from few sources or from many.

    with starved(stack.ports["web"], "/report") as starvers:
        ...
        starvers.say_a_byte()
"""
import contextlib
import socket
import time

PROMISE = 262144  # bytes of a body that anybody may send
FEW = [f"127.0.0.{n}" for n in range(101, 106)]
BURST = 100  # come at once: so few that they get in, and are no crowd that is told at the door to come again
MANY = [f"127.0.{1 + n // 200}.{1 + n % 200}" for n in range(600)]


class Starvers(contextlib.ExitStack):
    """Connections that have said the header of a POST, promised all that one may, and sent a byte of it."""

    def __init__(self, port, path):
        super().__init__()
        self.port, self.peers = port, []
        self.head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {PROMISE}\r\n\r\na".encode()

    def come(self, source, said=None, room=None):
        """`room`: bytes that his side takes in before he reads them; about as many wait for him at the door."""
        peer = self.enter_context(socket.socket())
        if room:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        peer.setsockopt(socket.IPPROTO_IP, socket.IP_BIND_ADDRESS_NO_PORT, 1)
        peer.bind((source, 0))
        peer.settimeout(60)
        peer.connect(("127.0.0.1", self.port))
        with contextlib.suppress(ConnectionError):
            peer.sendall(self.head if said is None else said)
        self.peers.append(peer)
        return peer

    def say_a_byte(self):
        """So that none of them says nothing for as long as `idle`."""
        for peer in self.peers:
            with contextlib.suppress(OSError):
                peer.send(b"a", socket.MSG_DONTWAIT)


@contextlib.contextmanager
def starved(port, path, from_few=2000, from_many=len(MANY)):
    with Starvers(port, path) as starvers:
        for at, source in enumerate([FEW[at % len(FEW)] for at in range(from_few)] + MANY[:from_many]):
            starvers.come(source)
            if at % BURST == BURST - 1:
                time.sleep(0.05)
        yield starvers
