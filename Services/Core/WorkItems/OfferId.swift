import Foundation
import Storage

/// An offer is named by its item and the revision at which it was made, so that it needs no table of its own
/// and an answer to an old offer can be told from one to the present offer.
package struct OfferId: Sendable, Hashable {
    package var workItem: UUID
    package var revision: Int32

    package init(workItem: UUID, revision: Int32) {
        self.workItem = workItem
        self.revision = revision
    }

    /// `<32 hex digits>-<revision>`
    package init?(_ text: some StringProtocol) {
        guard let dash = text.lastIndex(of: "-"), let id = UUID(hexText: text[..<dash]),
            let revision = Int32(text[text.index(after: dash)...]), revision > 0
        else { return nil }
        self.init(workItem: id, revision: revision)
    }

    package var text: String { "\(workItem.hexText)-\(revision)" }
}
