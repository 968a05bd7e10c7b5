import Domain

/// What the API says when it refuses (RFC 9457), in words for a person.
enum ProblemText {
    /// `not-allowed: The item is completed.` with one line for each field that is wrong.
    static func text(of problem: JSONValue, status: Int) -> String {
        let detail = problem["detail"]?.stringValue ?? problem["title"]?.stringValue ?? "HTTP status \(status)"
        let errors = problem["errors"]?.arrayValue ?? []
        let lines = errors.map { error in
            let path = error["path"]?.stringValue ?? ""
            return "  \(path.isEmpty ? "(whole document)" : path): \(error["message"]?.stringValue ?? "")"
        }
        return ([detail] + lines).joined(separator: "\n")
    }

    static func failure(of answer: APIClient.Answer, address: APIAddress) -> CommandFailure {
        let problem = (try? answer.json()) ?? .null
        let said = text(of: problem, status: answer.status)
        switch answer.status {
        case 401:
            return CommandFailure(
                .notPermitted,
                "\(said)\nThe key is not known at \(address.origin). Run `make up` for new credentials, or give --key.")
        case 403:
            return CommandFailure(
                .notPermitted, "\(said)\nGive a key with the role that this needs (`millrace keys create`).")
        case 429, 503, 502, 504: return CommandFailure(.unavailable, "\(said)\nNothing was changed; try again.")
        case 400, 422: return CommandFailure(.badInput, said)
        default: return CommandFailure(.refused, said)
        }
    }
}
