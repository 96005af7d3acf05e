"""Jupyter's connection to a kernel, on which no message waits for another.

Its server holds back a small message until the browser has confirmed the one
before, which can take 40 ms (Nagle's algorithm meets delayed acknowledgement):
more than all else between a move in a panel and its picture.
"""

from jupyter_server.services.kernels.connection.channels import (
    ZMQChannelsWebsocketConnection,
)


class PromptConnection(ZMQChannelsWebsocketConnection):
    """The connection of Jupyter's server, which sends at once."""

    def connect(self):
        """Begin, as the server asks for once the browser is there."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()
