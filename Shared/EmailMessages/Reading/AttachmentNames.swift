/// Names of attachments, made harmless: a name is shown and offered for saving, and never becomes a path of ours.
enum AttachmentNames {
    /// The name for people: no path, no controls, no direction marks that hide an extension, at most 200 bytes.
    static func name(_ given: String?, type: String, index: Int, subject: String? = nil) -> String {
        if let given {
            let last = given.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last.map(String.init) ?? ""
            let clean = harmless(last)
            if !clean.isEmpty { return clean }
        }
        if let subject {
            let clean = harmless(subject.map { "/\\:*?\"<>|".contains($0) ? " " : $0 }.map(String.init).joined())
            if !clean.isEmpty { return shortened(clean, limit: 190) + ".eml" }
        }
        return "part-\(index + 1)" + (extensions[type] ?? ".bin")
    }

    private static func harmless(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where !hides(scalar) { scalars.append(scalar) }
        var line = Substring(PlainText.line(String(scalars)))
        // a name of dots alone is a folder
        if line.allSatisfy({ $0 == "." || $0 == " " }) { line = "" }
        return shortened(String(line), limit: 200)
    }

    /// Whether the character turns the direction of what follows or has no width.
    private static func hides(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x200B, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }

    /// Cut in the middle, so that the extension stays.
    private static func shortened(_ name: String, limit: Int) -> String {
        guard name.utf8.count > limit else { return name }
        let dot = name.lastIndex(of: ".").map { String(name[$0...]) } ?? ""
        let kept = dot.utf8.count <= 20 ? dot : ""
        return PlainText.beginning(name, limit: limit - kept.utf8.count).text + kept
    }

    private static let extensions = [
        "text/plain": ".txt", "text/html": ".html", "text/calendar": ".ics", "text/csv": ".csv",
        "image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "application/pdf": ".pdf",
        "application/zip": ".zip", "message/rfc822": ".eml", "application/ms-tnef": ".dat",
        "application/pgp-signature": ".asc", "application/pgp-encrypted": ".asc", "message/delivery-status": ".txt",
        "text/rfc822-headers": ".txt", "application/pkcs7-signature": ".p7s", "application/pkcs7-mime": ".p7m",
    ]
}
