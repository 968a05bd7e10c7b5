import Domain

/// Why a command had no effect. Each becomes a problem for the caller and an answer for the source.
package struct Refusal: Error, Sendable, Equatable {
    package enum Code: String, Sendable {
        case notFound = "not-found"
        case notAllowed = "not-allowed"
        case revisionMismatch = "revision-mismatch"
        case contentMismatch = "content-mismatch"
        case unknownReference = "unknown-reference"
        case overCapacity = "over-capacity"
        case unable = "agent-unable"
        case agentNotReady = "agent-not-ready"
        case offerGone = "offer-gone"
        case endpointFull = "endpoint-full"
        case invalid = "invalid"
        case quotaExceeded = "quota-exceeded"
        case unavailable = "unavailable"

        /// The same for every occurrence.
        var title: String {
            switch self {
            case .notFound: "Not found"
            case .notAllowed: "Not possible now"
            case .revisionMismatch: "Changed meanwhile"
            case .contentMismatch: "Other content under the same key"
            case .unknownReference: "Unknown name"
            case .overCapacity: "No capacity left"
            case .unable: "Agent cannot take it"
            case .agentNotReady: "Agent not ready"
            case .offerGone: "Offer gone"
            case .endpointFull: "Endpoint full"
            case .invalid: "Not valid"
            case .quotaExceeded: "Quota used up"
            case .unavailable: "The service cannot answer now"
            }
        }
    }
    package var code: Code
    package var detail: String
    package var problems: [BodyProblem] = []

    package init(_ code: Code, _ detail: String, problems: [BodyProblem] = []) {
        self.code = code
        self.detail = detail
        self.problems = problems
    }

    init(unknown what: String, at path: String) {
        self.init(
            .unknownReference, "The configuration has no \(what).",
            problems: [BodyProblem(path: path, message: "Expected a name of the configuration.")])
    }

    /// Whether the agent cannot take the item, and not the item be given.
    var concernsAgent: Bool { [.unknownReference, .overCapacity, .unable, .agentNotReady].contains(code) }

    /// The HTTP status that says the same.
    package var httpStatus: Int {
        switch code {
        case .notFound: 404
        case .revisionMismatch: 412
        case .invalid, .unknownReference: 422
        case .quotaExceeded: 429
        case .unavailable: 503
        case .notAllowed, .contentMismatch, .overCapacity, .unable, .agentNotReady, .offerGone, .endpointFull: 409
        }
    }
}
