/// What may stay in HTML that a stranger wrote: an allow-list, so that what nobody thought of goes.
enum HTMLPolicy {
    /// Elements that are written out, with those of their own attributes that may stay.
    static let elements: [String: Set<String>] = [
        "a": ["href", "title"], "abbr": ["title"], "address": [], "article": [], "aside": [], "b": [], "bdi": [],
        "bdo": [], "big": [], "blockquote": ["type"], "br": ["clear"], "caption": ["align"], "center": [], "cite": [],
        "code": [], "col": ["span", "width", "align", "valign"], "colgroup": ["span", "width", "align", "valign"],
        "dd": [], "del": [], "details": [], "dfn": [], "div": ["align"], "dl": [], "dt": [], "em": [],
        "figcaption": [], "figure": [], "font": ["color", "face", "size"], "footer": [], "h1": ["align"],
        "h2": ["align"], "h3": ["align"], "h4": ["align"], "h5": ["align"], "h6": ["align"], "header": [],
        "hr": ["align", "width", "size", "color", "noshade"], "i": [],
        "img": ["src", "alt", "title", "width", "height", "align", "border", "hspace", "vspace"], "ins": [],
        "kbd": [], "li": ["type", "value"], "main": [], "mark": [], "nav": [], "ol": ["type", "start", "reversed"],
        "p": ["align"], "pre": [], "q": [], "s": [], "samp": [], "section": [], "small": [], "span": [],
        "strike": [], "strong": [], "sub": [], "summary": [], "sup": [],
        "table": ["align", "bgcolor", "border", "cellpadding", "cellspacing", "width", "height", "summary"],
        "tbody": ["align", "valign"],
        "td": ["align", "valign", "bgcolor", "width", "height", "colspan", "rowspan", "nowrap", "headers", "scope"],
        "tfoot": ["align", "valign"],
        "th": ["align", "valign", "bgcolor", "width", "height", "colspan", "rowspan", "nowrap", "scope"],
        "thead": ["align", "valign"], "tr": ["align", "valign", "bgcolor", "height"], "tt": [], "u": [],
        "ul": ["type"], "var": [], "wbr": [],
    ]

    /// Attributes that any element may keep. No `id`, `name` or `class`: they would reach into the page around.
    static let attributes: Set<String> = ["dir", "lang", "style"]

    /// Elements that go with all that is in them. Any other unknown element goes, and its content stays.
    static let removed: Set<String> = [
        "script", "style", "title", "head", "template", "svg", "math", "iframe", "frame", "frameset", "noframes",
        "applet", "audio", "video", "canvas", "select", "datalist", "xmp", "noembed", "plaintext", "xml",
    ]

    /// Elements of `removed` whose parts are looked into all the same; what is worth keeping is misplaced there.
    static let transparent: Set<String> = ["head"]

    /// Elements without an end.
    static let empty: Set<String> = ["br", "hr", "img", "wbr", "col"]

    /// Elements that stand on lines of their own when the text is taken out.
    static let blocks: Set<String> = [
        "address", "article", "aside", "blockquote", "caption", "center", "dd", "details", "div", "dl", "dt",
        "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr",
        "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tr", "ul", "body",
    ]

    /// Of those, the ones with an empty line around.
    static let spaced: Set<String> = [
        "blockquote", "dl", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul",
    ]

    /// What is done with an address in an attribute.
    enum Address: Equatable {
        case kept
        /// It would be loaded from elsewhere.
        case remote
        case refused
    }

    /// Where a link may lead: to the web, to an address, to a telephone. It is followed only when clicked.
    static func link(_ address: String) -> Bool {
        guard let scheme = scheme(address) else { return false }
        return ["http", "https", "mailto", "tel"].contains(scheme)
    }

    /// What an image may show: a part of the message, or a picture that is written out in place.
    static func image(_ address: String) -> Address {
        switch scheme(address) {
        case "cid": return .kept
        case "data":
            let text = address.lowercased()
            let pictures = ["png", "gif", "jpeg", "jpg", "webp", "bmp"]
            return pictures.contains { text.hasPrefix("data:image/\($0);base64,") } ? .kept : .refused
        case "javascript", "vbscript": return .refused
        default: return .remote
        }
    }

    /// The scheme as a browser sees it: without the blanks and controls that it skips, in lower case.
    private static func scheme(_ address: String) -> String? {
        var name = ""
        for scalar in address.unicodeScalars {
            if scalar.value <= 0x20 || 0x7F...0xA0 ~= scalar.value { continue }
            if scalar == ":" { return name.isEmpty ? nil : name.lowercased() }
            let isName = scalar.properties.isAlphabetic || "0123456789+-.".unicodeScalars.contains(scalar)
            guard scalar.isASCII, isName else { return nil }
            name.unicodeScalars.append(scalar)
        }
        return nil
    }
}
