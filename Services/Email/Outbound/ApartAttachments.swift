/// Chooses the attachments that are taken out of a message so that what is left can be sent in one request.
package enum ApartAttachments {
    /// The largest first, and as few as do. When all together do not, it is all of them.
    /// - Parameters:
    ///   - contents: bytes that each attachment has in the message at least, in their order.
    ///   - size: bytes of the whole message.
    ///   - greatest: bytes that are taken in one request.
    /// - Returns: positions in `contents`, ascending.
    package static func chosen(from contents: [Int], ofMessage size: Int, greatest: Int) -> [Int] {
        var left = size
        var chosen: [Int] = []
        for (index, content) in contents.enumerated().sorted(by: { ($0.element, $1.offset) > ($1.element, $0.offset) })
        {
            if left <= greatest { break }
            left -= content
            chosen.append(index)
        }
        return chosen.sorted()
    }
}
