import Crypto
import Domain
import Foundation
import Hummingbird
import ServiceKit

/// Actions on work items, by id and by the source's own number.
extension CoreAPI {
    /// The actions that have an address of their own, and stand in a bulk.
    static let actions: [WorkItemAction] = [
        .hold, .resume, .cancel, .complete, .restart, .activate, .assign, .transfer, .park,
    ]

    func workItemActions(_ routes: inout Routes) {
        for path in ["/workitems/{id}", "/workitems/by-capture/{source}/{captureId}"] {
            for action in Self.actions {
                let access = RouteAccess.roles(WorkItemRights.roles(for: action))
                routes.post("\(path)/\(action.rawValue)", access: access) { request in
                    let runtime = try await runtime(for: request)
                    let body = try await request.jsonIfPresent()
                    let operation = try Self.operation(action, body, runtime.snapshot)
                    return try await change(request, runtime, reference(request, runtime), operation, body: body)
                }
            }
            // Out of a workbin, by the agent or for one; and back to the queue, by a supervisor.
            routes.post("\(path)/take", access: .roles(WorkItemRights.roles(for: .unpark))) { request in
                let runtime = try await runtime(for: request)
                let body = try await request.objectIfPresent()
                try body.refuseMembers(otherThan: ["agent"])
                let agent = try actingAgent(request, body, runtime)
                return try await change(
                    request, runtime, reference(request, runtime), .unpark(agent: agent), body: .object(body))
            }
            routes.post("\(path)/takeback", access: .roles(WorkItemRights.roles(for: .takeBack))) { request in
                let runtime = try await runtime(for: request)
                let body = try await request.jsonIfPresent()
                guard case .hold(let reason) = try Self.operation(.hold, body, runtime.snapshot) else {
                    throw Self.noSuchItem
                }
                return try await change(
                    request, runtime, reference(request, runtime), .takeBack(reason: reason), body: body)
            }
        }
    }

    static func operation(
        _ action: WorkItemAction, _ body: JSONValue?, _ snapshot: TenantSnapshot
    ) throws -> WorkItemOperation {
        do {
            return try WorkItemOperation(try WorkItemCommand(action: action, body: body), in: snapshot)
        } catch let problems as BodyProblems {
            throw problems.problem
        } catch let refusal as Refusal {
            throw refusal.problem
        }
    }

    /// Performs an operation for a caller and answers with the item.
    func change(
        _ request: APIRequest, _ runtime: TenantRuntime, _ reference: WorkItemReference, _ operation: WorkItemOperation,
        body: JSONValue?
    ) async throws -> Response {
        let principal = try request.principal
        var change = ChangeRequest(reference: reference, command: operation, actor: try Actor(request))
        try restrict(&change, to: principal, runtime)
        change.likelyAgent = change.requiredAgent?.id
        change.answerKey = try Self.answerKey(request, principal, body)
        if case .revisions(let revisions)? = try request.ifMatch { change.revisions = revisions }
        switch try await runtime.changes.submit(change) {
        case .changed(let change): return itemResponse(change.after, runtime)
        case .unchanged(let item): return itemResponse(item, runtime)
        case .refused(let refusal): throw refusal.problem
        case .repeated(let answer): return answer.response
        }
    }

    /// A source sees its own items only, an agent those that are the agent's; supervisors see all.
    func restrict(_ change: inout ChangeRequest, to principal: Principal, _ runtime: TenantRuntime) throws {
        try change.restrict(to: principal, in: runtime.snapshot)
    }

    /// The agent that the credential stands for.
    func agent(of principal: Principal, _ runtime: TenantRuntime) throws -> AgentSettings {
        try runtime.snapshot.agent(of: principal)
    }

    /// The agent for whom something is done: named in the body by a supervisor, else the caller.
    func actingAgent(_ request: APIRequest, _ body: JSONObject, _ runtime: TenantRuntime) throws -> Int32 {
        let principal = try request.principal
        guard let value = body["agent"] else { return try agent(of: principal, runtime).id }
        guard let agent = value.stringValue.flatMap({ runtime.snapshot.agent(named: $0) })
        else {
            throw Problem.unprocessable(
                "The configuration has no such agent.", errors: [.init(path: "/agent", message: "must name an agent")])
        }
        try principal.requireAgent(agent.key)
        return agent.id
    }

    /// `Idempotency-Key`: the same caller's same request gets the same answer for 7 days.
    static func answerKey(_ request: APIRequest, _ principal: Principal, _ body: JSONValue?) throws -> AnswerKey? {
        try answerKey(request, principal, bytes: body?.canonical().bytes ?? [])
    }

    static func answerKey(_ request: APIRequest, _ principal: Principal, bytes: [UInt8]) throws -> AnswerKey? {
        guard let key = try request.idempotencyKey else { return nil }
        var hash = SHA256()
        hash.update(data: Array("\(request.method.rawValue) \(request.raw.uri.path)\u{0}".utf8))
        hash.update(data: bytes)
        return AnswerKey(
            source: "http:\(principal.keyID ?? principal.subject)", key: key, digest: Array(hash.finalize()))
    }
}

extension Actor {
    /// Whoever sent a request, with its trace context.
    init(_ request: APIRequest) throws {
        self.init(try request.principal)
        trace = request.trace.description
    }

    /// Whoever a credential stands for.
    init(_ principal: Principal) {
        if let agent = principal.agent {
            self.init(.agent, agent)
        } else if let source = principal.source {
            self.init(.source, source)
        } else {
            self.init(.user, principal.subject)
        }
    }
}
