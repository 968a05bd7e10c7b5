import Foundation

/// Names of time zones that mean the same here and in PostgreSQL, where days and quarters of an hour are cut as well.
///
/// `GMT+2` is two hours east of Greenwich here and two hours west of it there, as POSIX has it; an abbreviation such as `EST`
/// is what a server's settings make of it. Names of the time zone database have an area before them; UTC has none.
public enum TimeZoneName {
    /// What is expected where a name is not known.
    public static let expected = "UTC or a name of the time zone database such as Europe/Stockholm"

    /// Whether it is such a name.
    public static func isKnown(_ name: String) -> Bool {
        if name == "UTC" { return true }
        // Zones of old systems are known here alone.
        guard name.unicodeScalars.contains("/"), !name.hasPrefix("SystemV/") else { return false }
        return TimeZone(identifier: name) != nil
    }
}
