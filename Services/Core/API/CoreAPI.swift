import Coordination
import Domain
import Foundation
import Hummingbird
import Messaging
import ServiceKit
import Storage

/// The HTTP interface of the core service, `/iwd/v3`: its routes by subject.
public struct CoreAPI: Sendable {
    let tenants: TenantDirectory
    let dependencies: CoreDependencies
    let keys: APIKeyStore
    let deadLetters: DeadLetters
    let cursor: PageCursor

    init(
        tenants: TenantDirectory, dependencies: CoreDependencies, keys: APIKeyStore, deadLetters: DeadLetters,
        cursor: PageCursor
    ) {
        self.tenants = tenants
        self.dependencies = dependencies
        self.keys = keys
        self.deadLetters = deadLetters
        self.cursor = cursor
    }

    /// Every route, in the order in which an integrator meets them.
    public var routes: Routes {
        var routes = Routes()
        routes.group("/iwd/v3") { routes in
            openAPI(&routes)
            workItems(&routes)
            workItemActions(&routes)
            bulk(&routes)
            agents(&routes)
            offers(&routes)
            queues(&routes)
            events(&routes)
            configuration(&routes)
            keys(&routes)
            deadLetters(&routes)
            customers(&routes)
            mailboxes(&routes)
            mailboxSecrets(&routes)
            mailboxConsent(&routes)
            mailService(&routes)
            contents(&routes)
            replies(&routes)
            emails(&routes)
            datamart(&routes)
            search(&routes)
            access(&routes)
        }
        return routes
    }

    /// What one tenant's requests work with.
    ///
    /// A tenant that was just made is looked for at once.
    /// - Throws: 503 when this instance does not meet the tenant within two seconds.
    func runtime(for request: APIRequest) async throws -> TenantRuntime {
        let principal = try request.principal
        for _ in 0..<40 {
            if let runtime = tenants.runtime(id: principal.tenant) { return runtime }
            if let version = tenants.unreadVersion(ofTenant: principal.tenant) {
                throw Problem.unavailable(
                    "Configuration \(version) of tenant \(principal.tenantName) cannot be read, so that it is not served.",
                    retryAfter: 10)
            }
            tenants.changed.raise()
            try await Task.sleep(for: .milliseconds(50))
        }
        throw Problem.unavailable("This instance does not serve tenant \(principal.tenantName) yet; try again.")
    }

    /// How errors of other modules look to a caller.
    public static func problem(of error: any Error) -> Problem? {
        switch error {
        case let error as StorageError where error.code == .poolExhausted || error.isRetryable:
            .unavailable("The database is not available or too busy; nothing was lost, try again.")
        case let error as StorageError where error.code == .commitUnknown:
            .unavailable("The database went away while it committed; send the same request again to learn its outcome.")
        case let error as StorageError where error.code == .staleTerm:
            .conflict("A newer term of the mailbox's lease exists; step down.", code: "staleTerm")
        case let error as StorageError where error.isRefusalOfContent: .unprocessable(error.refusal(of: "request"))
        case is CoordinationError: .unavailable("Redis is not available; try again.")
        case is MessagingError: .unavailable("Kafka is not available; try again.")
        case is CancellationError: .unavailable("The service is stopping; try again.")
        case let refusal as Refusal: refusal.problem
        case let problems as DocumentProblems: problems.problem
        default: nil
        }
    }
}

extension JSONObject {
    /// - Throws: 422 when there is a member that is not known here.
    func refuseMembers(otherThan known: [String]) throws(Problem) {
        let unknown = keys.filter { !known.contains($0) }
        guard !unknown.isEmpty else { return }
        let list = known.isEmpty ? "none is known here" : "known are \(known.joined(separator: ", "))"
        throw .unprocessable(
            "The body has unknown members.", errors: unknown.map { .init(path: "/\($0)", message: "unknown; \(list)") })
    }
}

extension Refusal {
    var problem: Problem {
        Problem(
            status: httpStatus, code: code.rawValue, title: code.title, detail: detail,
            errors: problems.map { Problem.FieldError(path: $0.path, message: $0.message) })
    }
}

extension DocumentProblems {
    /// 422 when the body is JSON but says something that cannot be.
    var problem: Problem {
        Problem.unprocessable(
            "The body is not what was expected.",
            errors: problems.map { Problem.FieldError(path: $0.path, message: $0.message) })
    }
}

extension StoredAnswer {
    var response: Response {
        if status == 204 { return .noContent }
        let bytes = Array(body.utf8)
        guard status < 300 else {
            return .bytes(bytes, contentType: "application/problem+json", status: .init(code: status))
        }
        // An item's revision or a configuration's version, as the first answer had it.
        let object = (try? JSONValue(parsing: bytes))?.objectValue
        let revision = (object?["revision"] ?? object?["version"])?.integerValue
        return .json(bytes: bytes, status: .init(code: status), etag: revision.map { EntityTag.of(revision: $0) })
    }
}
