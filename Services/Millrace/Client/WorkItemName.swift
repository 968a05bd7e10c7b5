/// How an operator names an item: its id, or `SOURCE/CAPTUREID`.
struct WorkItemName: Sendable, Hashable {
    let text: String
    /// The item's address below the API's.
    let path: String

    /// The part after the first slash is the source's number, slashes included.
    init(_ text: String) {
        self.text = text
        if let slash = text.firstIndex(of: "/") {
            let source = PercentEncoding.segment(String(text[..<slash]))
            let captureId = PercentEncoding.segment(String(text[text.index(after: slash)...]))
            path = "/workitems/by-capture/\(source)/\(captureId)"
        } else {
            path = "/workitems/\(PercentEncoding.segment(text))"
        }
    }
}
