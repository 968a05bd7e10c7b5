import Domain
import Foundation
import Storage

/// Events about items that are gone. Each tells of many, by their ids alone: no more is known of them.
enum GoneItemEvents {
    /// Retention took these items away, with their messages and words.
    static let remove = "workitems.remove"
    /// A customer's data is to go wherever facts of these items outlive them.
    static let erase = "workitems.erase"

    static func removed(_ items: [UUID]) -> StoredEvent {
        event(remove, Actor(.system, "retention")) { $0.member("workItemIds", items.map(\.dashedText)) }
    }

    static func erased(_ items: [PastItem], actor: Actor) -> StoredEvent {
        event(erase, actor) { data in
            data.member("workItemIds", items.filter { !$0.isFormer }.map(\.id.dashedText))
            data.member("formerWorkItemIds", items.filter(\.isFormer).map(\.id.dashedText))
        }
    }

    /// Its subject is nothing but the event itself.
    private static func event(_ kind: String, _ actor: Actor, _ body: (inout JSONWriter) -> Void) -> StoredEvent {
        var writer = JSONWriter(capacity: 512)
        writer.object { data in
            body(&data)
            data.object("actor") {
                $0.member("kind", actor.kind.rawValue)
                $0.member("id", actor.id)
            }
        }
        return StoredEvent(
            subject: UUIDv7.next(), revision: 1, kind: kind, source: nil, body: writer.text, explanation: nil,
            trace: actor.trace)
    }
}
