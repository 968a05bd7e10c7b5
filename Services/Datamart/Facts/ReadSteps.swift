import Domain
import Foundation
import Projection
import Storage

/// Reads events into rows of facts, with keys in place of names.
package struct ReadSteps: Sendable {
    package let settings: MartSettings

    package init(settings: MartSettings) { self.settings = settings }

    /// The names of customers and of custom attributes' values that an event tells.
    package func names(in event: ProjectedEvent, _ body: (Dimension, String) -> Void) {
        guard let attributes = event.data["attributes"]?.objectValue, !attributes.isEmpty else { return }
        if let name = text(attributes, settings.mart.attributes.customer) {
            body(.customer, DimensionKeys.stored(name, in: .customer))
        }
        for (index, attribute) in settings.mart.custom.enumerated() {
            if let value = text(attributes, attribute) {
                body(.custom, CustomValue(slot: index + 1, attribute: attribute, value: value).name)
            }
        }
    }

    /// A step of a work item; nil when the event is none.
    package func taskStep(_ event: ProjectedEvent, _ keys: inout DimensionKeys) -> TaskStep? {
        guard event.kind.hasPrefix("workitem."), let item = UUID(dashedText: event.subject) else { return nil }
        let data = event.data
        guard let to = data["to"]?.stringValue.flatMap(WorkItemStatus.init) else { return nil }
        // An action of a later release is a change that counts nothing of its own.
        let action = WorkItemAction(rawValue: String(event.kind.dropFirst(9))) ?? .reprioritise
        let at = event.at.milliseconds
        var step = TaskStep(
            position: event.position, at: at, item: item, revision: event.revision, action: action, from: nil, to: to)
        step.eventType = keys.key(.eventType, event.kind, at: at)
        var category: String?
        var channel: String?
        var source = ""
        for (key, value) in data.members {
            switch Self.members[key] {
            case .from: step.from = value.stringValue.flatMap(WorkItemStatus.init)
            case .via: step.via = value.stringValue.flatMap(WorkItemStatus.init)
            case .heldFrom: step.heldFrom = value.stringValue.flatMap(WorkItemStatus.init)
            case .actor:
                step.actorKind = value["kind"]?.stringValue ?? ""
                step.actor = value["id"]?.stringValue ?? ""
            case .agent: step.agent = keys.key(.agent, value.stringValue, at: at)
            case .category:
                category = value.stringValue
                step.category = keys.key(.category, category, at: at)
            case .endpoint: step.queue = keys.key(.queue, value.stringValue, at: at)
            case .source:
                source = value.stringValue ?? ""
                step.source = keys.key(.source, source, at: at)
            case .channel:
                channel = value.stringValue
                step.channel = keys.key(.channel, channel, at: at)
            case .priority: step.priority = value.numberValue
            case .age: step.age = value.numberValue.map { Int64(($0 * 1000).rounded()) }
            case .anchor: step.anchor = value.integerValue
            case .activation: step.activation = Self.instant(value)
            case .due: step.due = Self.instant(value)
            case .deadline: step.deadline = Self.instant(value)
            case .weight: step.weight = value.integerValue.flatMap { Int32(exactly: $0) } ?? 1
            case .workbin: step.workbin = value.stringValue
            case .reason: step.reason = value.stringValue
            case .result: step.resultCode = keys.key(.resultCode, Self.resultCode(value), at: at)
            case .configurationVersion:
                step.configurationVersion = value.integerValue.flatMap { Int32(exactly: $0) } ?? 0
            case .captureId: step.captureId = value.stringValue ?? ""
            case nil: break
            }
        }
        step.calendar = settings.calendar(of: category, in: step.configurationVersion)
        if let attributes = data["attributes"]?.objectValue {
            step.content = content(attributes, data, isEmail: channel == "email" || source == "email", &keys, at: at)
        }
        return step
    }

    private func content(
        _ attributes: JSONObject, _ data: JSONObject, isEmail: Bool, _ keys: inout DimensionKeys, at: Int64
    ) -> TaskContent {
        let mapping = settings.mart.attributes
        var content = TaskContent()
        content.isEmpty = attributes.isEmpty
        let mediaType = text(attributes, mapping.mediaType) ?? (isEmail ? "email" : "workitem")
        content.mediaType = keys.key(.mediaType, mediaType, at: at)
        content.segment = keys.key(.segment, text(attributes, mapping.segment), at: at)
        content.product = keys.key(.product, text(attributes, mapping.product), at: at)
        content.customer = keys.key(.customer, text(attributes, mapping.customer), at: at)
        content.businessValue = data["businessValue"]?.numberValue
        content.custom = settings.mart.custom.enumerated().map { index, attribute in
            guard let value = text(attributes, attribute) else { return 0 }
            return keys.key(.custom, CustomValue(slot: index + 1, attribute: attribute, value: value).name, at: at)
        }
        return content
    }

    /// An attribute as the name of a dimension's row; a list is its elements with commas between them.
    private func text(_ attributes: JSONObject, _ name: String?) -> String? {
        guard let name, let value = attributes[name] else { return nil }
        let text = Self.text(value)
        return text.isEmpty ? nil : text
    }

    private static func text(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): text
        case .bool, .integer, .number: value.text
        case .array(let elements): elements.map(text).joined(separator: ", ")
        case .null, .object: ""
        }
    }

    /// A result that is a short text, or an object's `code`, is a result code; what else there may be is `(other)`.
    private static func resultCode(_ value: JSONValue) -> String? {
        if value.isNull { return nil }
        guard let text = value.stringValue ?? value["code"].map(text), !text.isEmpty, text.utf8.count <= 64 else {
            return "(other)"
        }
        return text
    }

    private static func instant(_ value: JSONValue) -> Int64? {
        value.stringValue.flatMap { Instant(rfc3339: $0)?.milliseconds }
    }

    private enum Member {
        case from, via, heldFrom, actor, agent, category, endpoint, source, channel, priority, age, anchor, activation
        case due, deadline, weight, workbin, reason, result, configurationVersion, captureId
    }

    private static let members: [String: Member] = [
        "from": .from, "via": .via, "heldFrom": .heldFrom, "actor": .actor, "agent": .agent, "category": .category,
        "endpoint": .endpoint, "sourceName": .source, "channel": .channel, "priority": .priority, "age": .age,
        "anchor": .anchor, "activation": .activation, "due": .due, "deadline": .deadline, "weight": .weight,
        "workbin": .workbin, "reason": .reason, "result": .result, "configurationVersion": .configurationVersion,
        "captureId": .captureId,
    ]
}

extension ReadSteps {
    /// A step of an agent; nil when the event is none.
    package func agentStep(_ event: ProjectedEvent, _ keys: inout DimensionKeys) -> AgentStep? {
        guard event.kind == "agent.state", let agent = event.data["agent"]?.stringValue else { return nil }
        return AgentStep(
            position: event.position, at: event.at.milliseconds,
            agent: keys.key(.agent, agent, at: event.at.milliseconds), revision: event.revision,
            from: event.data["from"]?.stringValue ?? "", to: event.data["to"]?.stringValue ?? "",
            actorKind: event.data["actor"]?["kind"]?.stringValue ?? "",
            actor: event.data["actor"]?["id"]?.stringValue ?? "", reason: event.data["reason"]?.stringValue)
    }

    /// A step of a message; nil when the event is none.
    package func emailStep(_ event: ProjectedEvent, _ keys: inout DimensionKeys) -> EmailStep? {
        guard event.kind.hasPrefix("email."), let email = UUID(dashedText: event.subject),
            let to = event.data["to"]?.stringValue.flatMap(EmailState.init)
        else { return nil }
        return EmailStep(
            position: event.position, at: event.at.milliseconds, email: email, revision: event.revision,
            item: event.data["workItemId"]?.stringValue.flatMap { UUID(dashedText: $0) },
            outgoing: event.data["direction"]?.stringValue == "out",
            mailbox: keys.key(.mailbox, event.data["mailbox"]?.stringValue, at: event.at.milliseconds),
            from: event.data["from"]?.stringValue.flatMap(EmailState.init), to: to,
            actorKind: event.data["actor"]?["kind"]?.stringValue ?? "",
            actor: event.data["actor"]?["id"]?.stringValue ?? "",
            attempt: event.data["attempt"]?.integerValue.flatMap { Int32(exactly: $0) },
            automatic: event.data["automatic"]?.boolValue ?? false, reason: event.data["reason"]?.stringValue)
    }
}

extension ReadSteps {
    /// Items of which a customer's data is to go although core has them no longer; none when the event is no such one.
    /// - Returns: `isFormer` is true of items that were another's, or nobody's, in the end.
    package func goneItems(_ event: ProjectedEvent) -> [(item: UUID, isFormer: Bool)] {
        guard event.kind == "workitems.erase" else { return [] }
        func items(_ member: String) -> [UUID] {
            (event.data[member]?.arrayValue ?? []).compactMap { $0.stringValue.flatMap { UUID(uuidString: $0) } }
        }
        return items("workItemIds").map { ($0, false) } + items("formerWorkItemIds").map { ($0, true) }
    }
}

/// A value of a custom attribute, as one name. The value is cut as names of dimensions are, by itself.
package struct CustomValue: Sendable, Hashable {
    package let slot: Int
    package let attribute: String
    package let value: String

    package init(slot: Int, attribute: String, value: String) {
        self.slot = slot
        self.attribute = attribute
        self.value = DimensionKeys.cut(value)
    }

    /// Slot, attribute and value; no text that core takes has the character between them.
    package var name: String { "\(slot)\u{0}\(attribute)\u{0}\(value)" }

    package init?(name: String) {
        let parts = name.split(separator: "\u{0}", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let slot = Int(parts[0]) else { return nil }
        self.init(slot: slot, attribute: String(parts[1]), value: String(parts[2]))
    }
}
