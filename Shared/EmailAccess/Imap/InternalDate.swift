/// The date and time of RFC 3501 `date-time`: `17-Jul-1996 02:44:25 -0700`.
package enum InternalDate {
    private static let months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]

    /// Milliseconds since 1970; nil when it is not such a date.
    package static func milliseconds(_ text: String) -> Int64? {
        let parts = text.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 3 else { return nil }
        let date = parts[0].split(separator: "-")
        let time = parts[1].split(separator: ":")
        let zone = Array(parts[2].utf8)
        guard date.count == 3, time.count == 3, zone.count == 5, let day = Int64(date[0]), let year = Int64(date[2]),
            let month = months.firstIndex(of: date[1].uppercased()), let hour = Int64(time[0]),
            let minute = Int64(time[1]), let second = Int64(time[2]), (1...31).contains(day), (1...9999).contains(year),
            (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second),
            let offset = Int64(parts[2].dropFirst()), zone[0] == UInt8(ascii: "+") || zone[0] == UInt8(ascii: "-")
        else { return nil }
        let seconds = days(year: year, month: Int64(month) + 1, day: day) * 86400 + hour * 3600 + minute * 60 + second
        let shift = (offset / 100 * 60 + offset % 100) * 60
        return (seconds - (zone[0] == UInt8(ascii: "-") ? -shift : shift)) * 1000
    }

    /// `17-Jul-1996`, in UTC, for SEARCH SINCE.
    package static func day(_ milliseconds: Int64) -> String {
        let (year, month, day) = civil(days: milliseconds.floored(by: 86_400_000))
        let name = months[Int(month) - 1]
        return "\(day)-\(name.prefix(1))\(name.dropFirst().lowercased())-\(year)"
    }

    /// Days since 1970 of a date of the Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms").
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = year.floored(by: 400)
        let ofEra = year - era * 400
        let ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
    }

    private static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted.floored(by: 146_097)
        let ofEra = shifted - era * 146_097
        let year = (ofEra - ofEra / 1460 + ofEra / 36524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * year + year / 4 - year / 100)
        let index = (5 * ofYear + 2) / 153
        let month = index < 10 ? index + 3 : index - 9
        return (year + era * 400 + (month <= 2 ? 1 : 0), month, ofYear - (153 * index + 2) / 5 + 1)
    }
}

extension Int64 {
    fileprivate func floored(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
