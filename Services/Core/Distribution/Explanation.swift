import Domain
import Foundation

/// Why an item went to an agent, as it is stored with the offer's event and shown by `GET …/explanation`.
/// Names are resolved when it is stored, so that it stays readable after the configuration has changed.
enum Explanation {
    static func json(of pick: LanePick, in snapshot: TenantSnapshot) -> String {
        let why = pick.explanation
        var writer = JSONWriter(capacity: 1024)
        writer.object { json in
            json.member("trigger", why.trigger.rawValue)
            json.member("at", Instant(milliseconds: why.at))
            json.member("businessTime", Double(why.business) / 1000)
            json.object("chosen") { write(why.chosen, to: &$0, in: snapshot) }
            json.array("competing") { list in
                for head in why.competitors { list.object { write(head, to: &$0, in: snapshot) } }
            }
            json.member("competingRest", why.furtherLanes)
            json.array("eligibleAgents") { list in
                for agent in why.agents {
                    list.object {
                        $0.member("agent", snapshot.names.name(of: .agent, agent.id) ?? String(agent.id))
                        $0.member("idleSince", Instant(milliseconds: agent.idleSince))
                    }
                }
            }
            json.member("eligibleRest", why.furtherAgents)
            json.array("passedOver") { for item in why.passedOver { $0.element(item.dashedText) } }
            json.member("endpointsAtLimit", why.limitedEndpoints.compactMap { snapshot.names.name(of: .endpoint, $0) })
        }
        return writer.text
    }

    /// Why an offer is recalled, for its event: what it makes way for, and how both rank.
    static func text(of recall: RecallProposal, at endpoint: Int32, in snapshot: TenantSnapshot) -> String {
        let place = snapshot.names.name(of: .endpoint, endpoint) ?? String(endpoint)
        return "makes way for work item \(recall.newcomer.entry.member.item.dashedText) of priority "
            + "\(recall.newcomer.priority) by one of \(recall.recalled.priority): endpoint \(place) has its limit of items out"
    }

    private static func write(_ head: RankedHead, to json: inout JSONWriter, in snapshot: TenantSnapshot) {
        let lane = head.entry.lane
        json.member("workItemId", head.entry.member.item.dashedText)
        json.member("revision", head.entry.member.revision)
        json.member("lane", lane.name)
        json.member("endpoint", snapshot.names.name(of: .endpoint, lane.endpoint))
        json.member("requiredSkills", lane.requiredSkills.compactMap { snapshot.names.name(of: .skill, $0) })
        json.member("schema", snapshot.schemaNames[lane.schemaVersion])
        json.member("calendar", snapshot.calendarNames[lane.calendarVersion])
        json.member("priority", head.priority)
        // Seconds of business time.
        json.member("age", Double(head.age) / 1000)
        json.member("arrival", head.entry.member.arrival)
        json.member("laneSize", head.laneSize)
    }
}
