import ArgumentParser
import Domain

/// `millrace rebuild`
struct Rebuild: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild",
        abstract: "Build the data mart, or the search index, anew; the present one serves meanwhile.",
        discussion:
            """
            What the feed no longer holds cannot come back: where the mart knows more than that, it is refused. Progress: \
            millrace_projection_position and GET /datamart/rebuild.
            """
    )

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "The search server's index instead of the mart.") var search = false
    @Flag(help: "Build the mart anew though the feed no longer holds all that the mart knows.") var losingHistory =
        false

    func validate() throws {
        if search, losingHistory { throw ValidationError("--losing-history is of the mart: an index has no history.") }
    }

    func perform() async throws {
        let client = try search ? connection.connect() : connection.connectReports()
        let mart = "/datamart/rebuild" + (losingHistory ? "?losingHistory=true" : "")
        let answer = try await client.send(.POST, search ? "/search/rebuild" : mart)
        guard answer.isSuccess else { throw ProblemText.failure(of: answer, address: client.address) }
        if output.json { return Terminal.line(String(decoding: answer.bytes, as: UTF8.self)) }
        Terminal.line(
            search
                ? "The index will be built anew; the present one serves until then."
                : "The mart will be built anew; the present tables serve until then.")
    }
}
