/// The names that mail uses for charsets, and what iconv calls them.
///
/// Like browsers (WHATWG Encoding), a label means the larger charset that its users really write: `iso-8859-1` is
/// windows-1252, `gb2312` is GB18030.
enum CharsetNames {
    /// iconv's name, or nil where UTF-8 is meant or nothing is known.
    static func iconvName(_ label: String) -> String {
        let name = normalised(label)
        if let known = aliases[name] { return known }
        if name.hasPrefix("cp"), name.dropFirst(2).allSatisfy(\.isNumber) { return "CP" + name.dropFirst(2) }
        if name.hasPrefix("windows"), name.dropFirst(7).allSatisfy(\.isNumber) { return "CP" + name.dropFirst(7) }
        return String(label.filter { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.:+".contains($0)) })
    }

    /// Whether the label is one for UTF-8.
    static func isUTF8(_ label: String) -> Bool {
        ["utf8", "unicode11utf8", "xunicode20utf8", "utf8mb4"].contains(normalised(label))
    }

    /// Whether the label says nothing about bytes above 127.
    static func isSilent(_ label: String) -> Bool {
        [
            "", "usascii", "ascii", "ansix341968", "ansix341986", "iso646us", "unknown", "unknown8bit", "xunknown",
            "8bit", "none", "default", "binary",
        ].contains(normalised(label))
    }

    /// HZ (RFC 1843), which iconv does not know.
    static let hz = "HZ"

    /// Lower case letters and digits only: `ISO_8859-1`, `iso8859-1` and `iso-8859-1` are one.
    private static func normalised(_ label: String) -> String {
        String(label.lowercased().filter { $0.isASCII && ($0.isLetter || $0.isNumber) })
    }

    private static let aliases: [String: String] = [
        "iso88591": "CP1252", "latin1": "CP1252", "l1": "CP1252", "ansi": "CP1252", "iso885911": "CP874",
        "iso88599": "CP1254", "latin5": "CP1254", "tis620": "CP874", "iso88598i": "ISO-8859-8",
        "iso88598e": "ISO-8859-8", "iso88596i": "ISO-8859-6", "gb2312": "GB18030", "gbk": "GB18030",
        "xgbk": "GB18030", "euccn": "GB18030", "cp936": "GB18030", "gb18030": "GB18030", "hzgb2312": hz,
        "hz": hz, "big5": "BIG5-HKSCS", "xbig5": "BIG5-HKSCS", "cnbig5": "BIG5-HKSCS", "cp950": "BIG5-HKSCS",
        "shiftjis": "CP932", "sjis": "CP932", "xsjis": "CP932", "mskanji": "CP932", "windows31j": "CP932",
        "xeucjp": "EUC-JP", "eucjp": "EUC-JP", "euckr": "CP949", "ksc5601": "CP949", "ksc56011987": "CP949",
        "ksc56011989": "CP949", "korean": "CP949", "windows949": "CP949", "iso2022jpms": "ISO-2022-JP-3",
        "cp50220": "ISO-2022-JP", "koi8r": "KOI8-R", "koi8u": "KOI8-U", "koi8ru": "KOI8-U", "macintosh": "MACINTOSH",
        "mac": "MACINTOSH", "xmacroman": "MACINTOSH", "macroman": "MACINTOSH", "xmaccyrillic": "MAC-CYRILLIC",
        "xmacce": "MAC-CENTRALEUROPE", "utf7": "UTF-7", "unicode11utf7": "UTF-7", "utf16": "UTF-16",
        "utf16le": "UTF-16LE", "utf16be": "UTF-16BE", "unicode": "UTF-16", "ucs2": "UTF-16", "utf32": "UTF-32",
    ]
}
