import Domain
import Foundation

/// A work item as the API shows it: names instead of ids, and its standing at this moment.
struct WorkItemView: Sendable {
    let item: WorkItem
    let snapshot: TenantSnapshot
    let now: Instant

    var bytes: [UInt8] {
        var writer = JSONWriter(capacity: 900)
        write(to: &writer)
        return writer.bytes
    }

    /// Writes the item as an object: the whole text or an element.
    func write(to writer: inout JSONWriter) {
        writer.object { write(members: &$0) }
    }

    func write(members json: inout JSONWriter) {
        let names = snapshot.names
        json.member("id", item.id.dashedText)
        json.member("captureId", item.captureId)
        json.member("source", names.name(of: .source, item.source))
        json.member("revision", item.revision)
        json.member("status", item.status.rawValue)
        json.member("category", item.category.flatMap { names.name(of: .category, $0) })
        json.member("endpoint", item.endpoint.flatMap { names.name(of: .endpoint, $0) })
        json.member("channel", item.channel)
        json.member("weight", item.weight)
        json.member("requiredSkills", item.skills.compactMap { names.name(of: .skill, $0) })
        json.member("schema", item.schemaVersion.flatMap { snapshot.schemaNames[$0] })
        json.member("calendar", item.calendarVersion.flatMap { snapshot.calendarNames[$0] })
        if !item.status.isFinal, let standing = RankWorkItem.standing(of: item, at: now, in: snapshot) {
            json.member("currentPriority", standing.priority)
            // Seconds of business time.
            json.member("age", Double(standing.age) / 1000)
        }
        json.member("receivedAt", item.receivedAt)
        json.member("activation", item.activation)
        json.member("due", item.due)
        json.member("overdue", item.due.map { (item.completedAt ?? now) > $0 })
        json.member("autocompleteAt", item.autocompleteAt)
        json.member("priority", item.priority)
        json.member("businessValue", item.businessValue)
        if item.push != 0 { json.member("push", Double(item.push) / 1000) }
        json.member("assignee", item.assignee.flatMap { names.name(of: .agent, $0) })
        json.member("preferredAgent", item.preferredAgent.flatMap { names.name(of: .agent, $0) })
        json.member("preferredUntil", item.preferredUntil)
        json.member("workbin", item.workbin)
        if item.status == .offered {
            json.member("offerId", item.offerId?.text)
            json.member("offeredAt", item.offeredAt)
        }
        json.member("deadline", item.deadline)
        json.member("heldFrom", item.heldFrom?.rawValue)
        json.member("reason", item.reason)
        if let result = item.result { json.member("result", json: result.utf8) }
        json.member("completedAt", item.completedAt)
        json.member("updatedAt", item.updatedAt)
        json.member("configurationVersion", item.configurationVersion)
        json.member("attributes", json: item.attributes.utf8)
    }
}

/// The answer to a command, as REST sends it, `workitems.replies` carries it and repeats get it.
enum WorkItemAnswer {
    static func stored(for outcome: ChangeOutcome, in snapshot: TenantSnapshot, at now: Instant) -> StoredAnswer {
        switch outcome {
        case .changed(let change): answer(200, change.after, in: snapshot, at: now)
        case .unchanged(let item): answer(200, item, in: snapshot, at: now)
        case .refused(let refusal): stored(refusal)
        case .repeated(let answer): answer
        }
    }

    static func stored(for outcome: CaptureOutcome, in snapshot: TenantSnapshot, at now: Instant) -> StoredAnswer {
        switch outcome {
        case .created(let item): answer(201, item, in: snapshot, at: now)
        case .existing(let item): answer(200, item, in: snapshot, at: now)
        case .refused(let refusal): stored(refusal)
        }
    }

    static func answer(_ status: Int, _ item: WorkItem, in snapshot: TenantSnapshot, at now: Instant) -> StoredAnswer {
        StoredAnswer(
            status: status,
            body: String(decoding: WorkItemView(item: item, snapshot: snapshot, now: now).bytes, as: UTF8.self))
    }

    /// A refusal as problem+json.
    static func stored(_ refusal: Refusal) -> StoredAnswer {
        StoredAnswer(
            status: refusal.httpStatus,
            body: String(decoding: refusal.problem.document(instance: ""), as: UTF8.self))
    }
}
