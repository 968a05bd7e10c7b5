/// What the lane store could not do.
package struct LaneError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// The moment lacks B(t) of a calendar version that a lane uses: load that calendar and call again.
        case unknownCalendar(Int32)
        /// Neither Redis nor this store knows the curve of a schema version that a lane uses: put it and call again.
        case unknownCurve(Int32)
        /// Redis answered something that the scripts never answer.
        case unexpectedReply
        /// Redis refused a script.
        case scriptFailed
    }

    package let code: Code
    package let message: String

    /// Whether the same call can succeed later with nothing else done.
    package var canRetry: Bool {
        switch code {
        case .unknownCalendar, .unknownCurve: false
        case .unexpectedReply, .scriptFailed: true
        }
    }

    package var description: String { message }
}
