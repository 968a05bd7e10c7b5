"""Every acknowledged submit is exactly one item, and every acknowledged action took effect exactly once."""

from collections import Counter, defaultdict

from checks.evidence import FINAL, Evidence, Report


def check_submits(evidence: Evidence, report: Report) -> None:
    rule = "acknowledged submit is one item"
    by_capture = defaultdict(list)
    for item in evidence.items.values():
        by_capture[item.source, item.capture_id].append(item.id)
    for (source, capture), ids in by_capture.items():
        if len(ids) > 1:
            report.violate(rule, f"{source}/{capture}", f"is {len(ids)} items: {', '.join(sorted(ids))}")
    answers = defaultdict(set)
    for acknowledged in evidence.acknowledged:
        answers[acknowledged.source, acknowledged.capture_id].add(acknowledged.work_item)
    for (source, capture), ids in answers.items():
        report.count("submits")
        if len(ids) > 1:
            report.violate(rule, f"{source}/{capture}", f"was answered with different items: {', '.join(sorted(ids))}")
        if not by_capture[source, capture]:
            report.violate(rule, f"{source}/{capture}", f"was acknowledged as {', '.join(sorted(ids))} but is no item")
        elif not ids <= set(by_capture[source, capture]):
            report.violate(rule, f"{source}/{capture}", f"was acknowledged as {ids}, is {by_capture[source, capture]}")


def check_answers(evidence: Evidence, report: Report) -> None:
    """An agent who was told that an action succeeded finds it in the item's history."""
    rule = "acknowledged action took effect"
    happened = Counter(
        (event["subject"], event["data"]["action"], event["data"].get("agent")) for event in evidence.item_events
    )
    for answered in set(evidence.answered):
        report.count("answers")
        if not happened[answered.work_item, answered.action, answered.agent]:
            report.violate(
                rule, answered.work_item, f"{answered.agent} was told that {answered.action} succeeded; no event says so"
            )


def check_finished(evidence: Evidence, report: Report) -> None:
    for item in evidence.items.values():
        report.count("items")
        if evidence.expect_finished and item.status not in FINAL:
            holder = f" with {item.assignee}" if item.assignee else ""
            report.violate("everything finished", item.id, f"({item.capture_id}) is still {item.status}{holder}")
