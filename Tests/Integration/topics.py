"""Publishing commands and reading topics, with a client library that is not the one under test."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition

from waiting import wait_until


class CommandProducer:
    """Publishes commands as a source system does, each confirmed by all replicas."""

    PASSING = (KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION)
    PATIENCE = 30.0

    def __init__(self, bootstrap: str, topic: str, tenant: str, source: str) -> None:
        self.topic = topic
        self.tenant = tenant
        self.source = source
        self.failures: list[str] = []
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "acks": "all",
                "enable.idempotence": True,
                "linger.ms": 5,
                "allow.auto.create.topics": False,
            }
        )

    def command(self, what: str, data: dict, **attributes: object) -> dict:
        """A CloudEvent of type millrace.workitem.<what>."""
        return {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": self.source,
            "type": f"millrace.workitem.{what}",
            "tenant": self.tenant,
            "data": data,
            **attributes,
        }

    def submit(self, capture_id: str, **data: object) -> dict:
        """Queues a submit for sending and returns it. Call `flush` to wait for the broker."""
        event = self.command("submit", {"captureId": capture_id, **data})
        self.send(event, key=capture_id)
        return event

    def send(self, event: dict, *, key: str, headers: dict[str, str] | None = None) -> None:
        """Queues any command for sending."""
        self.send_raw(json.dumps(event).encode(), key=key, headers=headers)

    def send_raw(self, value: bytes | None, *, key: str | None = None, headers: dict[str, str] | None = None) -> None:
        """Queues any bytes for sending: what a broken source may do."""
        end = time.monotonic() + self.PATIENCE
        while True:
            try:
                self._producer.produce(
                    self.topic, value=value, key=key, headers=headers, on_delivery=self._delivered
                )
                break
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:
                # A broker that came back may not have the topic yet; anything else is the caller's mistake.
                if error.args[0].code() not in self.PASSING or time.monotonic() >= end:
                    raise
                self._producer.poll(0.1)
        self._producer.poll(0)

    def _delivered(self, error: KafkaError | None, _: object) -> None:
        if error is not None:
            self.failures.append(str(error))

    def flush(self, seconds: float = 30) -> None:
        """Waits until the broker has confirmed everything; an error when it did not."""
        left = self._producer.flush(seconds)
        assert left == 0, f"{left} messages were not delivered within {seconds:g} s"
        assert not self.failures, f"deliveries failed: {self.failures[:5]}"

    def close(self) -> None:
        self._producer.purge()
        self._producer.flush(5)


@dataclass(frozen=True)
class Received:
    """A message of a topic with its place there. `event` is None when it is not JSON."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes
    headers: dict[str, bytes]
    event: dict | None


def follow(
    bootstrap: str, topic: str, stopping: threading.Event, hand_over: Callable[[list[dict]], None]
) -> None:
    """Reads a topic from its beginning until told to stop, and hands over its JSON objects by the batch."""
    reader = _TopicFollower(bootstrap, topic, stopping)
    for messages in reader.batches():
        events = [message.event for message in messages if message.event is not None]
        if events:
            hand_over(events)


class _TopicFollower:
    """Batches of a topic, all partitions from the beginning, without a consumer group."""

    def __init__(self, bootstrap: str, topic: str, stopping: threading.Event) -> None:
        self._topic = topic
        self._stopping = stopping
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": f"reader-{uuid.uuid4()}",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 20,
                "topic.metadata.refresh.interval.ms": 1000,
                "reconnect.backoff.max.ms": 500,
                "log_level": 2,
            }
        )

    def batches(self) -> Iterator[list["Received"]]:
        """What comes, until told to stop."""
        while not self._stopping.is_set() and not self._assign():
            self._stopping.wait(0.1)
        while not self._stopping.is_set():
            messages = self._consumer.consume(500, timeout=0.1)
            received = [self._read(message) for message in messages if message.error() is None]
            if received:
                yield received
        self._consumer.close()

    def _assign(self) -> bool:
        try:
            metadata = self._consumer.list_topics(self._topic, timeout=2).topics[self._topic]
        except KafkaException:
            return False
        if metadata.error is not None or not metadata.partitions:
            return False
        self._consumer.assign([TopicPartition(self._topic, part, OFFSET_BEGINNING) for part in metadata.partitions])
        return True

    @staticmethod
    def _read(message: object) -> Received:
        value = message.value() or b""
        try:
            event = json.loads(value)
        except ValueError:
            event = None
        return Received(
            message.partition(), message.offset(), message.key(), value, dict(message.headers() or []),
            event if isinstance(event, dict) else None,
        )  # fmt: skip


class EventReader:
    """Collects a topic in the background, all partitions from the beginning.

    A broker that forgot its messages starts again at offset 0; what it delivers then is collected too, so the same
    offset can occur twice with different messages.
    """

    def __init__(self, bootstrap: str, topic: str) -> None:
        self.topic = topic
        self._received: list[Received] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._follower = _TopicFollower(bootstrap, topic, self._stopping)
        self._thread = threading.Thread(target=self._run, name=f"reader of {topic}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        for received in self._follower.batches():
            with self._lock:
                self._received.extend(received)

    @property
    def received(self) -> list[Received]:
        """Everything so far; in order within each partition."""
        with self._lock:
            return list(self._received)

    @property
    def events(self) -> list[dict]:
        """The messages that are JSON objects."""
        return [message.event for message in self.received if message.event is not None]

    def wait_for(self, matches: Callable[[dict], bool], *, seconds: float = 30, what: str = "an event") -> dict:
        """The first event that matches, as soon as it is there."""
        return wait_until(
            lambda: next((event for event in self.events if matches(event)), None),
            seconds=seconds,
            what=f"{what} on {self.topic}",
        )

    def close(self) -> None:
        self._stopping.set()
        self._thread.join(10)
