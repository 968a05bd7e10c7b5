"""The table: what was measured against which limit or peer, and whether the target is met."""

import json
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One comparison. `target` reads like "at least 1.5"; rows without a target are for comparison only."""

    figure: str
    what: str
    measured: float | None
    unit: str
    against: str = ""
    reference: float | None = None
    at_least: float | None = None
    at_most: float | None = None

    @property
    def value(self) -> float | None:
        """What the target is about: the ratio to the reference where there is one."""
        if self.measured is None or self.reference is None:
            return self.measured
        return self.measured / self.reference if self.reference else None

    @property
    def ratio(self) -> float | None:
        return self.value if self.reference is not None else None

    @property
    def target(self) -> str:
        if self.at_least is not None and self.at_most is not None:
            return f"{self.at_least:g} to {self.at_most:g}"
        if self.at_least is not None:
            return f"at least {self.at_least:g}"
        return f"at most {self.at_most:g}" if self.at_most is not None else ""

    @property
    def verdict(self) -> str:
        if not self.target:
            return ""
        if self.value is None:
            return "missed"
        enough = self.at_least is None or self.value >= self.at_least
        little = self.at_most is None or self.value <= self.at_most
        return "met" if enough and little else "missed"


def median(values: list[float]) -> float:
    return statistics.median(values)


def number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def rows_of(results: dict) -> list[Row]:
    """The comparisons that the results allow."""
    rows: list[Row] = []
    if found := results.get("capture"):
        rate = median([run["perSecond"] for run in found["capture"]])
        drained = max(run["drainedAfterSeconds"] for run in found["capture"])
        rows += [
            Row("1", "capture, Kafka to queued", rate, "items/s", "RabbitMQ, confirmed", median(found["rabbitmq"]), 1.0),
            Row("1", "capture, Kafka to queued", rate, "items/s", "procrastinate, batched", median(found["procrastinate"]), 1.5),
            Row("1", "capture, Kafka to queued", rate, "items/s", "COPY, same tables", median(found["copy"]), 0.2),
            Row("1", "outbox drained after the end", drained, "s", at_most=5),
        ]
    if found := results.get("wholeLife"):
        rate = median([run["perSecond"] for run in found["wholeLife"]])
        peer = median(found["procrastinate"])
        rows += [
            Row("2", "whole life, 500 agents", rate, "items/s", "procrastinate, 2 workers", peer, 1.0),
            Row("2", "the aim", rate, "items/s", "procrastinate, 2 workers", peer, 2.0),
            Row("2", "without agents, offers, events", rate, "items/s", "SKIP LOCKED by row", median(found["skipLocked"])),
        ]
    if found := results.get("latency"):
        for name, bound in (("p50", 3), ("p99", 6)):
            offer = median([run[name] for run in found["offer"]])
            limit = median([run[name] for run in found["limit"]])
            rows.append(Row("3", f"submit to offer, {name}", offer, "ms", "Kafka and one commit", limit, at_most=bound))
            busy = median([run[name] for run in found["atWork"]])
            rows.append(Row("3", f"with agents at work, {name}", busy, "ms", "Kafka and one commit", limit))
    if found := results.get("pick"):
        rows += pick_rows(found)
    if found := results.get("skipLocked"):
        rows.append(
            Row("4", "SKIP LOCKED, large backlog", median(found["large"]), "takes/s", "small backlog", median(found["small"]))
        )
    if "pick" in results:
        within = max(core_bytes(results["pick"])) / 1e6
        rows.append(Row("5", "core's memory throughout", within, "MB", at_most=200))
    if found := results.get("mail"):
        rate = median([run["perSecond"] for run in found["mail"]])
        memory = max(run["emailBytes"] for run in found["mail"]) / 1e6
        rows += [
            Row("6", "mail, Dovecot to queued", rate, "messages/s", "mbsync, copy only", median(found["mbsync"]), 0.2),
            Row("6", "mail, Dovecot to queued", rate, "messages/s", "mbsync without fsync", median(found["mbsyncLazy"])),
            Row("6", "email's memory, one of 50 MB among them", memory, "MB", at_most=150),
            Row("6", "new mail seen with IDLE, median", found["idle"]["seenSeconds"], "s", at_most=1),
            Row("6", "100 idle mailboxes", found["idle"]["cores"], "cores", at_most=0.05),
        ]
    if found := results.get("mart"):
        rows += mart_rows(found)
    peaks = [value for found in results.values() if isinstance(found, dict) for value in core_bytes(found)]
    if peaks:
        rows.append(Row("", "core's memory, most in any figure", max(peaks) / 1e6, "MB"))
    return rows


def pick_rows(found: dict) -> list[Row]:
    """Figures 4 and 5."""
    small, large = found["picks"]["small"], found["picks"]["large"]
    before, after = found["waitingSmall"], found["waitingLarge"]
    rebuilds = found["rebuilds"]

    def of(name: str, what: str, unit: str, **target: float) -> Row:
        return Row("4", what, large[name], unit, "small backlog", small[name], **target)

    return [
        of("redisMicroseconds", "pick, Redis' own time", "µs", at_most=1.2),
        of("statements", "statements a pick", "", at_least=0.95, at_most=1.05),
        of("milliseconds", "pick end to end", "ms", at_most=1.5),
        Row("4", "waiting: statements", after["statements"], "", "small backlog", before["statements"], at_most=1.1),
        Row("4", "waiting: Redis commands", after["redisCommands"], "", "small backlog", before["redisCommands"], at_most=1.1),
        Row("4", "waiting: Redis writes", after["redisWrites"], "", "small backlog", before["redisWrites"], at_most=1.1),
        Row("5", "lanes rebuilt", median([run["seconds"] for run in rebuilds]), "s", at_most=30),
        Row("5", "picks meanwhile", min(run["picks"] for run in rebuilds), "", at_least=1),
        Row("5", "Redis", median([run["redisBytesPerItem"] for run in rebuilds]), "bytes/item", at_most=200),
    ]


def mart_rows(found: dict) -> list[Row]:
    """Figure 7."""
    slowest = max(found["reports"], key=lambda name: median(found["reports"][name]))
    return [
        Row("7", "mart, catching up", median(found["catchUp"]), "events/s", "COPY of the same rows", median(found["bare"]), 0.2),
        Row("7", "mart, catching up", median(found["catchUp"]), "events/s", "INSERT of the same rows", median(found["inserts"])),
        Row("7", "event to 15-minute aggregate, p99", found["freshness"]["p99"], "s", at_most=2),
        Row("7", f"slowest report ({slowest})", median(found["reports"][slowest]), "ms", at_most=300),
        Row("7", "switch to the standby", found["switchSeconds"], "s", at_most=5),
        Row("7", "events missing or twice after it", found["missing"], "", at_most=0),
        Row("7", "datamart's memory, most", max(found["memory"]) / 1e6, "MB", at_most=200),
    ]


def core_bytes(found: object) -> list[float]:
    """Every peak of core's memory in a result, however deep."""
    if isinstance(found, dict):
        return [
            value
            for name, entry in found.items()
            for value in ([entry] if name == "coreBytes" else core_bytes(entry))
        ]
    if isinstance(found, list):
        return [value for entry in found for value in core_bytes(entry)]
    return []


def table(rows: list[Row]) -> str:
    """Markdown, so that it can be pasted into the README."""
    head = ["", "figure", "measured", "limit or peer", "", "ratio", "target", ""]
    cells = [
        [
            row.figure, row.what, f"{number(row.measured)} {row.unit}".strip(), row.against, number(row.reference) if row.against else "",
            f"{row.ratio:.2f}" if row.ratio is not None else "", row.target, row.verdict,
        ]
        for row in rows
    ]  # fmt: skip
    widths = [max(len(line[column]) for line in [head, *cells]) for column in range(len(head))]

    def line(values: list[str]) -> str:
        return "| " + " | ".join(value.ljust(width) for value, width in zip(values, widths)) + " |"

    return "\n".join([line(head), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(line, cells)])


def write(results: dict, file: Path) -> None:
    """Raw results and rows as JSON, all or nothing."""
    rows = [{**asdict(row), "ratio": row.ratio, "target": row.target, "verdict": row.verdict} for row in rows_of(results)]
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps({"rows": rows, "results": results}, indent=1) + "\n")
    draft.replace(file)
