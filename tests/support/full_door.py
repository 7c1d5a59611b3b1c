"""More people before an HTTP door than it lets in.

    served, told = crowd(stack["web"], stack.ports["web"], "/track")
"""
import contextlib
import os
import signal
import socket

COMES, MAY_WAIT = 1200, 512  # connections; crowd.h's CROWD_WAITS


def crowd(program, port, path):
    """They come while it stands still, so faster than they are let in: what those were answered who were let in, and those who were not.
    Whoever is told to come again is told so politely, and all are answered."""
    with contextlib.ExitStack() as before:
        os.kill(program.process.pid, signal.SIGSTOP)
        try:
            peers = []
            for _ in range(COMES):
                peer = before.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
                peer.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
                peers.append(peer)
        finally:
            os.kill(program.process.pid, signal.SIGCONT)
        answers = [b"".join(iter(lambda p=peer: p.recv(65536), b"")) for peer in peers]
    told = [answer for answer in answers if answer.startswith(b"HTTP/1.1 503")]
    assert all(b"\r\nRetry-After: 10\r\n" in answer and answer.decode().count("\n") > 7 and answer.endswith(b"moment.\n") for answer in told), told[:1]
    served = [answer for answer in answers if answer not in told]
    assert len(served) >= MAY_WAIT and all(answer.startswith(b"HTTP/1.1 ") for answer in served)
    return served, told
