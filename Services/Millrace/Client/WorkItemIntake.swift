import Domain
import Foundation
import NIOCore

/// A way in for work items: REST or Kafka. A submit returns when Millrace has answered it, and not before.
protocol WorkItemIntake: Sendable {
    /// Hands an item in and repeats it until it is answered.
    /// - Parameter body: the body of `submit`, as JSON.
    func submit(captureId: String, body: [UInt8]) async throws -> IntakeAnswer
}

/// How Millrace answered a submit.
struct IntakeAnswer: Sendable, Hashable {
    /// As REST says it: 201 new, 200 known with the same content, 4xx refused.
    var status: Int
    /// The item's id, when there is one.
    var workItemId: String?
    /// Why it was refused; empty otherwise.
    var problem = ""

    var isAccepted: Bool { status < 300 }
}

/// Submits over REST.
struct RESTIntake: WorkItemIntake {
    let client: APIClient
    let source: String?

    func submit(captureId: String, body: [UInt8]) async throws -> IntakeAnswer {
        let path = "/workitems" + PercentEncoding.query(source.map { [("source", $0)] } ?? [])
        var pause = Duration.milliseconds(100)
        for attempt in 1... {
            do {
                let answer = try await client.send(.POST, path, body: body)
                switch answer.status {
                case 200, 201:
                    return IntakeAnswer(status: answer.status, workItemId: try answer.json()["id"]?.stringValue)
                case 401, 403: throw ProblemText.failure(of: answer, address: client.address)
                case 429, 502, 503, 504:
                    if let seconds = answer.headers.first(name: "Retry-After").flatMap(Int.init), seconds > 0 {
                        pause = .seconds(min(seconds, 30))
                    }
                default:
                    let problem = (try? answer.json()) ?? .null
                    return IntakeAnswer(
                        status: answer.status, problem: ProblemText.text(of: problem, status: answer.status))
                }
            } catch let failure as CommandFailure where failure.code == .unavailable {
                // The service may be starting again; a person who wants to stop presses Ctrl-C.
                if attempt >= 100 { throw failure }
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(5))
        }
        throw CancellationError()
    }
}
