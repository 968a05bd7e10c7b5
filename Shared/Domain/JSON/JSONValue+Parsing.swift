extension JSONValue {
    /// Parses one JSON text strictly. Refused are: invalid UTF-8, a byte order mark, U+0000, lone
    /// surrogates, numbers beyond `Double`, a name twice in one object, text after the value, and more
    /// depth or values than `limits` allow.
    public init(parsing bytes: [UInt8], limits: JSONLimits = .default) throws(JSONError) {
        self = try bytes.withUnsafeBufferPointer { Self.parse($0, limits) }.get()
    }

    /// Parses memory that is only valid during the call; nothing of it is kept.
    public init(parsing bytes: UnsafeRawBufferPointer, limits: JSONLimits = .default) throws(JSONError) {
        self = try bytes.withMemoryRebound(to: UInt8.self) { Self.parse($0, limits) }.get()
    }

    /// Parses any bytes: a slice, a buffer's view, `text.utf8`.
    public init(parsing bytes: some Collection<UInt8>, limits: JSONLimits = .default) throws(JSONError) {
        if let result = bytes.withContiguousStorageIfAvailable({ Self.parse($0, limits) }) {
            self = try result.get()
        } else {
            try self.init(parsing: Array(bytes), limits: limits)
        }
    }

    private static func parse(
        _ bytes: UnsafeBufferPointer<UInt8>, _ limits: JSONLimits
    ) -> Result<JSONValue, JSONError> {
        var parser = JSONParser(bytes, limits: limits)
        return Result { () throws(JSONError) in try parser.parse() }
    }
}
