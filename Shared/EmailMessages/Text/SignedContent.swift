/// The content within an opaque S/MIME signature (CMS SignedData, RFC 5652, section 5), which mail programs that know no
/// S/MIME cannot show. Nothing is verified.
///
/// Only the way to the content is followed; BER as programs that stream write it (indefinite lengths, strings in pieces)
/// is read as well as DER.
enum SignedContent {
    /// How deep strings in pieces may be nested.
    private static let greatestDepth = 8
    private static let signedData: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02]

    /// The signed bytes, a MIME entity; nil when there are none or the structure is another.
    static func content(_ bytes: [UInt8]) -> [UInt8]? {
        guard let info = element(bytes[...])?.element, info.tag == 0x30 else { return nil }
        let parts = elements(info, greatest: 2)
        guard parts.count == 2, parts[0].tag == 0x06, parts[0].content.elementsEqual(signedData), parts[1].tag == 0xA0,
            let signed = element(parts[1].content)?.element, signed.tag == 0x30
        else { return nil }
        // version, digest algorithms, what is signed
        let members = elements(signed, greatest: 3)
        guard members.count == 3, members[2].tag == 0x30 else { return nil }
        let encapsulated = elements(members[2], greatest: 2)
        guard encapsulated.count == 2, encapsulated[1].tag == 0xA0,
            let string = element(encapsulated[1].content)?.element
        else { return nil }
        var content: [UInt8] = []
        return collect(string, depth: 0, into: &content) ? content : nil
    }

    private struct Element {
        var tag: UInt8
        var content: ArraySlice<UInt8>
    }

    /// An octet string, whole or in pieces.
    private static func collect(_ string: Element, depth: Int, into content: inout [UInt8]) -> Bool {
        switch string.tag {
        case 0x04:
            content += string.content
            return true
        case 0x24 where depth < greatestDepth:
            var rest = string.content
            while !rest.isEmpty {
                guard let (piece, size) = element(rest) else { return false }
                guard collect(piece, depth: depth + 1, into: &content) else { return false }
                rest = rest.dropFirst(size)
            }
            return true
        default: return false
        }
    }

    private static func elements(_ parent: Element, greatest: Int) -> [Element] {
        var found: [Element] = []
        var rest = parent.content
        while found.count < greatest, let (next, size) = element(rest) {
            found.append(next)
            rest = rest.dropFirst(size)
        }
        return found
    }

    /// The element at the beginning and how many bytes it takes.
    private static func element(_ bytes: ArraySlice<UInt8>, depth: Int = 0) -> (element: Element, size: Int)? {
        guard depth < 64, bytes.count >= 2, let tag = bytes.first, tag & 0x1F != 0x1F else { return nil }
        let first = bytes[bytes.startIndex + 1]
        guard first != 0x80 else { return indefinite(tag, bytes, depth: depth) }
        var length = Int(first)
        var head = 2
        if first > 0x80 {
            let count = Int(first & 0x7F)
            guard count <= 4, bytes.count >= 2 + count else { return nil }
            length = bytes.dropFirst(2).prefix(count).reduce(0) { $0 << 8 | Int($1) }
            head += count
        }
        guard bytes.count - head >= length else { return nil }
        return (Element(tag: tag, content: bytes.dropFirst(head).prefix(length)), head + length)
    }

    /// An element that ends with two zero bytes in its own depth.
    private static func indefinite(
        _ tag: UInt8, _ bytes: ArraySlice<UInt8>, depth: Int
    ) -> (element: Element, size: Int)? {
        var rest = bytes.dropFirst(2)
        while rest.count >= 2 {
            if rest.first == 0, rest[rest.startIndex + 1] == 0 {
                let content = bytes[(bytes.startIndex + 2)..<rest.startIndex]
                return (Element(tag: tag, content: content), content.count + 4)
            }
            guard let (_, size) = element(rest, depth: depth + 1) else { return nil }
            rest = rest.dropFirst(size)
        }
        return nil
    }
}
