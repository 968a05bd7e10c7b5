"""What COPY puts into the same tables: rows that capture wrote, once more, for a tenant that nobody serves."""

import time

import psycopg

from scene import written_columns

TENANT = 1_000_000
TABLES = ("work_item", "event", "outbox")


class CopyLimit:
    """Copies the rows of captured items, in binary, into partitions with the same indexes, checks and fill factor."""

    def __init__(self, admin_url: str, tenant: int) -> None:
        self._connection = psycopg.connect(admin_url, autocommit=True)
        self._tenant = tenant
        # Every run of capture leaves its rows behind; so does every run of COPY, and both tables grow alike.
        self._batch = 0
        self._connection.execute("CALL millrace_add_tenant_partitions(%s)", [TENANT])

    def close(self) -> None:
        self._connection.close()

    def run(self) -> tuple[int, float]:
        """Copies what was captured since the last call. How many items, and items a second."""
        last = self._connection.execute("SELECT max(batch) FROM outbox WHERE tenant = %s", [self._tenant]).fetchone()[0]
        data = {table: self._rows(table, last) for table in TABLES}
        items = self._connection.execute(
            "SELECT sum(events) FROM outbox WHERE tenant = %s AND batch > %s AND batch <= %s",
            [self._tenant, self._batch, last],
        ).fetchone()[0]
        self._batch = last
        begin = time.monotonic()
        with self._connection.transaction():
            for table in TABLES:
                with self._connection.cursor().copy(
                    f"COPY {table} ({', '.join(written_columns(self._connection, table))}) FROM STDIN (FORMAT binary)"
                ) as copy:
                    copy.write(data[table])
        return items, items / (time.monotonic() - begin)

    def _rows(self, table: str, last: int) -> bytes:
        columns = ", ".join(f"{TENANT} AS tenant" if name == "tenant" else name for name in written_columns(self._connection, table))
        new = (
            f"id IN (SELECT subject FROM event WHERE tenant = {self._tenant} AND batch > {self._batch} AND batch <= {last})"
            if table == "work_item"
            else f"batch > {self._batch} AND batch <= {last}"
        )
        order = "arrival" if table == "work_item" else "batch"
        with self._connection.cursor().copy(
            f"COPY (SELECT {columns} FROM {table} WHERE tenant = {self._tenant} AND {new} ORDER BY {order}) "
            "TO STDOUT (FORMAT binary)"
        ) as copy:
            return b"".join(bytes(part) for part in copy)
