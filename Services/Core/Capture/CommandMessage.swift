import Crypto
import Domain
import Foundation
import Messaging

/// A message of a command topic, read as far as it can be read.
struct CommandMessage: Sendable {
    /// What a topic of its own says about its messages; nil for the shared topic, where each message says it itself.
    struct Binding: Sendable, Hashable {
        var tenant: String
        var source: String
    }
    enum Content: Sendable {
        case command(CloudEventEnvelope)
        /// Goes to the dead letters with this reason.
        case malformed(Malformed)
    }
    struct Malformed: Sendable {
        var reason: String
        var problems: [BodyProblem] = []
        var tenant: String?
        var source: String?
        var eventId: String?
        var captureId: String?
    }

    let message: IncomingMessage
    let content: Content

    init(_ message: IncomingMessage, binding: Binding?) {
        self.message = message
        content = Self.read(message.value, binding: binding)
    }

    static func read(_ bytes: [UInt8], binding: Binding?) -> Content {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            return .malformed(
                Malformed(reason: "not acceptable as JSON: \(error)", tenant: binding?.tenant, source: binding?.source))
        }
        let address = CloudEventEnvelope.address(of: value)
        func malformed(_ reason: String, _ problems: [BodyProblem] = []) -> Content {
            .malformed(
                Malformed(
                    reason: reason, problems: problems, tenant: binding?.tenant ?? address.tenant,
                    source: binding?.source ?? address.source, eventId: address.id, captureId: address.captureId))
        }
        do {
            var envelope = try CloudEventEnvelope(event: value, tenantRequired: binding == nil)
            if let binding {
                // The topic decides; a message that says otherwise is a mistake of its sender, or worse.
                if let tenant = envelope.tenant, tenant != binding.tenant {
                    return malformed("this topic belongs to another tenant than the message names")
                }
                envelope.tenant = binding.tenant
                envelope.source = binding.source
            }
            return .command(envelope)
        } catch {
            return malformed("not a command", error.problems)
        }
    }

    /// SHA-256 over what identifies a command's content: a repeat under the same event id must be the same command.
    static func digest(of envelope: CloudEventEnvelope) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: Array("\(envelope.action.rawValue)\u{0}\(envelope.captureId)\u{0}".utf8))
        hash.update(data: SubmitCommand.content(of: envelope.data))
        return Array(hash.finalize())
    }
}
