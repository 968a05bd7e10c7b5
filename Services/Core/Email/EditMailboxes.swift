import Domain
import Foundation
import ServiceKit
import Storage

/// Changes one mailbox in the tenant's configuration document. The whole is validated and applied as a new version, so that
/// document and resource never tell two truths.
struct EditMailboxes: Sendable {
    let runtime: TenantRuntime
    let tenants: TenantDirectory
    let author: String
    /// The versions that the caller has read (`If-Match`); nil: whichever is in force.
    let expected: [Int64]?

    /// What an edit did to the list of mailboxes.
    struct Edit: Sendable {
        var mailboxes: [JSONValue]
        /// Where the mailbox stands now; nil when it is gone.
        var index: Int?
    }

    /// - Parameters:
    ///   - status: of the answer; 204 has no body.
    ///   - edit: throws ``Problem`` when there is no such mailbox, or one too many.
    /// - Throws: ``Problem`` 422 with paths below the mailbox, 412 when another version is in force than expected.
    func perform(
        _ key: AnswerKey?, status: Int, _ edit: @Sendable (_ mailboxes: [JSONValue]) throws -> Edit
    ) async throws -> StoredAnswer {
        let answers = KeptAnswers(runtime)
        if let known = try await answers.answer(to: key) { return known }
        for _ in 0..<5 {
            let snapshot = runtime.snapshot
            if let expected, !expected.contains(Int64(snapshot.version)) {
                throw Problem.preconditionFailed(
                    "Version \(snapshot.version) of the configuration is in force; read it and try again.")
            }
            guard var document = snapshot.configuration.document.objectValue else { break }
            let edited = try edit(document["mailboxes"]?.arrayValue ?? [])
            document["mailboxes"] = .array(edited.mailboxes)
            let configuration = try validated(.object(document), edited.index)
            do {
                return try await apply(configuration, edited, over: snapshot, key, status)
            } catch let refusal as Refusal {
                // Another edit came between: this one is made again on what is in force now.
                guard refusal.code == .revisionMismatch, expected == nil else { throw refusal }
                await tenants.readAgain()
            }
        }
        throw Problem.unavailable("The configuration is changed all the time; try again.")
    }

    private func validated(_ document: JSONValue, _ index: Int?) throws -> TenantConfiguration {
        switch TenantConfiguration.validate(document, now: .now) {
        case .success(let configuration): return configuration
        case .failure(let failure):
            let prefix = index.map { "/mailboxes/\($0)" } ?? "\u{0}"
            throw DocumentProblems(
                failure.problems.map {
                    BodyProblem(
                        path: $0.path.hasPrefix(prefix) ? String($0.path.dropFirst(prefix.count)) : $0.path,
                        message: $0.message)
                }
            ).problem
        }
    }

    private func apply(
        _ configuration: TenantConfiguration, _ edited: Edit, over snapshot: TenantSnapshot, _ key: AnswerKey?,
        _ status: Int
    ) async throws -> StoredAnswer {
        let pool = runtime.dependencies.pool
        let states = try await MailboxState.all(tenant: runtime.tenant, on: pool)
        let apply = ApplyConfiguration(pool: pool)
        let now = Instant.now
        let applied = try await KeptAnswers(runtime).once(key, at: now) { transaction in
            let version = try await apply.perform(
                configuration, tenant: runtime.tenant, expected: snapshot.version, by: author, on: transaction)
            guard let index = edited.index else { return (done: version, answer: .nothing) }
            let mailbox = configuration.mailboxes[index]
            // One that is made is a new one, whoever had its name before.
            let isMade = snapshot.configuration.mailbox(named: mailbox.name) == nil
            let state = (isMade ? nil : states[mailbox.name]) ?? MailboxState(at: now)
            return (done: version, answer: StoredAnswer(status) { state.write(mailbox, version: version, to: &$0) })
        }
        if let version = applied.done { try await tenants.take(version, of: runtime) }
        return applied.answer
    }
}
