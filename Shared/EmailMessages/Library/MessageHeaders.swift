import CGMime
import Domain

/// The headers of a parsed message, borrowed from its `MessageTree`.
struct MessageHeaders {
    /// One header.
    struct Field {
        /// In lower case.
        let name: String
        fileprivate let header: UnsafeMutablePointer<GMimeHeader>

        init(name: String, header: UnsafeMutablePointer<GMimeHeader>) {
            self.name = name
            self.header = header
        }

        /// The value as it stands in the message.
        var bytes: [UInt8] { GMimeLibrary.bytes(g_mime_header_get_raw_value(header)) }
    }

    private let fields: [Field]
    private let options: ParserOptions

    init(fields: [Field], options: ParserOptions) {
        self.fields = fields
        self.options = options
    }

    /// How many headers have the name (lower case).
    func count(_ name: String) -> Int { fields.count { $0.name == name } }

    /// The first header of that name: encoded words decoded, on one line; nil when there is none or it says nothing.
    func text(_ name: String) -> String? { texts(name).first { !$0.isEmpty } }

    /// Every header of that name, decoded.
    func texts(_ name: String) -> [String] {
        fields.filter { $0.name == name }.map { field in
            PlainText.line(EncodedWords.decode(field.bytes), limit: 65_536)
        }
    }

    /// Every header of that name as it stands in the message, unfolded to one line, not decoded.
    func raw(_ name: String) -> [String] {
        fields.filter { $0.name == name }.map { field in
            PlainText.line(
                String(decoding: field.bytes.filter { $0 != 0x0D && $0 != 0x0A }, as: UTF8.self), limit: 65_536)
        }
    }

    /// The addresses of every header of that name; groups are taken apart. What cannot be read is kept as text.
    func addresses(_ name: String, limit: Int) -> [EmailAddress] {
        var all: [EmailAddress] = []
        for field in fields where field.name == name {
            var found: [EmailAddress] = []
            let header = EncodedWords.Protected(field.bytes)
            if let list = internet_address_list_parse(options.pointer, header.text) {
                collect(list, header, depth: 0, limit: limit, into: &found)
                g_object_unref(list)
            }
            if found.isEmpty {
                // an empty group (`undisclosed-recipients:;`) is no broken address
                let text = PlainText.line(EncodedWords.decode(field.bytes), limit: 320)
                if !text.isEmpty, !text.hasSuffix(";") { found = [EmailAddress(address: text)] }
            }
            all += found
        }
        return Array(all.prefix(limit))
    }

    private func collect(
        _ list: UnsafeMutablePointer<InternetAddressList>, _ header: EncodedWords.Protected, depth: Int, limit: Int,
        into found: inout [EmailAddress]
    ) {
        for index in 0..<internet_address_list_length(list) where found.count < limit {
            guard let entry = internet_address_list_get_address(list, index) else { continue }
            if GMimeLibrary.isKind(entry, internet_address_group_get_type()) {
                let group = GMimeLibrary.cast(entry, to: InternetAddressGroup.self)
                if depth < 8, let members = internet_address_group_get_members(group) {
                    collect(members, header, depth: depth + 1, limit: limit, into: &found)
                }
                continue
            }
            guard GMimeLibrary.isKind(entry, internet_address_mailbox_get_type()) else { continue }
            let mailbox = GMimeLibrary.cast(entry, to: InternetAddressMailbox.self)
            let address = PlainText.line(
                header.restored(GMimeLibrary.borrowed(internet_address_mailbox_get_addr(mailbox)) ?? ""), limit: 320)
            let name = PlainText.line(
                header.restored(GMimeLibrary.borrowed(internet_address_get_name(entry)) ?? ""), limit: 512)
            if address.isEmpty && name.isEmpty { continue }
            found.append(
                address.isEmpty
                    ? EmailAddress(address: name) : EmailAddress(name: name.isEmpty ? nil : name, address: address))
        }
    }

    /// The first Date that can be read.
    func date() -> Instant? {
        for field in fields where field.name == "date" {
            guard let raw = g_mime_header_get_raw_value(field.header),
                let time = g_mime_utils_header_decode_date(raw)
            else { continue }
            let seconds = g_date_time_to_unix(time)
            g_date_time_unref(time)
            return Instant(milliseconds: Int64(seconds) * 1000)
        }
        return nil
    }
}
