import Domain

/// What of a tenant's configurations the mart goes by.
package struct MartSettings: Sendable {
    /// A version of a calendar.
    package struct Calendar: Sendable, Hashable {
        package var name: String
        package var openings: BusinessCalendar

        package init(name: String, openings: BusinessCalendar) {
            self.name = name
            self.openings = openings
        }
    }

    /// What the categories were in a version of the configuration.
    package struct Version: Sendable, Hashable {
        /// When it was applied.
        package var appliedAt: Instant
        /// Categories by path with the key of their calendar, 0 for always open.
        package var calendars: [String: Int32]
        /// Categories by path with the skills that they ask for.
        package var skills: [String: [String]]
        /// The endpoints.
        package var queues: [String]

        package init(
            appliedAt: Instant, calendars: [String: Int32], skills: [String: [String]] = [:], queues: [String] = []
        ) {
            self.appliedAt = appliedAt
            self.calendars = calendars
            self.skills = skills
            self.queues = queues
        }
    }

    /// The tenant's name.
    package var tenant: String
    /// The newest `datamart` section.
    package var mart: DatamartConfiguration
    /// By key, which is the calendar's version in the core service.
    package var calendars: [Int32: Calendar]
    /// By number.
    package var versions: [Int32: Version]

    package init(
        tenant: String, mart: DatamartConfiguration, calendars: [Int32: Calendar] = [:],
        versions: [Int32: Version] = [:]
    ) {
        self.tenant = tenant
        self.mart = mart
        self.calendars = calendars
        self.versions = versions
    }

    /// The calendar of a category in a version; always open (0) where the version or the category is not known, which
    /// only happens to versions that core has cleared away.
    package func calendar(of category: String?, in version: Int32) -> Int32 {
        guard let category else { return 0 }
        return stored(versions[version]?.calendars[category] ?? 0)
    }

    /// The key under which a calendar is stored: every calendar that never closes is 0.
    package func stored(_ calendar: Int32) -> Int32 {
        calendars[calendar].map { $0.openings == .alwaysOpen } == false ? calendar : 0
    }

    /// B(t) by a calendar's key.
    package var businessTime: FoldTask.BusinessTime {
        let calendars = calendars
        return { calendar, time in
            calendars[calendar].map { $0.openings.businessTime(at: Instant(milliseconds: time)) } ?? time
        }
    }

    /// The newest version.
    package var newest: Int32? { versions.keys.max() }
}
