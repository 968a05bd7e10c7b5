import Domain
import Foundation
import ServiceKit

/// A table as it goes out: columns with their kinds, rows of values, links. The same for reports over aggregates and for
/// lists of items.
package struct ReportAnswer: Sendable {
    /// A column of the table.
    package struct Column: Sendable {
        let name: String
        let title: String
        let kind: ReportValueKind
        var isMain = false

        /// Beside an agent's id, what the directory calls the agent.
        static let agentName = Column(name: "name", title: "agent's name", kind: .text)
    }

    /// A row: values by column, and where to go from it.
    package struct Row: Sendable {
        var values: [JSONValue?]
        var links: [(name: String, address: String)] = []
    }

    let name: String
    let title: String
    let zone: ReportZone
    let from: Instant
    let to: Instant
    let interval: ReportInterval?
    let by: [String]
    let columns: [Column]
    let rows: [Row]
    /// Of all rows, also those of other pages; nil for lists.
    let total: [JSONValue?]?
    let progress: MartProgress
    /// The first day from which on all is there; nil when nothing was purged.
    let wholeFrom: String?
    let next: String?

    /// The document.
    var json: [UInt8] {
        var writer = JSONWriter(capacity: 512 + 256 * rows.count)
        writer.object { json in
            json.member("report", name)
            json.member("title", title)
            json.member("timeZone", zone.name)
            json.member("from", zone.text(from))
            json.member("to", zone.text(to))
            json.member("interval", interval?.rawValue)
            json.member("by", by)
            json.object("asOf") { asOf in
                asOf.member("position", progress.position)
                asOf.member("time", progress.eventAt)
                if let historyFrom { asOf.member("historyFrom", historyFrom) }
            }
            json.array("columns") { list in
                for column in columns {
                    list.object { json in
                        json.member("name", column.name)
                        json.member("title", column.title)
                        json.member("kind", column.kind.rawValue)
                        if column.isMain { json.member("main", true) }
                    }
                }
            }
            json.array("items") { list in
                for row in rows {
                    list.object { json in
                        write(row.values, to: &json)
                        guard !row.links.isEmpty else { return }
                        json.object("links") { links in for link in row.links { links.member(link.name, link.address) }
                        }
                    }
                }
            }
            if let total { json.object("totals") { write(total, to: &$0) } }
            if let next { json.member("next", next) } else { json.nullMember("next") }
        }
        return writer.bytes
    }

    private func write(_ values: [JSONValue?], to json: inout JSONWriter) {
        for (column, value) in zip(columns, values) {
            if let value { json.member(column.name, value) } else { json.nullMember(column.name) }
        }
    }

    /// The day from which on all is there, where some of the period was purged.
    private var historyFrom: String? { wholeFrom.flatMap { zone.day(of: from).description < $0 ? $0 : nil } }

    /// The rows as comma-separated values, with the period, its zone and from when on all is there in the last columns of each.
    /// Spans are seconds.
    var csv: [UInt8] {
        var text = CSVWriter.line(columns.map(\.name) + ["periodFrom", "periodTo", "timeZone", "historyFrom"])
        let constant = [zone.text(from), zone.text(to), zone.name, historyFrom ?? ""]
        for row in rows {
            text += CSVWriter.line(row.values.map { Self.cell($0) } + constant)
        }
        return Array(text.utf8)
    }

    /// What a file of it is called.
    var fileName: String { "\(name)_\(zone.day(of: from))_\(zone.name.replacing("/", with: "-")).csv" }

    private static func cell(_ value: JSONValue?) -> String {
        switch value {
        case .none, .null: ""
        case .string(let text): text
        case .some(let value): value.text
        }
    }
}

extension FilledReport {
    /// A page of it, from behind the labels that the page before ended with.
    func answer(_ page: ReportPage) throws(Problem) -> ReportAnswer {
        let after = try page.after.map { (value) throws(Problem) in try Self.labels(value, count: request.by.count) }
        let rest = rows.drop { row in after.map { !ReportRows.isBefore($0, row.labels) } ?? false }
        let shown = rest.prefix(page.limit)
        var next: String?
        if rest.count > page.limit, let last = shown.last {
            next = page.next(
                after: .array(last.labels.map(\.document)), from: period.from, to: period.to, interval: period.interval)
        }
        return ReportAnswer(
            name: definition.name, title: definition.title, zone: period.zone, from: period.from, to: period.to,
            interval: period.interval, by: request.by.map(\.rawValue), columns: columns,
            rows: shown.map { ReportAnswer.Row(values: values($0), links: links($0)) },
            total: columns.prefix { $0.kind.isLabel }.map { _ in nil } + measures.map { total.value(of: $0.formula) }
                + (showsTargets ? [nil] : []),
            progress: progress, wholeFrom: progress.wholeFrom(facts: isOverFacts, in: period.zone), next: next)
    }

    private var showsTargets: Bool { !targets.isEmpty }

    private var columns: [ReportAnswer.Column] {
        request.by.flatMap { dimension in
            let column = ReportAnswer.Column(
                name: dimension.rawValue, title: dimension.title, kind: dimension == .interval ? .time : .dimension)
            return dimension == .agent && showsAgents ? [column, .agentName] : [column]
        }
            + measures.map { ReportAnswer.Column(name: $0.name, title: $0.title, kind: $0.kind, isMain: $0.isMain) }
            + (showsTargets ? [ReportAnswer.Column(name: "target", title: "target", kind: .percent)] : [])
    }

    private func values(_ row: ReportRow) -> [JSONValue?] {
        var values: [JSONValue?] = []
        for (dimension, label) in zip(request.by, row.labels) {
            switch label {
            case .interval(let index):
                values.append(.string(period.zone.text(period.starts[min(max(index, 0), period.starts.count - 1)])))
            case .name(_, let text): values.append(.string(text))
            case .none: values.append(nil)
            }
            if dimension == .agent, showsAgents {
                values.append(label.text.flatMap { agents[$0] }.map(JSONValue.string))
            }
        }
        values += measures.map { row.value(of: $0.formula) }
        if showsTargets { values.append(target(of: row).map(JSONValue.number)) }
        return values
    }

    /// The target of the row's category in its interval, or in the period.
    private func target(of row: ReportRow) -> Double? {
        guard let place = request.by.firstIndex(of: .category), let category = row.labels[place].text else {
            return nil
        }
        let rest = zip(request.by, row.labels).filter { $0.0 != .interval }.map(\.1)
        let range = intervalOf(row) ?? period.from..<period.to
        return ServiceLevelTarget.percent(
            of: category, over: targetParts.parts(of: rest, in: range), among: targets)
    }

    private func intervalOf(_ row: ReportRow) -> Range<Instant>? {
        guard let place = request.by.firstIndex(of: .interval), case .interval(let index) = row.labels[place],
            period.starts.indices.contains(index)
        else { return nil }
        let end = index + 1 < period.starts.count ? period.starts[index + 1] : period.to
        return period.starts[index]..<end
    }

    /// Deeper into the category where there is more below it, else to its items.
    private func links(_ row: ReportRow) -> [(name: String, address: String)] {
        guard let place = request.by.firstIndex(of: .category), let category = row.labels[place].text,
            // A number in place of a name leads nowhere.
            showsAgents || !request.by.contains(.agent)
        else { return [] }
        let range = intervalOf(row) ?? period.from..<period.to
        let isParent = parents.contains(category)
        var items = [("category", category)]
        for filter in request.filters where filter.dimension != .category {
            items += filter.values.map { (filter.dimension.rawValue, $0) }
        }
        for (dimension, label) in zip(request.by, row.labels) where dimension != .category {
            if let text = label.text { items.append((dimension.rawValue, text)) }
        }
        let time = [
            ("from", period.zone.text(range.lowerBound)), ("to", period.zone.text(range.upperBound)),
            ("timeZone", period.zone.name),
        ]
        var links: [(name: String, address: String)] = []
        if isParent {
            let filters = items.filter { name, _ in definition.dimensions.contains { $0.rawValue == name } }
            links.append(
                (
                    "down",
                    ReportAddress.text(definition.name, [("by", "category")] + filters + time)
                ))
        }
        var known = items.filter { name, _ in ItemReport.filters.contains { $0.rawValue == name } }
        if request.isOwn(category) { known.append(("depth", "0")) }
        for (name, row) in definition.items(cutBy: request.wanted) {
            links.append((name, ReportAddress.text(ItemReport.name, [("by", row.rawValue)] + known + time)))
        }
        return links
    }

    private static func labels(_ value: JSONValue, count: Int) throws(Problem) -> [ReportLabel] {
        let labels = (value.arrayValue ?? []).compactMap(ReportLabel.init)
        guard labels.count == count else {
            throw .badRequest(at: "cursor", "must be the value of next from a page of this report")
        }
        return labels
    }
}

extension ReportLabel {
    /// As a cursor holds it.
    var document: JSONValue {
        switch self {
        case .interval(let index): .integer(Int64(index))
        case .name(let order, let text): [.integer(Int64(order)), .string(text)]
        case .none: .null
        }
    }

    /// Reads what a cursor holds.
    init?(_ document: JSONValue) {
        switch document {
        case .integer(let index): self = .interval(Int(index))
        case .array(let parts) where parts.count == 2:
            guard let order = parts[0].integerValue, let text = parts[1].stringValue else { return nil }
            self = .name(order: Int(order), text)
        case .null: self = .none
        default: return nil
        }
    }
}

/// Addresses of reports.
enum ReportAddress {
    static func text(_ name: String, _ parameters: [(String, String)]) -> String {
        let query = parameters.map { "\($0.0)=\(encoded($0.1))" }.joined(separator: "&")
        return "\(DatamartOpenAPI.basePath)/reports/\(name)?\(query)"
    }

    private static func encoded(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E, 0x3A, 0x2F:
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default: encoded += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return encoded
    }
}

extension ReportZone {
    /// An instant as clocks there show it, with their distance from UTC: `2026-11-28T18:15:00+01:00`.
    func text(_ instant: Instant) -> String {
        let offset = (local(instant) - instant.milliseconds) / 60_000
        let shown = Instant(milliseconds: local(instant)).rfc3339
        let second = shown.prefix(shown.hasSuffix(".000Z") ? 19 : 23)
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(second)\(offset < 0 ? "-" : "+")\(two(abs(offset) / 60)):\(two(abs(offset) % 60))"
    }
}
