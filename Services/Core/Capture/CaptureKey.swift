/// What makes a submitted item the same as another of its tenant: the source and its own number of the item.
///
/// Compared byte by byte, as PostgreSQL does; Swift's `==` on text would take a composed and a decomposed é for one.
package struct CaptureKey: Sendable, Hashable, Comparable {
    package let source: Int32
    package let captureId: String

    package init(source: Int32, captureId: String) {
        self.source = source
        self.captureId = captureId
    }

    package static func == (left: CaptureKey, right: CaptureKey) -> Bool {
        left.source == right.source && left.captureId.utf8.elementsEqual(right.captureId.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(source)
        for byte in captureId.utf8 { hasher.combine(byte) }
    }

    package static func < (left: CaptureKey, right: CaptureKey) -> Bool {
        left.source != right.source
            ? left.source < right.source : left.captureId.utf8.lexicographicallyPrecedes(right.captureId.utf8)
    }
}
