"""Ends the group sessions of instances that were killed or paused, where the broker does not do so itself.

Apache Kafka takes a member that was silent for session.timeout.ms (6 s with us) out of its group. The local stack's
broker keeps it for ever, and every rebalance then waits for it in vain. So that kills can be tested on that broker
too, this does from outside what a broker should do: after the same 6 s it sends the member's LeaveGroup.
With a broker that was not started by the stack nothing is done.
"""

import socket
import struct
import threading
import time
from urllib.parse import urlsplit

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from world import World

SESSION_TIMEOUT = 6.0
_LEAVE_GROUP = 13


class GroupKeeper:
    """Watches the members of a world's consumer group."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._group = f"{world.kafka_prefix}millrace-core"
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="group keeper", daemon=True)

    def start(self) -> None:
        if self._world.stack.broker.own:
            self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(15)

    def _run(self) -> None:
        admin = AdminClient(
            {"bootstrap.servers": self._world.stack.kafka, "reconnect.backoff.max.ms": 500, "log_level": 2}
        )
        while not self._stopping.wait(0.25):
            gone = self._silent_for(SESSION_TIMEOUT)
            if not gone:
                continue
            try:
                described = admin.describe_consumer_groups([self._group], request_timeout=2)[self._group].result(3)
                for member in described.members:
                    if member.client_id in gone:
                        leave_group(self._world.stack.kafka, self._group, member.member_id)
            except (KafkaException, OSError, TimeoutError):
                # The broker is away: what it did not forget is looked at again.
                continue

    def _silent_for(self, seconds: float) -> set[str]:
        moment = time.monotonic() - seconds
        return {
            instance
            for core in list(self._world.cores.all)
            for instance, since in list(core.silent.items())
            if since <= moment
        }


def leave_group(bootstrap: str, group: str, member: str) -> None:
    """LeaveGroup, version 0, on behalf of a member."""
    address = urlsplit(f"//{bootstrap}")
    body = struct.pack(">hhi", _LEAVE_GROUP, 0, 1) + _text("group-keeper") + _text(group) + _text(member)
    with socket.create_connection((address.hostname, address.port), timeout=2) as connection:
        connection.sendall(struct.pack(">i", len(body)) + body)
        connection.settimeout(2)
        connection.recv(1024)


def _text(value: str) -> bytes:
    content = value.encode()
    return struct.pack(">h", len(content)) + content
