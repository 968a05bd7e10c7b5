import ArgumentParser
import Domain

/// `millrace rebuild`
struct Rebuild: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild", abstract: "Build the data mart anew from the feed; the present tables serve meanwhile.",
        discussion:
            "What the feed no longer holds cannot come back. Progress: millrace_projection_position and GET /datamart/rebuild."
    )

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func perform() async throws {
        let client = try connection.connectReports()
        let answer = try await client.send(.POST, "/datamart/rebuild")
        guard answer.isSuccess else { throw ProblemText.failure(of: answer, address: client.address) }
        if output.json { return Terminal.line(String(decoding: answer.bytes, as: UTF8.self)) }
        Terminal.line("The mart will be built anew; the present tables serve until then.")
    }
}
