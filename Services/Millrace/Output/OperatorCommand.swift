import ArgumentParser
import Foundation

/// An operator's command: it does its work in `perform`, and what it throws becomes a line on standard error that says
/// what to do, with an exit code that scripts can tell apart.
protocol OperatorCommand: AsyncParsableCommand {
    func perform() async throws
}

extension OperatorCommand {
    func run() async throws {
        // A reader that went away (`| head`) shows as a failed write instead of ending the process silently.
        signal(SIGPIPE, SIG_IGN)
        do {
            try await perform()
        } catch let failure as CommandFailure {
            Terminal.complain(failure.message)
            throw ExitCode(failure.code.rawValue)
        } catch is CancellationError {
            throw ExitCode(CommandFailure.Code.interrupted.rawValue)
        }
    }
}

/// Why a command did not do what was asked, in words for a person, with an exit code.
struct CommandFailure: Error, Sendable, CustomStringConvertible {
    /// Exit codes: 1 for what was refused or lost, the others as in `sysexits.h`.
    enum Code: Int32, Sendable {
        case refused = 1
        case usage = 64
        case badInput = 65
        case noInput = 66
        case unavailable = 69
        case cannotWrite = 73
        case notPermitted = 77
        case badConfiguration = 78
        case interrupted = 130
    }

    var code: Code
    var message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    var description: String { message }
}
