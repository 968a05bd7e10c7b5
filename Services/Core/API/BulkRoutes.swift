import Domain
import Foundation
import Hummingbird
import ServiceKit

/// One action on many items, each answered by itself.
extension CoreAPI {
    private static let most = 1000

    func bulk(_ routes: inout Routes) {
        routes.post("/workitems/bulk", access: .anyOf(.source, .supervisor)) { request in
            try await performBulk(request)
        }
    }

    /// `{"action": "hold", "ids": […], "body": {…}}`
    private func performBulk(_ request: APIRequest) async throws -> Response {
        let runtime = try await runtime(for: request)
        let principal = try request.principal
        let body = try await request.object()
        let (action, ids) = try Self.read(body)
        try principal.require(anyOf: WorkItemRights.roles(for: action))
        let operation: WorkItemOperation
        if action == .update {
            do {
                operation = .update(try UpdateCommand(body: body["body"] ?? .object([:])))
            } catch { throw error.problem }
        } else {
            operation = try Self.operation(action, body["body"], runtime.snapshot)
        }
        let key = try Self.answerKey(request, principal, .object(body))
        let requests = try ids.enumerated().map { index, id in
            var change = ChangeRequest(reference: .id(id), command: operation, actor: try Actor(request))
            try restrict(&change, to: principal, runtime)
            change.answerKey = key.map {
                AnswerKey(source: $0.source, key: "\($0.key)/\(index)", digest: $0.digest)
            }
            return change
        }
        let results = await runtime.changes.submit(all: requests)
        let now = Instant.now
        var writer = JSONWriter(capacity: 1200 * ids.count)
        writer.object { json in
            json.array("items") { list in
                for (id, result) in zip(ids, results) {
                    list.object { entry in
                        entry.member("id", id.dashedText)
                        switch result {
                        case .success(let outcome):
                            let answer = WorkItemAnswer.stored(for: outcome, in: runtime.snapshot, at: now)
                            entry.member("status", answer.status)
                            entry.member(answer.status < 300 ? "workItem" : "problem", json: answer.body.utf8)
                        case .failure(let error):
                            let problem = Self.problem(of: error) ?? .internalError
                            entry.member("status", problem.status)
                            entry.member("problem", json: problem.document(instance: ""))
                        }
                    }
                }
            }
            json.nullMember("next")
        }
        return .json(bytes: writer.bytes)
    }

    private static func read(_ body: JSONObject) throws -> (WorkItemAction, [UUID]) {
        var errors: [Problem.FieldError] = []
        for key in body.keys where !["action", "ids", "body"].contains(key) {
            errors.append(.init(path: "/\(key)", message: "unknown; known are action, ids, body"))
        }
        let names = (actions + [.update]).map(\.rawValue)
        let action = body["action"]?.stringValue.flatMap { name in
            names.contains(name) ? WorkItemAction(rawValue: name) : nil
        }
        if action == nil {
            errors.append(.init(path: "/action", message: "must be one of \(names.joined(separator: ", "))"))
        }
        let listed = body["ids"]?.arrayValue ?? []
        if listed.isEmpty || listed.count > most {
            errors.append(.init(path: "/ids", message: "must be a list of 1 to \(most) ids"))
        }
        var ids: [UUID] = []
        for (index, value) in listed.enumerated() {
            if let id = value.stringValue.flatMap({ UUID(anyText: $0) }) {
                ids.append(id)
            } else {
                errors.append(.init(path: "/ids/\(index)", message: "must be the id of a work item"))
            }
        }
        guard errors.isEmpty, let action else {
            throw Problem.unprocessable("The body is not what was expected.", errors: errors)
        }
        return (action, ids)
    }
}
