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
        if let inbound = mailbox.settings.inbound { result["inbound"] = await Self.outcome { try await read(inbound) } }
        if mailbox.settings.outbound != nil { result["outbound"] = await Self.outcome { try await send() } }
        return result
    }

    private func read(_ inbound: MailboxInbound) async throws {
        if let interface = inbound.api {
            return try await dependencies.connection(to: interface, of: mailbox, folder: inbound.folder).check()
        }
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
        let sender = dependencies.sender(of: mailbox, logger: dependencies.logger)
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
