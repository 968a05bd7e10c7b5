import Domain

/// Messages that a provider has taken and does not show among those sent yet: what Message-ID they have there is still to
/// be found out.
final class SentNames: Sendable {
    /// One of them.
    struct Unnamed: Sendable {
        let email: OutboundEmail
        let sought: SoughtEmail
        let reply: String
    }

    /// More wait at no time: who answers those that are left out is known by the token in the text.
    private static let greatest = 1000

    let waiting: AsyncStream<Unnamed>
    private let continuation: AsyncStream<Unnamed>.Continuation

    init() {
        (waiting, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(Self.greatest))
    }

    func add(_ unnamed: Unnamed) { continuation.yield(unnamed) }

    /// No more are added.
    func finish() { continuation.finish() }
}

extension SendQueue {
    /// Providers show a message among those sent some seconds after they took it.
    private static let pauses: [Duration] = [.milliseconds(200), .seconds(1), .seconds(3), .seconds(10), .seconds(30)]

    /// Asks once under which Message-ID a message went out. Providers may give it one of their own, by which answers and
    /// notifications refer to it.
    /// - Returns: that Message-ID; nil when it is not to be seen yet.
    func sentName(_ sought: SoughtEmail) async -> String? {
        guard case .found(let id)? = try? await sender.find(sought) else { return nil }
        return id
    }

    /// Finds out the names of messages that were sent. Until cancelled.
    func nameSent() async {
        for await unnamed in names.waiting {
            do {
                guard let name = try await nameLater(unnamed.sought) else {
                    logger.notice(
                        "a message that was sent is not to be seen among those sent",
                        metadata: ["email": "\(unnamed.email.id)"])
                    continue
                }
                guard name != unnamed.email.messageId else { continue }
                try await settle(unnamed.email, .sent, unnamed.reply, name: name, isRepeated: true)
            } catch is CancellationError {
                return
            } catch {
                logger.warning(
                    "the Message-ID that a message got could not be told",
                    metadata: ["email": "\(unnamed.email.id)", "error": "\(error)"])
            }
        }
    }

    private func nameLater(_ sought: SoughtEmail) async throws -> String? {
        for pause in Self.pauses {
            try await Task.sleep(for: pause)
            if let name = await sentName(sought) { return name }
        }
        return nil
    }

    /// Looks for a message of which nobody knows whether it went out.
    /// - Returns: the Message-ID under which it did; nil when it is not found.
    func findUncertain(_ sought: SoughtEmail) async -> String? {
        if let search = try? await sender.find(sought) {
            if case .found(let id) = search { return id }
            if search == .untold { return nil }
        }
        guard sender.showsLate else { return nil }
        for pause in Self.pauses.prefix(3) {
            try? await Task.sleep(for: pause)
            if case .found(let id)? = try? await sender.find(sought) { return id }
        }
        return nil
    }
}
