import Domain
import EmailAccess
import Foundation

/// Tests the connections of a mailbox as a person asked: connects, signs in, opens the folder, and changes nothing.
struct TestConnections: Sendable {
    let mailbox: MailboxAssignment
    let dependencies: EmailDependencies

    /// `{"inbound": {"ok", "error"?}, "outbound": …}`, of the sides that the mailbox has.
    func run() async -> JSONObject {
        var result = JSONObject()
        guard mailbox.settings.kind == .generic else {
            let reason =
                "Mailboxes of kind \(mailbox.settings.kind.rawValue) are not served by this version of the email service."
            for (name, side) in [
                ("inbound", mailbox.settings.inbound != nil), ("outbound", mailbox.settings.outbound != nil),
            ] where side {
                result[name] = ["ok": false, "error": .string(reason)]
            }
            return result
        }
        if let inbound = mailbox.settings.inbound { result["inbound"] = await Self.outcome { try await read(inbound) } }
        if mailbox.settings.outbound != nil { result["outbound"] = await Self.outcome { try await send() } }
        return result
    }

    private func read(_ inbound: MailboxInbound) async throws {
        guard let server = inbound.server, let credentials = inbound.credentials else {
            throw MailboxProblem("The mailbox has no server to be read from.")
        }
        let session = try await ImapSession.open(
            dependencies.server(server), try await dependencies.credentials(credentials, of: mailbox),
            patience: Self.patience,
            spool: dependencies.spool)
        do {
            _ = try await session.select(inbound.folder, readOnly: true)
            await session.close()
        } catch {
            await session.close()
            throw error
        }
    }

    private func send() async throws {
        let sender = MailSender(mailbox: mailbox, dependencies: dependencies, logger: dependencies.logger)
        do {
            try await sender.connect()
            await sender.close()
        } catch {
            await sender.close()
            throw error
        }
    }

    private static func outcome(_ body: () async throws -> Void) async -> JSONValue {
        do {
            try await body()
            return ["ok": true]
        } catch let error as EmailAccessError {
            return ["ok": false, "error": .string(error.text)]
        } catch {
            return ["ok": false, "error": .string("\(error)")]
        }
    }

    /// A person waits.
    private static let patience: MailPatience = {
        var patience = MailPatience()
        patience.connecting = .seconds(15)
        patience.window = .seconds(15)
        return patience
    }()
}
