/// Takes the parser's events and writes what the policy allows.
final class HTMLWriter {
    private enum Mode {
        /// Written, with an end to be written.
        case written
        /// The element goes, its content stays.
        case opened
        /// The element goes with its content.
        case removed
    }

    /// Nesting that no mail needs; deeper elements go, their text stays.
    private static let greatestDepth = 200
    /// Nesting at which parsing stops: the parser's time grows with it.
    private static let hopelessDepth = 2_000

    private var output: [UInt8] = []
    private var text: HTMLTextBuilder
    private var stack: [(name: String, mode: Mode, isHidden: Bool)] = []
    private var removedDepth = 0
    private var hiddenDepth = 0
    private var result = SanitizedHTML()

    private let limit: Int

    init(textLimit: Int, limit: Int) {
        text = HTMLTextBuilder(limit: textLimit)
        self.limit = limit
    }

    /// Whether the parser is to stop.
    private(set) var isHopeless = false

    func begin(_ name: String, _ attributes: [(name: String, value: String)]) {
        var mode = Mode.opened
        var isHidden = false
        let isTransparent = HTMLPolicy.transparent.contains(name)
        if HTMLPolicy.removed.contains(name) && !isTransparent {
            mode = .removed
            if ["iframe", "frame", "audio", "video", "applet"].contains(name) { result.blockedRemoteContents += 1 }
        } else if removedDepth == 0 {
            isHidden = attributes.contains { $0.name == "hidden" || $0.name == "style" && StylePolicy.hides($0.value) }
            if let allowed = HTMLPolicy.elements[name], stack.count < Self.greatestDepth {
                mode = .written
                write(name, allowed, attributes)
            } else if ["link", "embed", "object", "input"].contains(name),
                attributes.contains(where: { ["href", "src", "data"].contains($0.name) })
            {
                result.blockedRemoteContents += 1
            }
            if hiddenDepth == 0, !isHidden { text.begin(name) }
        }
        if mode == .removed { removedDepth += 1 }
        if isHidden { hiddenDepth += 1 }
        stack.append((name, mode, isHidden))
        if stack.count > Self.hopelessDepth || output.count >= limit {
            isHopeless = true
            result.isShortened = true
        }
    }

    func end(_ name: String) {
        // an end without a beginning is none
        guard stack.contains(where: { $0.name == name }) else { return }
        while let last = stack.popLast() {
            switch last.mode {
            case .written:
                if !HTMLPolicy.empty.contains(last.name) {
                    output.append(contentsOf: "</".utf8)
                    output.append(contentsOf: last.name.utf8)
                    output.append(UInt8(ascii: ">"))
                }
            case .removed: removedDepth -= 1
            case .opened: break
            }
            if last.isHidden { hiddenDepth -= 1 }
            if removedDepth == 0, hiddenDepth == 0, !last.isHidden { text.end(last.name) }
            if last.name == name { return }
        }
    }

    func characters(_ characters: String) {
        guard removedDepth == 0 else { return }
        Self.escape(characters, into: &output)
        if hiddenDepth == 0 { text.characters(characters) }
        if output.count >= limit {
            isHopeless = true
            result.isShortened = true
        }
    }

    func finish() -> SanitizedHTML {
        while let name = stack.last?.name { end(name) }
        result.html = String(decoding: output, as: UTF8.self)
        result.text = PlainText.trimmed(text.text)
        if text.isFull { result.isShortened = true }
        return result
    }

    private func write(_ name: String, _ allowed: Set<String>, _ attributes: [(name: String, value: String)]) {
        output.append(UInt8(ascii: "<"))
        output.append(contentsOf: name.utf8)
        var seen: Set<String> = []
        var isLink = false
        for (attribute, value) in attributes {
            guard allowed.contains(attribute) || HTMLPolicy.attributes.contains(attribute) else {
                if ["background", "srcset", "poster", "lowsrc", "dynsrc"].contains(attribute) {
                    result.blockedRemoteContents += 1
                }
                continue
            }
            guard seen.insert(attribute).inserted, let kept = filtered(attribute, value, of: name) else { continue }
            write(attribute, kept)
            isLink = isLink || attribute == "href"
        }
        // a link opens elsewhere and tells nobody where it was
        if isLink {
            write("rel", "noopener noreferrer nofollow")
            write("target", "_blank")
        }
        output.append(UInt8(ascii: ">"))
    }

    private func filtered(_ attribute: String, _ value: String, of name: String) -> String? {
        switch attribute {
        case "href": return HTMLPolicy.link(value) ? value : nil
        case "src":
            switch HTMLPolicy.image(value) {
            case .kept:
                if value.lowercased().hasPrefix("cid:") { result.contentIds.insert(Self.contentId(value.dropFirst(4))) }
                return value
            case .remote:
                result.blockedRemoteContents += 1
                return nil
            case .refused: return nil
            }
        case "style":
            if value.lowercased().contains("url(") { result.blockedRemoteContents += 1 }
            return StylePolicy.filtered(value)
        default: return value
        }
    }

    /// The id in a `cid:` address, percent-decoded (RFC 2392).
    private static func contentId(_ address: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(address.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let decoded = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(decoded)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func write(_ attribute: String, _ value: String) {
        output.append(UInt8(ascii: " "))
        output.append(contentsOf: attribute.utf8)
        output.append(contentsOf: "=\"".utf8)
        Self.escape(value, into: &output)
        output.append(UInt8(ascii: "\""))
    }

    /// Writes text so that no parser sees markup in it, in content and in quoted attributes alike.
    static func escape(_ text: String, into output: inout [UInt8]) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): output.append(contentsOf: "&amp;".utf8)
            case UInt8(ascii: "<"): output.append(contentsOf: "&lt;".utf8)
            case UInt8(ascii: ">"): output.append(contentsOf: "&gt;".utf8)
            case UInt8(ascii: "\""): output.append(contentsOf: "&quot;".utf8)
            case UInt8(ascii: "'"): output.append(contentsOf: "&#39;".utf8)
            case UInt8(ascii: "`"): output.append(contentsOf: "&#96;".utf8)
            case 0: continue
            default: output.append(byte)
            }
        }
    }
}
