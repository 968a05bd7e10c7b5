extension JSONValue {
    /// Appends the compact JSON text, members in their order. A number that is not finite, which no
    /// parsed value holds, is written as `null`.
    public func write(into output: inout [UInt8]) {
        switch self {
        case .null: output.appendText("null")
        case .bool(let flag): output.appendText(flag ? "true" : "false")
        case .integer(let integer): output.appendJSON(integer)
        case .number(let number): output.appendJSON(number)
        case .string(let text): output.appendJSON(text)
        case .array(let elements):
            output.append(Ascii.openBracket)
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(Ascii.comma) }
                element.write(into: &output)
            }
            output.append(Ascii.closeBracket)
        case .object(let object):
            output.append(Ascii.openBrace)
            for (index, member) in object.members.enumerated() {
                if index > 0 { output.append(Ascii.comma) }
                output.appendJSON(member.key)
                output.append(Ascii.colon)
                member.value.write(into: &output)
            }
            output.append(Ascii.closeBrace)
        }
    }

    /// The compact JSON text as UTF-8.
    public var bytes: [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(256)
        write(into: &output)
        return output
    }

    /// The compact JSON text.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The same value in one agreed form, to be hashed or compared as bytes: members sorted by the bytes
    /// of their names, numbers with an integral value below 2^53 as integers (`3.0` becomes `3`).
    public func canonical() -> JSONValue {
        switch self {
        case .null, .bool, .integer, .string: self
        case .number(let number):
            number.magnitude < 0x1p53 ? Int64(exactly: number).map(JSONValue.integer) ?? self : self
        case .array(let elements): .array(elements.map { $0.canonical() })
        case .object(let object):
            .object(
                JSONObject(
                    uniqueMembers: object.members
                        .map { (key: $0.key, value: $0.value.canonical()) }
                        .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }))
        }
    }
}
