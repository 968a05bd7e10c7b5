import Domain
import Foundation
import Hummingbird
import ServiceKit

/// Submitting, reading and changing work items.
extension CoreAPI {
    func workItems(_ routes: inout Routes) {
        routes.post("/workitems", access: .anyOf(.source)) { request in
            try await submit(request)
        }
        routes.get("/workitems", access: .anyOf(.reader, .supervisor, .source)) { request in
            try await list(request)
        }
        for path in ["/workitems/{id}", "/workitems/by-capture/{source}/{captureId}"] {
            routes.get(path, access: .anyOf(.reader, .supervisor, .agent, .source)) { request in
                let runtime = try await runtime(for: request)
                return try await itemResponse(item(request, runtime), runtime)
            }
            routes.patch(path, access: .roles(WorkItemRights.roles(for: .update))) { request in
                try await update(request)
            }
            routes.get(path + "/history", access: .anyOf(.reader, .supervisor, .agent, .source)) { request in
                try await history(request)
            }
            routes.get(path + "/explanation", access: .anyOf(.reader, .supervisor, .agent)) { request in
                try await explanation(request)
            }
        }
    }

    private func submit(_ request: APIRequest) async throws -> Response {
        let runtime = try await runtime(for: request)
        let source = try submittingSource(request, runtime)
        let body = try await request.json()
        let command: SubmitCommand
        do { command = try SubmitCommand(body: body) } catch { throw error.problem }
        if let retry = await runtime.quotas.refusal(source: source, in: runtime.snapshot, at: .now) {
            throw Problem.tooManyRequests("The quota of the source or tenant is used up.", retryAfter: retry)
        }
        let outcome = try await runtime.submitItem(
            command, source: source, content: body,
            actor: Actor(
                .source, runtime.snapshot.sources[source]?.name ?? "", trace: request.trace.description))
        switch outcome {
        case .created(let item):
            return itemResponse(item, runtime, status: .created, location: "/iwd/v3/workitems/\(item.id.dashedText)")
        case .existing(let item): return itemResponse(item, runtime)
        case .refused(let refusal): throw refusal.problem
        }
    }

    /// The source that a submit counts as: the credential's own; for others the one named by `source`, else the first
    /// of the configuration.
    private func submittingSource(_ request: APIRequest, _ runtime: TenantRuntime) throws -> Int32 {
        let snapshot = runtime.snapshot
        let query = try request.query
        try query.refuseOthers(than: "source")
        let asked = try query.string("source")
        let principal = try request.principal
        guard let name = asked ?? principal.source ?? snapshot.configuration.sources.first?.name else {
            throw Problem.conflict("The configuration has no source to submit as; add one under sources.")
        }
        try principal.requireSource(name)
        guard let id = snapshot.names.id(of: .source, name), snapshot.sources[id] != nil else {
            throw Problem.unprocessable(
                "The configuration has no source \(name).",
                errors: [.init(path: "source", message: "must name a source")])
        }
        return id
    }

    /// The item that the address names; a credential bound to a source sees that source's items only.
    func item(_ request: APIRequest, _ runtime: TenantRuntime) async throws -> WorkItem {
        let principal = try request.principal
        if !principal.has(.supervisor, .reader, .agent) { try principal.requireOwnSource() }
        guard let item = try await runtime.queries.item(try reference(request, runtime)) else { throw Self.noSuchItem }
        try checkSight(of: item, by: principal, runtime)
        return item
    }

    func checkSight(of item: WorkItem, by principal: Principal, _ runtime: TenantRuntime) throws {
        if let source = principal.source, !principal.has(.supervisor), !principal.has(.reader),
            runtime.snapshot.names.name(of: .source, item.source) != source
        {
            throw Self.noSuchItem
        }
    }

    static let noSuchItem = Problem.notFound("There is no such work item.")

    func reference(_ request: APIRequest, _ runtime: TenantRuntime) throws -> WorkItemReference {
        if let text = request.path["id"] {
            guard let id = UUID(anyText: text) else { throw Self.noSuchItem }
            return .id(id)
        }
        guard let source = runtime.snapshot.names.id(of: .source, try request.capture("source")) else {
            throw Self.noSuchItem
        }
        return .capture(CaptureKey(source: source, captureId: try request.capture("captureId")))
    }

    func itemResponse(
        _ item: WorkItem, _ runtime: TenantRuntime, status: HTTPResponse.Status = .ok, location: String? = nil
    ) -> Response {
        .json(
            bytes: WorkItemView(item: item, snapshot: runtime.snapshot, now: .now).bytes, status: status,
            etag: EntityTag.of(revision: Int64(item.revision)), location: location)
    }

    private func update(_ request: APIRequest) async throws -> Response {
        let runtime = try await runtime(for: request)
        _ = try request.requiredIfMatch
        let body = try await request.json()
        let update: UpdateCommand
        do { update = try UpdateCommand(body: body) } catch { throw error.problem }
        // The condition is judged on the locked row, after a repeat was given the answer that it had.
        let reference = try reference(request, runtime)
        return try await change(request, runtime, reference, .update(update), body: body)
    }
}
