"""The policy service that the test Postfix asks about recipients: refusals switched on and off by a test."""

from __future__ import annotations

import socketserver
import threading


class RecipientPolicy:
    """Postfix' policy protocol (SMTPD_POLICY_README) on a loopback port, in a thread."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.policy = self
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, name="recipient-policy", daemon=True).start()

    def action(self, recipient: str) -> str:
        """What Postfix shall do: DUNNO, or an SMTP reply."""
        return self.answers.get(recipient.lower(), "DUNNO")

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    policy: RecipientPolicy


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        attributes: dict[str, str] = {}
        for line in self.rfile:
            name, _, value = line.decode("utf-8", "replace").rstrip("\n").partition("=")
            if name:
                attributes[name] = value
                continue
            action = self.server.policy.action(attributes.get("recipient", ""))
            self.wfile.write(f"action={action}\n\n".encode())
            attributes = {}
