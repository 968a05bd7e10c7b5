import Domain
import Foundation
import Hummingbird
import ServiceKit

/// Agents: their states, what they have, and the next item on demand.
extension CoreAPI {
    func agents(_ routes: inout Routes) {
        routes.get("/agents", access: .anyOf(.supervisor, .reader)) { request in
            try await agentList(request)
        }
        routes.get("/agents/{id}", access: .anyOf(.supervisor, .reader, .agent)) { request in
            let (runtime, agent) = try await subject(request, orReader: true)
            return try await agentResponse(agent, runtime)
        }
        routes.put("/agents/{id}/state", access: .anyOf(.agent, .supervisor)) { request in
            try await setState(request)
        }
        routes.post("/agents/{id}/heartbeat", access: .anyOf(.agent, .supervisor)) { request in
            let (runtime, agent) = try await subject(request)
            runtime.presence.note(agent)
            return .noContent
        }
        routes.post("/agents/{id}/next", access: .anyOf(.agent, .supervisor)) { request in
            try await next(request)
        }
        routes.get("/agents/{id}/workitems", access: .anyOf(.agent, .supervisor, .reader)) { request in
            try await workItemsOfAgent(request)
        }
    }

    /// The agent of the address; the caller must be it, a supervisor, or, where only looked at, a reader.
    func subject(_ request: APIRequest, orReader: Bool = false) async throws -> (TenantRuntime, Int32) {
        let runtime = try await runtime(for: request)
        let key = try request.capture("id")
        let principal = try request.principal
        if !(orReader && principal.has(.reader)) { try principal.requireAgent(key) }
        guard let id = runtime.snapshot.names.id(of: .agent, key), runtime.snapshot.agents[id] != nil else {
            throw Problem.notFound("The configuration has no agent \(key).")
        }
        return (runtime, id)
    }

    private func next(_ request: APIRequest) async throws -> Response {
        let (runtime, agent) = try await subject(request)
        let body = try await request.objectIfPresent()
        try body.refuseMembers(otherThan: [])
        runtime.presence.note(agent)
        let key = try Self.answerKey(request, request.principal, .object(body))
        let answers = KeptAnswers(runtime)
        return try await OneInTurn(runtime).perform(key) {
            try await answers.answer(to: key)?.response
        } _: {
            let outcome = try await runtime.pull(for: agent, answerKey: key)
            switch outcome {
            case .changed(let change)?: return itemResponse(change.after, runtime)
            case .repeated(let answer)?: return answer.response
            default: return try await answers.keep(.nothing, as: key).response
            }
        }
    }

    private func setState(_ request: APIRequest) async throws -> Response {
        let (runtime, agent) = try await subject(request)
        let body = try await request.object()
        guard let text = body["state"]?.stringValue, let state = AgentState(rawValue: text) else {
            throw Problem.unprocessable(
                "The state is not one that an agent can have.",
                errors: [.init(path: "/state", message: "must be ready, notReady or offline")])
        }
        try body.refuseMembers(otherThan: ["state", "reason"])
        let given = body["reason"].flatMap { $0.isNull ? nil : $0 }
        let reason = given?.stringValue
        guard given == nil || reason.map({ TextRule.reason.problem(with: $0) == nil }) == true else {
            throw Problem.unprocessable(
                "The reason is not one.",
                errors: [.init(path: "/reason", message: "must be a text of at most 2000 bytes")])
        }
        runtime.presence.note(agent)
        let key = try Self.answerKey(request, request.principal, .object(body))
        let snapshot = runtime.snapshot
        return try await AgentStates(runtime: runtime).set(
            state, of: agent, actor: try Actor(request), reason: reason, answerKey: key, at: .now
        ) { row in try answer(row, snapshot) }.response
    }

    private func agentResponse(_ agent: Int32, _ runtime: TenantRuntime) async throws -> Response {
        try answer(try await runtime.queries.agents([agent]).first, runtime.snapshot).response
    }

    private func answer(_ row: AgentRow?, _ snapshot: TenantSnapshot) throws(Problem) -> StoredAnswer {
        guard let row, let settings = snapshot.agents[row.id] else { throw Problem.notFound("There is no such agent.") }
        return StoredAnswer(200) { write(settings, row, snapshot, to: &$0) }
    }

    func write(
        _ agent: AgentSettings, _ row: AgentRow, _ snapshot: TenantSnapshot, to json: inout JSONWriter
    ) {
        json.member("id", agent.key)
        json.member("name", agent.name)
        json.member("state", row.state.rawValue)
        json.member("stateSince", row.stateSince)
        json.member("idleSince", row.idleSince)
        json.member("load", row.load)
        json.member("capacity", agent.capacity)
        json.member("skills", agent.skills.compactMap { snapshot.names.name(of: .skill, $0) })
        json.member("endpoints", agent.endpoints.compactMap { snapshot.names.name(of: .endpoint, $0) })
        json.member("groups", agent.groups)
    }
}
