"""The feed is complete, and feed and topic are in order per item."""

from collections import defaultdict

from checks.evidence import Evidence, Report


def check_feed(evidence: Evidence, report: Report) -> None:
    rule = "feed is complete and in order"
    last: int | None = None
    ids = set()
    for event in evidence.feed:
        report.count("events")
        position = event["position"]
        if last is not None and position != last + 1:
            report.violate(rule, f"position {position}", f"follows position {last}")
        last = position
        if event["id"] in ids:
            report.violate(rule, f"position {position}", f"repeats event {event['id']}")
        ids.add(event["id"])
    histories = evidence.histories()
    for item, events in histories.items():
        revisions = [event["data"]["revision"] for event in events]
        if revisions != list(range(1, len(revisions) + 1)):
            report.violate(rule, item, f"has revisions {_shorten(revisions)}")
    for item in evidence.items.values():
        if item.id not in histories:
            report.violate(rule, item.id, f"({item.capture_id}) is {item.status} but has no event")
    _compare_with_rows(evidence, report)


def _compare_with_rows(evidence: Evidence, report: Report) -> None:
    rule = "feed tells what was written"
    if not evidence.events:
        return
    fed = {(event["subject"], event["data"]["revision"]): event["position"] for event in evidence.item_events}
    written = {(row.subject, row.revision): row.position for row in evidence.events}
    for (subject, revision), position in written.items():
        if position is None:
            report.violate(rule, subject, f"revision {revision} was never placed in the feed")
        elif (subject, revision) not in fed:
            report.violate(rule, subject, f"revision {revision} was written at position {position} but not fed")
        elif fed[subject, revision] != position:
            report.violate(rule, subject, f"revision {revision} is at {position}, fed at {fed[subject, revision]}")
    for subject, revision in fed.keys() - written.keys():
        report.violate(rule, subject, f"revision {revision} was fed but is not written")


def check_topic(evidence: Evidence, report: Report) -> None:
    """Repeats are allowed; what is new must be the next revision, unless the broker forgot some."""
    if evidence.topic is None:
        return
    rule = "topic is in order per item"
    fed = {event["id"]: event for event in evidence.item_events}
    latest: dict[str, int] = defaultdict(int)
    partitions: dict[str, int] = {}
    seen = set()
    for message in evidence.topic:
        event = message.event
        if not event.get("type", "").startswith("millrace.workitem."):
            continue
        report.count("messages")
        item, revision = event["subject"], event["data"]["revision"]
        where = f"{item} (partition {message.partition}, offset {message.offset})"
        if partitions.setdefault(item, message.partition) != message.partition:
            report.violate(rule, where, f"is also on partition {partitions[item]}")
        if revision > latest[item]:
            if revision != latest[item] + 1 and not evidence.broker_forgot:
                report.violate(rule, where, f"revision {revision} follows revision {latest[item]}")
            latest[item] = revision
        elif event["id"] not in seen:
            report.violate(rule, where, f"revision {revision} comes after revision {latest[item]}")
        seen.add(event["id"])
        original = fed.get(event["id"])
        if original is None:
            report.violate("topic and feed agree", where, f"event {event['id']} is not in the feed")
        elif (original["data"], original.get("position")) != (event["data"], event.get("position")):
            report.violate("topic and feed agree", where, f"event {event['id']} differs from the feed's")
    if not evidence.broker_forgot:
        for identifier in fed.keys() - seen:
            event = fed[identifier]
            revision = event["data"]["revision"]
            report.violate("topic and feed agree", event["subject"], f"revision {revision} never came to the topic")


def _shorten(numbers: list[int]) -> str:
    text = ", ".join(map(str, numbers[:20]))
    return text + (f", … ({len(numbers)} in all)" if len(numbers) > 20 else "")
