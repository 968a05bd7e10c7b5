/// Object ids of PostgreSQL's built-in types; they are fixed (`src/include/catalog/pg_type.dat`).
enum SQLType {
    static let bool: UInt32 = 16
    static let bytes: UInt32 = 17
    static let name: UInt32 = 19
    static let int8: UInt32 = 20
    static let int2: UInt32 = 21
    static let int4: UInt32 = 23
    static let text: UInt32 = 25
    static let oid: UInt32 = 26
    static let json: UInt32 = 114
    static let float4: UInt32 = 700
    static let float8: UInt32 = 701
    static let unknown: UInt32 = 705
    static let bpchar: UInt32 = 1042
    static let varchar: UInt32 = 1043
    static let timestamp: UInt32 = 1114
    static let timestamptz: UInt32 = 1184
    static let uuid: UInt32 = 2950
    static let jsonb: UInt32 = 3802

    static let boolArray: UInt32 = 1000
    static let bytesArray: UInt32 = 1001
    static let int2Array: UInt32 = 1005
    static let int4Array: UInt32 = 1007
    static let textArray: UInt32 = 1009
    static let varcharArray: UInt32 = 1015
    static let int8Array: UInt32 = 1016
    static let float8Array: UInt32 = 1022
    static let timestamptzArray: UInt32 = 1185
    static let uuidArray: UInt32 = 2951
    static let jsonbArray: UInt32 = 3807

    static func isText(_ type: UInt32) -> Bool {
        switch type {
        case text, varchar, bpchar, name, json, jsonb, unknown: true
        default: false
        }
    }

    static func isArray(_ type: UInt32) -> Bool {
        switch type {
        case boolArray, bytesArray, int2Array, int4Array, textArray, varcharArray, int8Array, float8Array, uuidArray,
            jsonbArray:
            true
        default: false
        }
    }

    /// 2000-01-01 in milliseconds since 1970; PostgreSQL counts microseconds from there.
    private static let epoch: Int64 = 946_684_800_000

    static func milliseconds(fromMicroseconds value: Int64) -> Int64 {
        // infinity and -infinity are the ends of the range
        if value == .max || value == .min { return value }
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: 1000)
        return quotient + epoch - (remainder < 0 ? 1 : 0)
    }

    static func microseconds(fromMilliseconds value: Int64) -> Int64 {
        let (shifted, below) = value.subtractingReportingOverflow(epoch)
        let (scaled, beyond) = shifted.multipliedReportingOverflow(by: 1000)
        // out of range becomes ±infinity, which PostgreSQL orders rightly
        return below || beyond ? (value < 0 ? .min : .max) : scaled
    }
}
