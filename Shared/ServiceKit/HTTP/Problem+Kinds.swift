/// The problems that every service has, one constructor each.
extension Problem {
    /// 400: the request as a whole, or the places named, cannot be understood.
    public static func badRequest(
        _ detail: String, code: String = "invalid-request", errors: [FieldError] = []
    ) -> Problem {
        Problem(status: 400, code: code, title: "The request is not valid", detail: detail, errors: errors)
    }

    /// 400 for one named query parameter, header or field.
    public static func badRequest(at path: String, _ message: String) -> Problem {
        badRequest("\(path): \(message)", errors: [FieldError(path: path, message: message)])
    }

    /// 401: no credential, or one that does not hold. Carries `WWW-Authenticate`.
    /// - Parameter presented: false when the request had no credential at all (RFC 6750 then wants no error code).
    public static func unauthorized(_ detail: String, presented: Bool = true) -> Problem {
        let challenge = presented ? #"Bearer realm="millrace", error="invalid_token""# : #"Bearer realm="millrace""#
        return Problem(
            status: 401, code: "unauthorized", title: "A valid credential is needed", detail: detail,
            headers: [Header("WWW-Authenticate", challenge)])
    }

    /// 403: the credential holds, and does not cover this.
    public static func forbidden(_ detail: String) -> Problem {
        Problem(status: 403, code: "forbidden", title: "The credential does not cover this", detail: detail)
    }

    /// 404.
    public static func notFound(_ detail: String) -> Problem {
        Problem(status: 404, code: "not-found", title: "Not found", detail: detail)
    }

    /// 405 with `Allow`.
    public static func methodNotAllowed(_ method: String, allowed: [String]) -> Problem {
        let list = allowed.joined(separator: ", ")
        return Problem(
            status: 405, code: "method-not-allowed", title: "The method is not allowed here",
            detail: "\(method) is not supported at this address; use \(list).", headers: [Header("Allow", list)])
    }

    /// 409: the state of the thing does not allow it, or something else has that name.
    public static func conflict(_ detail: String, code: String = "conflict") -> Problem {
        Problem(status: 409, code: code, title: "The present state does not allow this", detail: detail)
    }

    /// 412: `If-Match` names another version.
    public static func preconditionFailed(_ detail: String) -> Problem {
        Problem(status: 412, code: "precondition-failed", title: "The version has changed", detail: detail)
    }

    /// 413. - Parameter limit: bytes.
    public static func contentTooLarge(limit: Int) -> Problem {
        Problem(
            status: 413, code: "content-too-large", title: "The body is too large",
            detail: "The body may have at most \(limit) bytes.", members: ["limit": .integer(Int64(limit))])
    }

    /// 415 with `Accept`.
    public static func unsupportedMediaType(_ received: String, accepted: String) -> Problem {
        Problem(
            status: 415, code: "unsupported-media-type", title: "The media type is not supported",
            detail: "Send the body as \(accepted), not as \(received).", headers: [Header("Accept", accepted)])
    }

    /// 422: understood, and refused for what it says.
    public static func unprocessable(_ detail: String, errors: [FieldError] = []) -> Problem {
        Problem(status: 422, code: "unprocessable", title: "The content is refused", detail: detail, errors: errors)
    }

    /// 428: this request needs `If-Match`.
    public static func preconditionRequired(_ detail: String) -> Problem {
        Problem(status: 428, code: "precondition-required", title: "The request must be conditional", detail: detail)
    }

    /// 429 with `Retry-After`. - Parameter retryAfter: seconds, at least 1 is sent.
    public static func tooManyRequests(_ detail: String, retryAfter: Int) -> Problem {
        Problem(
            status: 429, code: "too-many-requests", title: "The quota is used up", detail: detail,
            headers: [Header("Retry-After", String(max(1, retryAfter)))])
    }

    /// 500: says nothing about the cause; the log does, under the request id.
    public static let internalError = Problem(
        status: 500, code: "internal", title: "The service failed",
        detail:
            "The request failed inside the service. Repeat it; if it fails again, give the operator the instance below."
    )

    /// 503 with `Retry-After`: a dependency is down, or the service is stopping.
    public static func unavailable(_ detail: String, retryAfter: Int = 1) -> Problem {
        Problem(
            status: 503, code: "unavailable", title: "The service cannot answer now", detail: detail,
            headers: [Header("Retry-After", String(max(1, retryAfter)))])
    }
}
