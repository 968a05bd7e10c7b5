/// Asks the address guard, then connects.
struct OpenConnection {
    let server: MailServer
    let credentials: MailCredentials?
    let patience: MailPatience
    var clientName = "localhost"

    func imap() async throws(EmailAccessError) -> CurlConnection { try await open(.imap) }

    func smtp() async throws(EmailAccessError) -> CurlConnection { try await open(.smtp) }

    private func open(_ service: CurlRequest.Service) async throws(EmailAccessError) -> CurlConnection {
        let address: String
        do {
            address = try await server.address(server.host, server.port)
        } catch {
            throw EmailAccessError(.addressRefused, "\(error)")
        }
        guard !Task.isCancelled else { throw EmailAccessError(.closed, "Connecting was cancelled.") }
        return try await CurlConnection.open(
            CurlRequest(
                service: service, server: server, address: address, credentials: credentials,
                connecting: patience.connecting, clientName: clientName))
    }
}
