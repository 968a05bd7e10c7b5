import Glibc
import ServiceKit

/// What went wrong with the folder of contents. A retry helps as soon as an operator has mended it.
package struct ContentFolderError: Error, Sendable, Hashable, CustomStringConvertible, ProblemConvertible {
    /// The kind of failure.
    package enum Code: Sendable, Hashable {
        /// A content lies in a folder, and none is named.
        case notNamed
        /// A content's file is not there, or is not whole.
        case missing
        /// The folder of a tenant that has contents in it is not there.
        case away
        /// The disk has not answered for a while.
        case stuck
        /// There is no room.
        case full
        /// Anything else that the system says.
        case failed
    }

    package let code: Code
    /// What was tried; for the log.
    let attempt: String
    /// `errno`; 0 without one.
    let number: Int32

    private init(_ code: Code, _ attempt: String, _ number: Int32 = 0) {
        self.code = code
        self.attempt = attempt
        self.number = number
    }

    /// There is a file to be read or removed, and no folder.
    static let notNamed = ContentFolderError(.notNamed, "a content is in a folder")
    /// The row is there and the file is not.
    package static let missing = ContentFolderError(.missing, "a content's file is not there or not whole")

    /// An empty mount point looks like this.
    package static func away(_ place: String) -> ContentFolderError {
        let part = place.split(separator: "/").last ?? ""
        return ContentFolderError(
            .away, "the part \(part) of a tenant that has contents is not there; is its disk mounted?")
    }
    /// Nothing is asked of the disk before it has answered those who asked.
    package static let stuck = ContentFolderError(.stuck, "the disk does not answer")

    /// What the system has just said. To be made at once, before anything else can set `errno`.
    package static func system(_ attempt: String) -> ContentFolderError {
        let number = errno
        return ContentFolderError(number == ENOSPC || number == EDQUOT ? .full : .failed, attempt, number)
    }

    package var description: String {
        switch code {
        case .notNamed: "\(attempt), and MILLRACE_CONTENT_FOLDER names none"
        case .missing, .away, .stuck: attempt
        case .full, .failed: "\(attempt): \(String(cString: strerror(number)))"
        }
    }

    package var problem: Problem {
        switch code {
        case .notNamed:
            .unavailable(
                "The content lies in a folder that this instance does not know; the operator has to set MILLRACE_CONTENT_FOLDER.",
                retryAfter: 30)
        case .missing:
            .unavailable(
                "The content's file is not in the folder of contents; the operator has to put it back from a backup.",
                retryAfter: 30)
        case .away:
            .unavailable(
                "The folder of contents cannot be used now, it is away; nothing was lost, try again when it is back.",
                retryAfter: 5)
        case .stuck:
            .unavailable(
                "The folder of contents cannot be used now, its disk does not answer; nothing was lost, try again later.",
                retryAfter: 5)
        case .full:
            .unavailable(
                "The folder of contents is full; nothing was lost, try again when the operator has made room.",
                retryAfter: 30)
        case .failed:
            .unavailable(
                "The folder of contents cannot be used now; nothing was lost, try again when the operator has mended it.",
                retryAfter: 5)
        }
    }
}
