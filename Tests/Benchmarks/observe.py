"""Watching from outside: memory of processes, statements of PostgreSQL, commands of Redis."""

import threading
import time
from pathlib import Path

import psycopg
import redis


def resident_bytes(pid: int) -> int:
    """Memory that a process holds now; 0 when it is gone."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


class MemoryWatch:
    """Samples the resident memory of a process five times a second; `peak` is the most that was seen."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.peak = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self.peak = max(self.peak, resident_bytes(self.pid))
            if self._stopping.wait(0.2):
                return


class DatabaseCounters:
    """How many statements, commits and written rows a database has seen since the beginning."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)
        self._connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")

    def close(self) -> None:
        self._connection.close()

    def read(self) -> dict[str, float]:
        """Counters now; the reader's own statements are left out."""
        # Backends report their numbers at most once a second.
        time.sleep(1.1)
        row = self._connection.execute(
            """
            SELECT xact_commit, tup_inserted, tup_updated, tup_deleted,
                (SELECT coalesce(sum(calls), 0) FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid
                    WHERE s.dbid = d.datid AND r.rolname <> current_user),
                (SELECT coalesce(sum(wal_bytes), 0) FROM pg_stat_statements s WHERE s.dbid = d.datid)
            FROM pg_stat_database d WHERE datname = current_database()
            """
        ).fetchone()
        names = ("commits", "inserted", "updated", "deleted", "statements", "walBytes")
        return {name: float(value) for name, value in zip(names, row)}

    def statements(self) -> dict[str, int]:
        """Calls by text."""
        rows = self._connection.execute(
            """
            SELECT query, sum(calls) FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid
                JOIN pg_database d ON d.oid = s.dbid
            WHERE d.datname = current_database() AND r.rolname <> current_user GROUP BY query
            """
        ).fetchall()
        return {text: int(calls) for text, calls in rows}


WRITES = {
    "set", "del", "unlink", "hset", "hdel", "hincrby", "hsetnx", "incr", "incrby", "expire", "pexpire", "sadd", "srem",
    "zadd", "zrem", "zremrangebyscore", "zincrby", "lpush", "rpush", "mset", "setex", "psetex", "getset", "rename",
}  # fmt: skip


def redis_counters(client: redis.Redis) -> dict[str, float]:
    """Commands since the beginning, those inside scripts too."""
    stats = client.info("commandstats")
    calls = {name.removeprefix("cmdstat_"): value["calls"] for name, value in stats.items()}
    return {
        "redisCommands": float(sum(calls.values())),
        "redisWrites": float(sum(count for name, count in calls.items() if name in WRITES)),
    }


def difference(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """What was added, name by name."""
    return {name: after[name] - before[name] for name in after}
