/// A day of the week, named as in a tenant's configuration.
public enum Weekday: String, Sendable, Hashable, CaseIterable {
    /// The days, from Monday on.
    case mon, tue, wed, thu, fri, sat, sun

    /// The day of the week of a date.
    public init(of date: CivilDate) {
        self = Weekday.allCases[date.weekday]
    }
}
