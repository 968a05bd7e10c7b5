"""What the checker looks at, and what it finds."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

FINAL = {"completed", "canceled", "rejected"}


@dataclass(frozen=True)
class ItemRow:
    """A work item as PostgreSQL has it."""

    id: str
    source: str
    capture_id: str
    status: str
    revision: int
    assignee: str | None = None
    weight: int = 1
    preferred_agent: str | None = None


@dataclass(frozen=True)
class EventRow:
    """An event as PostgreSQL has it. `position` is None while the relay has not placed it."""

    subject: str
    revision: int
    position: int | None


@dataclass(frozen=True)
class Acknowledged:
    """A submit that was answered: REST 2xx, or a reply on the replies topic."""

    source: str
    capture_id: str
    work_item: str


@dataclass(frozen=True)
class Answered:
    """An agent's action that was answered with 2xx: `accept`, `complete`, `decline`…"""

    work_item: str
    action: str
    agent: str


@dataclass(frozen=True)
class Published:
    """A message of the event topic with its place there."""

    partition: int
    offset: int
    event: dict


@dataclass
class Evidence:
    """Everything known of one tenant after a run. Lists are in the order in which they were read."""

    configurations: dict[int, dict] = field(default_factory=dict)
    items: dict[str, ItemRow] = field(default_factory=dict)
    events: list[EventRow] = field(default_factory=list)
    loads: dict[str, int] = field(default_factory=dict)
    feed: list[dict] = field(default_factory=list)
    topic: list[Published] | None = None
    explanations: dict[str, list[dict]] = field(default_factory=dict)
    acknowledged: list[Acknowledged] = field(default_factory=list)
    answered: list[Answered] = field(default_factory=list)
    broker_forgot: bool = False
    expect_finished: bool = True

    @property
    def item_events(self) -> list[dict]:
        """The feed without the events of agents."""
        return [event for event in self.feed if event["type"].startswith("millrace.workitem.")]

    def histories(self) -> dict[str, list[dict]]:
        """The feed's events by work item."""
        histories: dict[str, list[dict]] = defaultdict(list)
        for event in self.item_events:
            histories[event["subject"]].append(event)
        return histories

    def configuration(self, version: int | None) -> dict | None:
        """The configuration document of a version; the newest one when none is named."""
        if version is None and self.configurations:
            return self.configurations[max(self.configurations)]
        return self.configurations.get(version)


@dataclass(frozen=True)
class Violation:
    """A property that does not hold, and where."""

    rule: str
    where: str
    message: str

    def __str__(self) -> str:
        return f"[{self.rule}] {self.where}: {self.message}"


class Report:
    """The violations found, and how much was looked at: a check that saw nothing has shown nothing."""

    def __init__(self) -> None:
        self.violations: list[Violation] = []
        self.checked: Counter[str] = Counter()

    def violate(self, rule: str, where: str, message: str) -> None:
        self.violations.append(Violation(rule, where, message))

    def count(self, what: str, number: int = 1) -> None:
        self.checked[what] += number

    def of(self, rule: str) -> list[Violation]:
        return [violation for violation in self.violations if violation.rule == rule]

    def text(self, most: int = 10) -> str:
        """The violations by rule, at most so many of each, and what was checked."""
        lines = []
        for rule, number in Counter(violation.rule for violation in self.violations).most_common():
            lines.append(f"{rule}: {number} violations")
            lines += [f"  {violation.where}: {violation.message}" for violation in self.of(rule)[:most]]
            if number > most:
                lines.append(f"  … and {number - most} more")
        lines.append("checked: " + ", ".join(f"{number} {what}" for what, number in sorted(self.checked.items())))
        return "\n".join(lines)

    def assert_clean(self, **at_least: int) -> None:
        """Fails with the report when anything is violated, or less was checked than asked for: offers=100, items=500."""
        assert not self.violations, "\n" + self.text()
        for what, number in at_least.items():
            assert self.checked[what] >= number, f"only {self.checked[what]} {what} were checked, not {number}"
