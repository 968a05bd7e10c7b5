"""A source that submits without a pause over Kafka and REST, and repeats what was not answered under the same id."""

import asyncio
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from confluent_kafka import KafkaException, Producer

from checks.evidence import Acknowledged
from faults.exchange import Exchange, Front, Unreachable
from faults.loop import LoopThread
from topics import follow


@dataclass(slots=True)
class Submission:
    """One item on its way. Times are of the monotonic clock, in seconds."""

    capture_id: str
    body: dict
    over_kafka: bool
    first_sent: float = 0
    last_sent: float = 0
    answered: float | None = None
    work_item: str | None = None
    partition: int | None = None


class Load:
    """Submits `rate` items a second, half of them over Kafka, and keeps every acknowledgement."""

    REPEAT_AFTER = 3.0
    TICK = 0.05

    def __init__(
        self, loop: LoopThread, exchange: Exchange, front: Front, *,
        bootstrap: str, commands: str, replies: str, tenant: str, source: str, key: str,
        rate: int, seed: object, body: Callable[[random.Random], dict],
    ) -> None:  # fmt: skip
        self._loop, self._exchange, self._front = loop, exchange, front
        self._commands, self._tenant, self._source, self._key = commands, tenant, source, key
        self._rate, self._body = rate, body
        self._chance = random.Random(f"load {seed}")
        self._pending: dict[str, Submission] = {}
        self._submitting = True
        self._ended = threading.Event()
        self.submissions: dict[str, Submission] = {}
        self.unexpected: list[str] = []
        self.began = self.stopped = 0.0
        # Idempotence is not asked for: a broker that forgets everything also forgets what it knew of its producers.
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "acks": "all",
                "linger.ms": 5,
                "message.timeout.ms": 5000,
                "reconnect.backoff.max.ms": 500,
                "topic.metadata.refresh.interval.ms": 2000,
                # Topics are made by who owns them. A broker that forgot would make this one with a single partition.
                "allow.auto.create.topics": False,
                # A broker that comes back shows its topics late: they are waited for, not given up.
                "topic.metadata.propagation.max.ms": 60_000,
                "log_level": 2,
            }
        )
        self._follower = threading.Thread(
            target=follow, args=(bootstrap, replies, self._ended, self._hand_over), name="replies", daemon=True
        )

    def start(self) -> None:
        self._follower.start()
        self._loop.start(self._run())

    def stop(self) -> None:
        """No new items; what is on its way is repeated until it is answered."""
        self._submitting = False
        self.stopped = time.monotonic()

    def close(self) -> None:
        self._ended.set()
        self._producer.purge()
        self._producer.flush(5)
        self._follower.join(10)

    @property
    def unanswered(self) -> int:
        return sum(1 for submission in list(self.submissions.values()) if submission.answered is None)

    @property
    def acknowledged(self) -> list[Acknowledged]:
        """Every submit that was answered, with the item that the answer named."""
        return [
            Acknowledged(self._source, submission.capture_id, submission.work_item)
            for submission in list(self.submissions.values())
            if submission.work_item is not None
        ]

    @property
    def submitted_per_second(self) -> float:
        return len(self.submissions) / max(0.001, (self.stopped or time.monotonic()) - self.began)

    def captured_since(self, moment: float) -> dict[int, float]:
        """For each partition: when the first command sent after `moment` was answered."""
        first: dict[int, float] = {}
        for submission in list(self.submissions.values()):
            if submission.partition is None or submission.answered is None or submission.first_sent < moment:
                continue
            known = first.get(submission.partition)
            first[submission.partition] = submission.answered if known is None else min(known, submission.answered)
        return first

    @property
    def partitions(self) -> set[int]:
        """The partitions that commands went to."""
        return {s.partition for s in list(self.submissions.values()) if s.partition is not None}

    async def _run(self) -> None:
        self.began = time.monotonic()
        self._loop.spawn(self._repeat())
        number = 0
        while self._submitting:
            due = int((time.monotonic() - self.began) * self._rate)
            for number in range(number, due):
                self._submit(number)
            number = max(number, due)
            self._producer.poll(0)
            await asyncio.sleep(self.TICK)

    def _submit(self, number: int) -> None:
        over_kafka = number % 2 == 0
        capture_id = f"{'kafka' if over_kafka else 'rest'}-{number}"
        now = time.monotonic()
        submission = Submission(capture_id, {"captureId": capture_id, **self._body(self._chance)}, over_kafka, now, now)
        self.submissions[capture_id] = submission
        if over_kafka:
            self._pending[capture_id] = submission
            self._produce(submission)
        else:
            self._loop.spawn(self._post(submission))

    # REST

    async def _post(self, submission: Submission) -> None:
        while True:
            port = self._front.choose()
            submission.last_sent = time.monotonic()
            try:
                answer = await self._exchange.send(port, "POST", "/workitems", self._key, submission.body)
            except Unreachable:
                self._front.failed(port)
                await asyncio.sleep(0.1)
                continue
            if answer.is_success:
                submission.work_item = answer.json()["id"]
                submission.answered = time.monotonic()
                return
            if not answer.is_passing:
                self.unexpected.append(f"submit {submission.capture_id}: {answer.status} {answer.body[:300]!r}")
                return
            await asyncio.sleep(0.2)

    # Kafka

    def _produce(self, submission: Submission) -> None:
        event = {
            "specversion": "1.0",
            # The same id each time: a repeat, not another command.
            "id": submission.capture_id,
            "source": self._source,
            "type": "millrace.workitem.submit",
            "tenant": self._tenant,
            "data": submission.body,
        }

        def delivered(error: object, message: object) -> None:
            if error is None:
                submission.partition = message.partition()

        submission.last_sent = time.monotonic()
        try:
            self._producer.produce(
                self._commands, value=json.dumps(event).encode(), key=submission.capture_id, on_delivery=delivered
            )
        except (BufferError, KafkaException):
            # The queue is full, or the broker came back without the topic: it is repeated like everything else that
            # is not answered.
            pass

    async def _repeat(self) -> None:
        while self._submitting or self._pending:
            moment = time.monotonic() - self.REPEAT_AFTER
            for submission in list(self._pending.values()):
                if submission.last_sent < moment:
                    self._produce(submission)
            self._producer.poll(0)
            await asyncio.sleep(0.2)

    def _hand_over(self, events: list[dict]) -> None:
        """Called by the follower's thread."""
        self._loop.loop.call_soon_threadsafe(self._replied, events)

    def _replied(self, events: list[dict]) -> None:
        now = time.monotonic()
        for event in events:
            data = event.get("data", {})
            submission = self.submissions.get(data.get("captureId", ""))
            if event.get("tenant") != self._tenant or submission is None:
                continue
            if data["status"] >= 300:
                self.unexpected.append(f"reply to {submission.capture_id}: {json.dumps(data)[:300]}")
                continue
            item = data["workItem"]["id"]
            if submission.work_item not in (None, item):
                self.unexpected.append(f"{submission.capture_id} was answered as {submission.work_item} and as {item}")
            submission.work_item = item
            submission.answered = submission.answered or now
            self._pending.pop(submission.capture_id, None)
