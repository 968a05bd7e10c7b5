"""The checker can fail: a clean run passes, and each hand-made fault in it is found and named."""

import copy
from collections.abc import Callable

import pytest

from checker import check
from checks.evidence import Acknowledged, Answered, EventRow, Evidence, ItemRow, Published
from checks.picks import curve_value

CONFIGURATION = {
    "tenant": "demo",
    "schemas": [{"name": "standard", "unit": "hours", "sla": 8, "points": [[0, 100], [8, 1000]]}],
    "categories": [
        {
            "name": "Incidents",
            "endpoint": "second-line",
            "schema": "standard",
            "requiredSkills": ["java"],
            "children": [{"name": "Major"}],
        }
    ],
    "agents": [
        {"id": "anna", "skills": ["java", "sap"], "endpoints": ["second-line"], "capacity": 2},
        {"id": "bert", "skills": ["java"], "endpoints": ["second-line"], "capacity": 1},
        {"id": "cleo", "skills": ["sap"], "endpoints": ["second-line"], "capacity": 1},
    ],
}
LANE = "e1.s1.w1.p0.c7.k1"


class Story:
    """Writes a history step by step: rows, feed, topic and explanations that belong together."""

    def __init__(self) -> None:
        self.evidence = Evidence(configurations={1: CONFIGURATION}, topic=[])
        self._status: dict[str, str | None] = {}
        self._holder: dict[str, str | None] = {}

    def submit(self, item: str) -> "Story":
        self.evidence.acknowledged.append(Acknowledged("vinst", f"capture-{item}", item))
        return self.step(item, "submit", "captured").step(item, "classify", "queued")

    def offer(self, item: str, agent: str, age: float = 3600) -> "Story":
        priority = 100 + 900 * age / 28800
        self.step(item, "offer", "offered", agent, priority=priority, age=age)
        head = {"lane": LANE, "priority": priority, "age": age, "arrival": 5}
        self.evidence.explanations.setdefault(item, []).append(
            {
                "revision": self.evidence.items[item].revision,
                "agent": agent,
                "chosen": head,
                "competing": [
                    {**head, "arrival": 6},
                    {**head, "age": 1800.0, "priority": 156.25, "arrival": 1},
                ],
                "competingRest": 0,
            }
        )
        return self

    def accept(self, item: str, agent: str) -> "Story":
        self.evidence.answered.append(Answered(item, "accept", agent))
        return self.step(item, "accept", "assigned", agent, actor={"kind": "agent", "id": agent})

    def complete(self, item: str, agent: str) -> "Story":
        self.evidence.answered.append(Answered(item, "complete", agent))
        return self.step(item, "complete", "completed", agent, actor={"kind": "agent", "id": agent})

    def step(self, item: str, action: str, to: str, agent: str | None = None, **data: object) -> "Story":
        start = self._status.get(item)
        self._status[item] = to
        if action in ("offer", "assign", "pull"):
            self._holder[item] = agent
        elif to not in ("offered", "assigned"):
            self._holder[item] = None
        row = self.evidence.items.get(item)
        revision = (row.revision if row else 0) + 1
        position = len(self.evidence.feed) + 1
        event = {
            "specversion": "1.0",
            "id": f"event-{position}",
            "type": f"millrace.workitem.{action}",
            "subject": item,
            "tenant": "demo",
            "position": position,
            "data": {
                "workItemId": item, "revision": revision, "action": action, "from": start, "to": to,
                "agent": agent, "actor": {"kind": "system", "id": "distribution"}, "weight": 1,
                "category": "Incidents/Major", "endpoint": "second-line", "configurationVersion": 1, **data,
            },
        }  # fmt: skip
        self.evidence.feed.append(event)
        self.evidence.topic.append(Published(0, position - 1, copy.deepcopy(event)))
        self.evidence.events.append(EventRow(item, revision, position))
        self.evidence.items[item] = ItemRow(
            item, "vinst", f"capture-{item}", to, revision, self._holder.get(item)
        )
        return self


def whole_life() -> Story:
    """Two items from submit to completion; one was declined first."""
    story = Story().submit("one").submit("two")
    story.offer("one", "anna").offer("two", "bert").accept("one", "anna")
    story.step("two", "decline", "queued", "bert").offer("two", "anna").accept("two", "anna")
    return story.complete("one", "anna").complete("two", "anna")


def edit(story: Story, position: int, **data: object) -> None:
    """Changes an event in feed and topic alike."""
    story.evidence.feed[position - 1]["data"].update(data)
    story.evidence.topic[position - 1].event["data"].update(data)


def rules(story: Story) -> dict[str, str]:
    """The rules violated, each with where."""
    return {violation.rule: violation.where for violation in check(story.evidence).violations}


def test_a_clean_run_passes_and_says_how_much_was_checked() -> None:
    story = whole_life()
    story.evidence.loads = {"anna": 0, "bert": 0}
    report = check(story.evidence)
    report.assert_clean(submits=2, items=2, transitions=12, events=12, messages=12, offers=3, competitors=6)
    assert report.checked["priorities"] == 9
    assert report.checked["answers"] == 4


def test_too_little_checked_is_a_failure() -> None:
    with pytest.raises(AssertionError, match="only 3 offers were checked, not 4"):
        check(whole_life().evidence).assert_clean(offers=4)


def test_the_report_names_rule_and_item() -> None:
    story = whole_life()
    del story.evidence.items["two"]
    with pytest.raises(AssertionError, match="vinst/capture-two: was acknowledged as two but is no item"):
        check(story.evidence).assert_clean()


def lost_item(story: Story) -> None:
    del story.evidence.items["two"]


def doubled_item(story: Story) -> None:
    story.evidence.items["three"] = ItemRow("three", "vinst", "capture-one", "completed", 1)


def answered_with_two_items(story: Story) -> None:
    story.evidence.acknowledged.append(Acknowledged("vinst", "capture-one", "two"))


def action_without_effect(story: Story) -> None:
    story.evidence.answered.append(Answered("one", "complete", "bert"))


def unfinished(story: Story) -> None:
    story.submit("three")


def illegal_transition(story: Story) -> None:
    edit(story, 7, action="accept", **{"from": "queued", "to": "assigned"})


def unknown_action(story: Story) -> None:
    edit(story, 2, action="teleport")


def broken_chain(story: Story) -> None:
    edit(story, 7, **{"from": "queued"})


def completed_twice(story: Story) -> None:
    story.step("one", "complete", "completed", "anna")


def offered_while_assigned(story: Story) -> None:
    edit(story, 9, agent="bert")
    story.evidence.explanations["two"][1]["agent"] = "bert"


def accepted_by_another(story: Story) -> None:
    edit(story, 7, agent="bert")


def completed_by_another(story: Story) -> None:
    edit(story, 11, actor={"kind": "agent", "id": "bert"})


def status_differs(story: Story) -> None:
    story.evidence.items["one"] = ItemRow("one", "vinst", "capture-one", "canceled", 5)


def item_without_events(story: Story) -> None:
    story.evidence.items["three"] = ItemRow("three", "vinst", "capture-three", "canceled", 1)


def gap_in_positions(story: Story) -> None:
    for event in story.evidence.feed[6:]:
        event["position"] += 1


def missing_from_feed(story: Story) -> None:
    del story.evidence.feed[4]


def fed_out_of_order(story: Story) -> None:
    feed = story.evidence.feed
    feed[0], feed[1] = feed[1], feed[0]
    feed[0]["position"], feed[1]["position"] = 1, 2


def never_placed(story: Story) -> None:
    story.evidence.events[3] = EventRow("two", 2, None)


def fed_but_not_written(story: Story) -> None:
    del story.evidence.events[3]


def topic_out_of_order(story: Story) -> None:
    topic = story.evidence.topic
    topic[0], topic[1] = topic[1], topic[0]


def topic_lacks_one(story: Story) -> None:
    del story.evidence.topic[-1]


def topic_differs(story: Story) -> None:
    story.evidence.topic[3].event["data"]["endpoint"] = "first-line"


def topic_has_a_stranger(story: Story) -> None:
    stranger = copy.deepcopy(story.evidence.topic[-1].event)
    stranger["id"] = "event-x"
    story.evidence.topic.append(Published(0, 99, stranger))


def two_partitions(story: Story) -> None:
    story.evidence.topic[-1] = Published(1, 0, story.evidence.topic[-1].event)


def over_capacity(story: Story) -> None:
    story.submit("three").submit("four").offer("three", "bert").offer("four", "bert")
    story.evidence.expect_finished = False


def too_heavy(story: Story) -> None:
    edit(story, 5, weight=3)


def wrong_load(story: Story) -> None:
    story.evidence.loads = {"anna": 1}


def better_one_waited(story: Story) -> None:
    story.evidence.explanations["one"][0]["competing"][0].update(age=7200.0, priority=325.0)


def older_one_waited(story: Story) -> None:
    story.evidence.explanations["one"][0]["competing"][0].update(arrival=4)


def wrong_priority(story: Story) -> None:
    story.evidence.explanations["one"][0]["competing"][1].update(priority=150.0)


def not_able(story: Story) -> None:
    for position in (5, 7, 11):
        edit(story, position, agent="cleo", actor={"kind": "system", "id": "distribution"})
    story.evidence.explanations["one"][0]["agent"] = "cleo"
    story.evidence.answered = []


def explains_another_agent(story: Story) -> None:
    story.evidence.explanations["one"][0]["agent"] = "bert"


def unexplained(story: Story) -> None:
    story.evidence.explanations["two"].pop()


@pytest.mark.parametrize(
    ("fault", "rule", "where"),
    [
        (lost_item, "acknowledged submit is one item", "vinst/capture-two"),
        (doubled_item, "acknowledged submit is one item", "vinst/capture-one"),
        (answered_with_two_items, "acknowledged submit is one item", "vinst/capture-one"),
        (action_without_effect, "acknowledged action took effect", "one"),
        (unfinished, "everything finished", "three"),
        (illegal_transition, "legal transition", "one"),
        (unknown_action, "legal transition", "one"),
        (broken_chain, "transitions join", "one"),
        (completed_twice, "completed once", "one"),
        (offered_while_assigned, "one agent at a time", "two"),
        (accepted_by_another, "one agent at a time", "one"),
        (completed_by_another, "one agent at a time", "one"),
        (status_differs, "feed and rows agree", "one"),
        (item_without_events, "feed is complete and in order", "three"),
        (gap_in_positions, "feed is complete and in order", "position 8"),
        (missing_from_feed, "feed tells what was written", "one"),
        (fed_out_of_order, "feed is complete and in order", "one"),
        (never_placed, "feed tells what was written", "two"),
        (fed_but_not_written, "feed tells what was written", "two"),
        (topic_out_of_order, "topic is in order per item", "one"),
        (topic_lacks_one, "topic and feed agree", "two"),
        (topic_differs, "topic and feed agree", "two"),
        (topic_has_a_stranger, "topic and feed agree", "two"),
        (two_partitions, "topic is in order per item", "two"),
        (over_capacity, "no agent over capacity", "bert"),
        (too_heavy, "no agent over capacity", "anna"),
        (wrong_load, "no agent over capacity", "anna"),
        (better_one_waited, "best item picked", "one"),
        (older_one_waited, "best item picked", "one"),
        (wrong_priority, "priority follows the curve", "one"),
        (not_able, "able agent", "one"),
        (explains_another_agent, "offers are explained", "one"),
        (unexplained, "offers are explained", "two"),
    ],
    ids=lambda value: value.__name__ if callable(value) else None,
)
def test_a_fault_is_found(fault: Callable[[Story], None], rule: str, where: str) -> None:
    story = whole_life()
    fault(story)
    found = rules(story)
    assert rule in found, f"found only {found}"
    assert where in found[rule]


def test_a_broker_that_forgot_may_leave_gaps_but_no_disorder() -> None:
    story = whole_life()
    del story.evidence.topic[2:5]
    assert "topic and feed agree" in rules(story)
    story.evidence.broker_forgot = True
    assert rules(story) == {}
    topic_out_of_order(story)
    assert "topic is in order per item" in rules(story)


def test_repeats_on_the_topic_are_allowed() -> None:
    story = whole_life()
    story.evidence.topic[4:4] = [Published(0, 90, story.evidence.topic[0].event)]
    assert rules(story) == {}


def test_agents_events_in_the_feed_are_not_items() -> None:
    story = whole_life()
    story.evidence.feed.append(
        {"id": "event-13", "type": "millrace.agent.state", "subject": "anna", "position": 13, "data": {"to": "ready"}}
    )
    assert rules(story) == {}


@pytest.mark.parametrize(
    ("age", "priority"), [(-5, 1), (0, 1), (5, 6), (10, 20), (15, 15), (20, 10), (99, 10)]
)
def test_the_curve_is_linear_with_jumps_taken_from_the_right(age: float, priority: float) -> None:
    assert curve_value([(0, 1), (10, 11), (10, 20), (20, 10)], age) == priority
