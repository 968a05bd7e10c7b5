"""Figure 3's measure: Kafka produce to consume, and one commit of what came, at the same rate on the same servers."""

import secrets
import threading
import time

import psycopg
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from scene import World
from waiting import wait_until


def produce_consume_commit(world: World, rate: int, seconds: float, value: bytes) -> list[float]:
    """Seconds from `produce` to the end of the commit, message by message."""
    bootstrap = world.stack.kafka
    topic = f"bench.{secrets.token_hex(4)}"
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(topic, 12, 1)])[topic].result(20)
    total = int(rate * seconds)
    latencies: list[float] = []
    ready = threading.Event()
    failure: list[BaseException] = []

    def consume() -> None:
        consumer = Consumer(
            {
                "bootstrap.servers": bootstrap, "group.id": topic, "auto.offset.reset": "earliest",
                "enable.auto.commit": False, "fetch.wait.max.ms": 5, "session.timeout.ms": 6000,
            }
        )  # fmt: skip
        try:
            with psycopg.connect(world.admin_url) as connection:
                connection.execute("CREATE TABLE IF NOT EXISTS bench_message (id bigserial PRIMARY KEY, body bytea)")
                connection.commit()
                consumer.subscribe([topic], on_assign=lambda *_: ready.set())
                end = time.monotonic() + seconds + 30
                while len(latencies) < total and time.monotonic() < end:
                    first = consumer.poll(0.1)
                    if first is None:
                        continue
                    # Whatever else is here shares the commit.
                    messages = [first, *consumer.consume(500, timeout=0)]
                    with connection.cursor() as cursor:
                        cursor.executemany("INSERT INTO bench_message (body) VALUES (%s)", [[m.value()] for m in messages])
                    connection.commit()
                    now = time.time()
                    latencies.extend(now - float(message.key()) for message in messages)
        except BaseException as error:
            failure.append(error)
        finally:
            consumer.close()

    thread = threading.Thread(target=consume)
    thread.start()
    wait_until(lambda: ready.is_set() or failure, seconds=30, what="the consumer's partitions")
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "enable.idempotence": True, "linger.ms": 1})
    for _ in paced(rate, total):
        producer.produce(topic, value=value, key=repr(time.time()).encode())
        producer.poll(0)
    producer.flush(30)
    thread.join(seconds + 60)
    if failure:
        raise failure[0]
    if len(latencies) < total:
        raise RuntimeError(f"{len(latencies)} of {total} messages came")
    return latencies


def paced(rate: int, total: int):
    """Yields `total` times, `rate` times a second; late ones follow at once."""
    begin = time.monotonic()
    for number in range(total):
        wait = begin + number / rate - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        yield number
