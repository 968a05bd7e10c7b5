"""No agent over capacity: the feed is replayed in its order, and what each agent has at once is added up."""

from collections import defaultdict

from checks.evidence import Evidence, Report
from checks.lifecycle import TAKES, WITH_AGENT

RULE = "no agent over capacity"


def check_capacity(evidence: Evidence, report: Report) -> None:
    holding: dict[str, dict[str, int]] = defaultdict(dict)
    holder: dict[str, str] = {}
    for event in evidence.item_events:
        data = event["data"]
        item, weight = event["subject"], data.get("weight") or 1
        if data["to"] not in WITH_AGENT:
            _let_go(item, holding, holder)
            continue
        if data["action"] in TAKES and data.get("agent"):
            agent = data["agent"]
            _let_go(item, holding, holder)
            holder[item] = agent
            holding[agent][item] = weight
            _check_agent(agent, holding[agent], data, event, evidence, report)
    for agent, load in evidence.loads.items():
        held = sum(holding[agent].values())
        if load != held:
            report.violate(RULE, agent, f"PostgreSQL counts a load of {load}; the feed leaves {held} with the agent")


def _check_agent(
    agent: str, held: dict[str, int], data: dict, event: dict, evidence: Evidence, report: Report
) -> None:
    configuration = evidence.configuration(data.get("configurationVersion")) or evidence.configuration(None)
    known = {entry["id"]: entry for entry in (configuration or {}).get("agents", [])}
    if agent not in known:
        report.violate(RULE, agent, f"has item {event['subject']} but is not in the configuration")
        return
    report.count("holdings")
    capacity = known[agent].get("capacity", 1)
    load = sum(held.values())
    if load > capacity:
        report.violate(
            RULE, agent,
            f"has {load} of {capacity} from position {event.get('position')} on: {', '.join(sorted(held))}",
        )  # fmt: skip


def _let_go(item: str, holding: dict[str, dict[str, int]], holder: dict[str, str]) -> None:
    agent = holder.pop(item, None)
    if agent is not None:
        holding[agent].pop(item, None)
