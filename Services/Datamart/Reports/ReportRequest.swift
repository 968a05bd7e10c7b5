import Domain
import ServiceKit

/// What somebody asks of a report.
package struct ReportRequest: Sendable {
    let by: [ReportDimension]
    let filters: [(dimension: ReportDimension, values: [String])]
    /// Of the category filter: levels below it that rows are by; 0 leaves out what is below it.
    let depth: Int
    let zone: ReportZone
    let from: Instant
    let to: Instant
    /// nil unless rows are by interval.
    private let interval: ReportInterval?
    /// Whether the caller left it to the service.
    private let isIntervalSuited: Bool
    let page: ReportPage

    /// What rows are by and restricted to, without the interval.
    var wanted: Set<ReportDimension> {
        Set(by + filters.map(\.dimension)).subtracting([.interval])
    }

    /// How many names of a category's path the rows show.
    var categoryDepth: Int { (within.map { $0.split(separator: "/").count } ?? 0) + depth }

    /// The category that it is restricted to.
    private var within: String? { filters.first { $0.dimension == .category }?.values.first }

    /// Whether a row by category is of what is directly in the category, and not of what is below it: what is below has
    /// rows of its own, or is left out.
    func isOwn(_ category: String) -> Bool {
        category.split(separator: "/").count < categoryDepth || (depth == 0 && within != nil)
    }

    /// Parameters that every report takes.
    static let common = ["from", "to", "by", "interval", "timeZone", "depth"] + ReportPage.parameters

    /// Reads a query.
    /// - Throws: 400 for what cannot be understood, 403 for names that the caller may not see.
    init(
        _ query: QueryParameters, of report: ReportDefinition, mart: ServedMart, caller: Principal, cursor: PageCursor,
        now: Instant
    ) throws(Problem) {
        let filterable = report.dimensions.filter { $0 != .interval }
        try query.refuseOthers(than: Self.common + filterable.map(\.rawValue))
        by = try Self.by(query, report)
        var filters: [(ReportDimension, [String])] = []
        for dimension in filterable {
            guard let text = try query.string(dimension.rawValue) else { continue }
            guard !text.isEmpty, text.utf8.count <= 2000 else {
                throw .badRequest(at: dimension.rawValue, "must be a name of 1 to 2000 bytes")
            }
            filters.append((dimension, [text]))
        }
        if filters.contains(where: { $0.0 == .agent }), !caller.has(.supervisor) {
            throw .forbidden("Agents' names are for supervisors: only they may ask for one agent.")
        }
        self.filters = filters
        depth = try query.integer("depth", default: 1, in: 0...10)
        zone = try ReportZone.named(try query.string("timeZone"), in: mart)
        let parameters =
            by.map(\.rawValue) + ["\(depth)", zone.name]
            + filters.map { "\($0.0.rawValue)=\($0.1.joined(separator: ","))" }
        page = try ReportPage(
            query, of: "\(mart.tenant)/\(report.name)/" + parameters.joined(separator: "/"), cursor)
        if let period = page.period {
            (from, to) = period
        } else {
            (from, to) = try Self.period(query, zone, now)
        }
        let named = try query.choice("interval", of: ReportInterval.self)
        guard by.contains(.interval) else {
            guard named == nil else {
                throw .badRequest(at: "interval", "needs by=interval, or another list with interval in it")
            }
            interval = nil
            isIntervalSuited = false
            return
        }
        interval = page.interval ?? named ?? .suited(to: to - from)
        isIntervalSuited = page.interval == nil && named == nil
    }

    /// Length of the intervals: days, where nobody has named another and a mart keeps nothing shorter.
    func interval(from progress: MartProgress) -> ReportInterval? {
        isIntervalSuited && from < progress.intradayFloor ? .day : interval
    }

    private static func by(
        _ query: QueryParameters, _ report: ReportDefinition
    ) throws(Problem) -> [ReportDimension] {
        guard let text = try query.string("by") else { return report.defaultBy }
        let known = report.dimensions.map(\.rawValue).joined(separator: ", ")
        var by: [ReportDimension] = []
        for name in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let dimension = ReportDimension(rawValue: String(name)), report.dimensions.contains(dimension) else {
                throw .badRequest(at: "by", "must be one or several of: \(known)")
            }
            guard !by.contains(dimension) else { throw .badRequest(at: "by", "has \(name) twice") }
            by.append(dimension)
        }
        guard by.count <= 4 else { throw .badRequest(at: "by", "may have 4 names at most") }
        return by
    }

    /// The period asked for: the present day so far unless it says otherwise.
    static func period(
        _ query: QueryParameters, _ zone: ReportZone, _ now: Instant
    ) throws(Problem) -> (Instant, Instant) {
        func instant(_ name: String) throws(Problem) -> Instant? {
            guard let text = try query.string(name) else { return nil }
            guard let instant = zone.instant(text, now: now) else {
                throw .badRequest(at: name, "must be \(ReportZone.forms)")
            }
            return instant
        }
        let to = try instant("to")
        let from = try instant("from")
        let end = to ?? max(now, (from ?? now) + 1)
        let beginning = from ?? zone.start(of: zone.day(of: end - 1))
        guard beginning < end else {
            throw .badRequest(at: "from", "must be before to (\(end.rfc3339))")
        }
        guard end - beginning <= 20 * 366 * 86_400_000 else {
            throw .badRequest(at: "from", "may be 20 years before to at most")
        }
        return (beginning, end)
    }
}

/// Which part of a report is asked for, and how it is written.
package struct ReportPage: Sendable {
    /// How a report is written.
    enum Format: String, CaseIterable, Sendable { case json, csv }

    let limit: Int
    let format: Format
    /// From the cursor: the period of the first page, which "now" would move, and where that page ended.
    let period: (Instant, Instant)?
    let interval: ReportInterval?
    let after: JSONValue?
    private let list: String
    private let cursor: PageCursor

    static let parameters = ["limit", "cursor", "format"]

    init(_ query: QueryParameters, of list: String, _ cursor: PageCursor) throws(Problem) {
        limit = try query.integer("limit", default: 500, in: 1...5000)
        format = try query.choice("format", of: Format.self) ?? .json
        self.list = list
        self.cursor = cursor
        guard let text = try query.string("cursor") else {
            period = nil
            interval = nil
            after = nil
            return
        }
        let place = try cursor.decode(text, list: list)
        guard let from = place["from"]?.integerValue, let to = place["to"]?.integerValue, let after = place["after"]
        else { throw .badRequest(at: "cursor", "must be the value of next from a page of this report") }
        period = (Instant(milliseconds: from), Instant(milliseconds: to))
        interval = place["interval"]?.stringValue.flatMap(ReportInterval.init(rawValue:))
        self.after = after
    }

    /// The cursor of the next page.
    func next(after place: JSONValue, from: Instant, to: Instant, interval: ReportInterval?) -> String {
        var object: JSONObject = [
            "from": .integer(from.milliseconds), "to": .integer(to.milliseconds), "after": place,
        ]
        object["interval"] = interval.map { .string($0.rawValue) }
        return cursor.encode(.object(object), list: list)
    }
}
