import CCurl

/// Why libcurl made no connection, and what that means.
struct CurlFailure {
    let code: CURLcode
    /// The last SMTP reply code; 0: none.
    let status: Int
    /// What the server said.
    let lines: [String]

    /// The error for whoever asked.
    func error(for request: CurlRequest) -> EmailAccessError {
        let place = "\(request.server.host):\(request.server.port)"
        // Before it is cut: of a secret across the cut a part would be left.
        let line = lines.last.map { request.credentials?.redacted($0) ?? $0 } ?? ""
        let (kind, text) = meaning(place, String(line.prefix(300)))
        return EmailAccessError(kind, text)
    }

    private func meaning(_ place: String, _ lastLine: String) -> (EmailAccessError.Code, String) {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT:
            return (.unreachable, "No connection to \(place); check host, port and firewall.")
        case CURLE_OPERATION_TIMEDOUT:
            return (.timedOut, "\(place) took too long to connect and log in.")
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR:
            return (
                .wrongCertificate,
                "The certificate of \(place) is not trusted for that name; check the name or give the certificates to trust."
            )
        case CURLE_SSL_CACERT_BADFILE:
            return (.wrongCertificate, "The file of certificates to trust cannot be read.")
        case CURLE_SSL_CONNECT_ERROR:
            return (
                .tlsFailed, "\(place) does not speak TLS there, or no version that is safe; check port and security."
            )
        case CURLE_USE_SSL_FAILED:
            return (.tlsFailed, "\(place) offers no STARTTLS.")
        case CURLE_LOGIN_DENIED:
            return loginDenied(place, lastLine)
        case CURLE_ABORTED_BY_CALLBACK:
            return (.closed, "Connecting was cancelled.")
        case CURLE_WEIRD_SERVER_REPLY, CURLE_REMOTE_ACCESS_DENIED:
            return (.temporarilyRefused, "\(place) does not serve us now: \(lastLine)")
        default:
            return (.connectionLost, "The connection to \(place) broke while logging in. \(lastLine)")
        }
    }

    private func loginDenied(_ place: String, _ answer: String) -> (EmailAccessError.Code, String) {
        if (400..<500).contains(status) { return (.temporarilyRefused, "\(place) cannot log us in now: \(answer)") }
        let upper = answer.uppercased()
        if ["[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]"].contains(where: upper.contains) {
            return (.temporarilyRefused, "\(place) cannot log us in now: \(answer)")
        }
        let isRefusal = (500..<600).contains(status) || answer.split(separator: " ").dropFirst().first == "NO"
        guard isRefusal else { return (.credentialsRefused, CurlConnection.noMechanism) }
        return (.credentialsRefused, "\(place) refuses user or password: \(answer)")
    }
}
