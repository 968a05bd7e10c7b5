import Domain
import Foundation
import ServiceKit
import Storage

extension CoreAPI {
    /// By what a list can be sorted: by the time of arrival all pages are equally fast, the others sort what the filters leave.
    enum ListOrder: String, CaseIterable {
        case newest = "-receivedAt"
        case oldest = "receivedAt"
        case due
        case dueLast = "-due"
        case updated = "-updatedAt"
        /// How much of what is looked for an item has, and where; without a search the newest first.
        case relevance

        private var key: String? {
            switch self {
            case .newest, .oldest: nil
            case .due: "coalesce(due, 9223372036854775807)"
            case .dueLast: "coalesce(due, 0)"
            case .updated: "updated_at"
            case .relevance: "score"
            }
        }
        var descending: Bool {
            switch self {
            case .newest, .dueLast, .updated, .relevance: true
            case .oldest, .due: false
            }
        }

        /// The terms of `ORDER BY`.
        var sort: String {
            let direction = descending ? "DESC" : "ASC"
            return [key, "id"].compactMap { $0.map { "\($0) \(direction)" } }.joined(separator: ", ")
        }

        /// What comes behind a position, as SQL whose parameters are added; $1 is the first of them.
        func condition(after position: ListPosition, _ parameters: inout [SQLValue]) -> String {
            let comparison = descending ? "<" : ">"
            if let key {
                parameters += [.int8(position.value), .uuid(position.id)]
                return "(\(key), id) \(comparison) ($\(parameters.count - 1), $\(parameters.count))"
            }
            parameters.append(.uuid(position.id))
            return "id \(comparison) $\(parameters.count)"
        }

        /// Where an item stands in this order.
        func position(of item: WorkItem, score: Int64 = 0) -> ListPosition {
            let value: Int64 =
                switch self {
                case .newest, .oldest: 0
                case .due: item.due?.milliseconds ?? .max
                case .dueLast: item.due?.milliseconds ?? 0
                case .updated: item.updatedAt.milliseconds
                case .relevance: score
                }
            return ListPosition(value: value, id: item.id)
        }
    }
}

/// Where a page ended: the value that it is sorted by, and the item.
struct ListPosition: Sendable, Equatable {
    var value: Int64
    var id: UUID

    init(value: Int64, id: UUID) {
        self.value = value
        self.id = id
    }

    /// Reads what `document` writes.
    init(_ document: JSONValue) throws(Problem) {
        guard let parts = document.arrayValue, parts.count == 2, let value = parts[0].integerValue,
            let id = parts[1].stringValue.flatMap({ UUID(hexText: $0) })
        else { throw Problem.badRequest(at: "cursor", "must be the value of next from a page of this list") }
        self.init(value: value, id: id)
    }

    var document: JSONValue { .array([.integer(value), .string(id.hexText)]) }
}
