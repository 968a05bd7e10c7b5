"""A way to a mail server that shows a certificate of one's own, and notes what is said to it."""

import re
import select
import socket
import ssl

from tcp_proxy import TCPProxy, end

_STARTTLS = re.compile(rb"(?:(\S+) )?STARTTLS\r\n", re.IGNORECASE)


class TLSProxy(TCPProxy):
    """Stands between a client and the plain port of an IMAP or SMTP server.

    TLS begins with the connection, or by STARTTLS when `starts`. Without a context the server's offer of STARTTLS is left
    out, as somebody in between would do it.
    """

    def __init__(self, port: int, context: ssl.SSLContext | None, starts: bool = False) -> None:
        super().__init__()
        self._server = ("127.0.0.1", port)
        self._context = context
        self._starts = starts
        #: Connections that were made.
        self.tries = 0
        #: All that clients have said, in clear.
        self.said = b""

    def _serve(self, client: socket.socket) -> None:
        self.tries += 1
        server: socket.socket | None = None
        try:
            if self._context and not self._starts:
                client = self._context.wrap_socket(client, server_side=True)
            server = socket.create_connection(self._server)
            self._relay(client, server)
        except OSError:
            pass
        finally:
            for side in (client, server):
                if side:
                    end(side)

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        while True:
            has_more = isinstance(client, ssl.SSLSocket) and client.pending()
            readable = [client] if has_more else select.select([client, server], [], [])[0]
            if server in readable:
                if not (data := server.recv(65536)):
                    return
                client.sendall(data if self._context else data.replace(b"STARTTLS", b"X-NO-TLS"))
            if client in readable:
                if not (data := client.recv(65536)):
                    return
                self.said += data
                if self._context and (asked := _STARTTLS.fullmatch(data)):
                    client.sendall(asked[1] + b" OK begin\r\n" if asked[1] else b"220 begin\r\n")
                    client = self._context.wrap_socket(client, server_side=True)
                else:
                    server.sendall(data)
