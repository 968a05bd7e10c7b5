import Domain
import Foundation
import Hummingbird
import ServiceKit

/// The tenant's configuration: one document, read, checked and applied as a whole.
extension CoreAPI {
    private static let mediaTypes = ["application/json", "application/yaml", "application/x-yaml", "text/yaml"]
    private static let bodyLimit = JSONLimits.configuration.bytes

    func configuration(_ routes: inout Routes) {
        routes.get("/configuration", access: .anyOf(.admin, .supervisor)) { request in
            let runtime = try await runtime(for: request)
            let query = try request.query
            try query.refuseOthers(than: "version")
            let snapshot = runtime.snapshot
            guard let version = try query.integer("version", in: 1...Int64(Int32.max)),
                version != Int64(snapshot.version)
            else {
                return .json(snapshot.configuration.document, etag: EntityTag.of(revision: Int64(snapshot.version)))
            }
            let store = ConfigurationStore(pool: dependencies.pool)
            guard let document = try await store.document(tenant: runtime.tenant, version: Int32(version)) else {
                throw Problem.notFound("There is no version \(version); version \(snapshot.version) is in force.")
            }
            return .json(document, etag: EntityTag.of(revision: version))
        }
        routes.put(
            "/configuration", access: .anyOf(.admin), bodyLimit: Self.bodyLimit, mediaTypes: Self.mediaTypes
        ) { request in
            try await apply(request)
        }
        routes.on(
            .post, "/configuration/validate", access: .anyOf(.admin), bodyLimit: Self.bodyLimit,
            mediaTypes: Self.mediaTypes
        ) { request in
            try await validate(request)
        }
    }

    private func apply(_ request: APIRequest) async throws -> Response {
        let runtime = try await runtime(for: request)
        let principal = try request.principal
        let body = try await request.body()
        let key = try Self.answerKey(request, principal, bytes: body)
        let answers = KeptAnswers(runtime)
        if let known = try await answers.answer(to: key) { return known.response }
        let configuration: TenantConfiguration
        do {
            configuration = try read(body, request, runtime)
            try await checkSecrets(configuration, runtime)
        } catch let problems as DocumentProblems {
            throw problems.problem
        }
        var expected: Int32?
        if case .revisions(let versions)? = try request.ifMatch {
            let present = runtime.snapshot.version
            guard versions.contains(Int64(present)) else {
                throw Problem.preconditionFailed("Version \(present) is in force; read it and apply again.")
            }
            expected = present
        }
        let changes = ConfigurationDifference.changes(from: runtime.snapshot.configuration, to: configuration)
        let apply = ApplyConfiguration(pool: dependencies.pool)
        let tenant = runtime.tenant
        let applied = try await answers.once(key, at: .now) { [expected] transaction in
            let version = try await apply.perform(
                configuration, tenant: tenant, expected: expected, by: principal.subject, on: transaction)
            let answer = StoredAnswer(200) { json in
                json.member("version", version)
                json.array("changes") { list in for change in changes { list.element(change.document) } }
            }
            return (done: version, answer: answer)
        }
        if let version = applied.done { try await tenants.take(version, of: runtime) }
        return applied.answer.response
    }

    private func validate(_ request: APIRequest) async throws -> Response {
        let runtime = try await runtime(for: request)
        var errors: [DocumentProblem] = []
        var changes: [ConfigurationChange] = []
        do {
            let configuration = try read(await request.body(), request, runtime)
            changes = ConfigurationDifference.changes(from: runtime.snapshot.configuration, to: configuration)
            try await checkSecrets(configuration, runtime)
            try await TopicClaims(of: configuration, tenant: runtime.tenant).check(on: dependencies.pool)
        } catch let problems as DocumentProblems {
            errors = problems.problems
        }
        return Response.json { json in
            json.member("valid", errors.isEmpty)
            json.member("version", runtime.snapshot.version)
            json.array("errors") { list in
                for error in errors {
                    list.object {
                        $0.member("path", error.path)
                        $0.member("message", error.message)
                    }
                }
            }
            json.array("changes") { list in for change in changes { list.element(change.document) } }
        }
    }

    /// Webhooks are signed with secrets that there are.
    private func checkSecrets(_ configuration: TenantConfiguration, _ runtime: TenantRuntime) async throws {
        let problems = try await WebhookSecrets(runtime).problems(of: configuration)
        if !problems.isEmpty { throw DocumentProblems(problems) }
    }

    /// The configuration in a request's body; it must be the caller's own tenant's.
    private func read(
        _ bytes: [UInt8], _ request: APIRequest, _ runtime: TenantRuntime
    ) throws -> TenantConfiguration {
        let isYAML = Self.mediaTypes.dropFirst().contains { request.isMediaType($0) }
        let document =
            isYAML ? try ConfigurationDocument.parse(yaml: bytes) : try ConfigurationDocument.parse(json: bytes)
        let configuration = try TenantConfiguration.validate(document, now: .now).get()
        guard configuration.tenant == runtime.name else {
            throw DocumentProblems(
                path: "/tenant", message: "Expected \(runtime.name), the tenant of the credential.")
        }
        return configuration
    }
}
