/// Why a calendar could not be compiled or read.
public enum CalendarError: Error, Sendable, Hashable {
    /// The IANA name of the time zone is not known here.
    case unknownTimeZone(String)
    /// There is no opening of any length in the compiled range.
    case neverOpens
    /// The range to compile is empty, longer than ``CalendarDefinition/longestRange`` or out of reach.
    case invalidRange
    /// The bytes are not a serialised calendar of a version known here.
    case malformedBytes
}

extension CalendarError: CustomStringConvertible {
    /// What is wrong and what to do about it.
    public var description: String {
        switch self {
        case .unknownTimeZone(let name):
            "unknown time zone \"\(name)\": use an IANA name such as Europe/Stockholm"
        case .neverOpens:
            "the calendar never opens: give it at least one opening longer than zero that is not on a closed date"
        case .invalidRange:
            "the range to compile must be longer than zero and at most 400 years"
        case .malformedBytes:
            "not a compiled calendar of this version: compile it again from its definition"
        }
    }
}
