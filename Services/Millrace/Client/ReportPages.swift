import Domain
import Foundation

/// A report page by page, up to as many rows as are wanted.
struct ReportPages: Sendable {
    let client: APIClient
    /// Below the API's path.
    let path: String
    /// What is asked for, without limit and cursor.
    let parameters: [(String, String)]
    /// Rows at most; nil for all.
    let limit: Int?
    /// Rows of a page at most, as the interface has it.
    private static let largest = 5000

    /// The first page and the rows of all pages.
    /// - Returns: `next` is the cursor of what the limit left out; nil when nothing was.
    func rows() async throws -> (first: JSONValue, rows: [JSONValue], next: String?) {
        var first: JSONValue?
        var rows: [JSONValue] = []
        var next: String?
        repeat {
            let page = try await client.call(.GET, address(after: next, rows.count))
            first = first ?? page
            rows += page["items"]?.arrayValue ?? []
            next = page["next"]?.stringValue
        } while next != nil && isWanted(rows.count)
        return (first ?? .null, rows, next)
    }

    /// Writes the rows of all pages to standard output as comma-separated values, under one heading.
    /// - Returns: whether the limit left something out.
    func writeCSV() async throws -> Bool {
        var next: String?
        var count = 0
        repeat {
            let answer = try await client.send(.GET, address(after: next, count, [("format", "csv")]))
            guard answer.isSuccess else { throw ProblemText.failure(of: answer, address: client.address) }
            var lines = answer.bytes[...]
            // Each page has the heading: names of columns, which hold no line ends.
            if next != nil, let end = lines.firstIndex(of: 0x0A) { lines = lines[(end + 1)...] }
            Terminal.write(String(decoding: lines, as: UTF8.self))
            // A page that another one follows is full.
            count += size(count)
            next = Self.cursor(in: answer.headers.first(name: "Link"))
        } while next != nil && isWanted(count)
        return next != nil
    }

    private func isWanted(_ count: Int) -> Bool { limit.map { count < $0 } ?? true }

    /// Rows of the page after so many.
    private func size(_ count: Int) -> Int { limit.map { min($0 - count, Self.largest) } ?? Self.largest }

    private func address(after cursor: String?, _ count: Int, _ more: [(String, String)] = []) -> String {
        let place = cursor.map { [("cursor", $0)] } ?? []
        return path + PercentEncoding.query(parameters + more + [("limit", "\(size(count))")] + place)
    }

    /// The cursor in the address of the next page; nil on the last one.
    static func cursor(in link: String?) -> String? {
        guard let link, link.hasSuffix("rel=\"next\""), let begin = link.range(of: "cursor=") else { return nil }
        return link[begin.upperBound...].prefix { $0 != "&" && $0 != ">" }.removingPercentEncoding
    }
}
