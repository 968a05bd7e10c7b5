extension JSONParser {
    /// Reads a number: `-? (0 | 1-9 digits) (. digits)? (e|E sign? digits)?`.
    mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        let negative = peek == Ascii.minus
        if negative { position += 1 }
        guard isDigit(peek) else { throw unexpected("a digit") }
        var mantissa: UInt64 = 0
        var digits = 0
        if peek == Ascii.zero {
            position += 1
            guard !isDigit(peek) else {
                throw failure(.invalidNumber, "A number must not start with a superfluous 0.")
            }
        } else {
            readDigits(&mantissa, &digits)
        }
        guard peek == Ascii.dot || peek | 0x20 == UInt8(ascii: "e") else {
            if digits <= 19, let integer = signed(mantissa, negative) { return .integer(integer) }
            return .number(try slowNumber(from: start))
        }
        var exponent = 0
        if peek == Ascii.dot {
            position += 1
            let fractionStart = position
            guard isDigit(peek) else { throw unexpected("a digit after the decimal point") }
            readDigits(&mantissa, &digits)
            exponent = fractionStart - position
        }
        if peek | 0x20 == UInt8(ascii: "e") { exponent += try exponentPart() }
        // Exact when both factors are (Clinger's fast path): a mantissa below 2^53, a power up to 10^22.
        guard digits <= 19, mantissa < 1 << 53, abs(exponent) < Self.powersOfTen.count else {
            return .number(try slowNumber(from: start))
        }
        let power = Self.powersOfTen[abs(exponent)]
        let magnitude = exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
        return .number(negative ? -magnitude : magnitude)
    }

    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
        1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    private func isDigit(_ byte: UInt8) -> Bool { byte >= Ascii.zero && byte <= Ascii.nine }

    private mutating func readDigits(_ mantissa: inout UInt64, _ digits: inout Int) {
        while isDigit(peek) {
            mantissa = mantissa &* 10 &+ UInt64(peek - Ascii.zero)
            digits += 1
            position += 1
        }
    }

    /// The signed value, unless it does not fit. Nineteen digits never overflow the 64 bits read so far.
    private func signed(_ mantissa: UInt64, _ negative: Bool) -> Int64? {
        guard negative else { return Int64(exactly: mantissa) }
        return mantissa == 1 << 63 ? Int64.min : Int64(exactly: mantissa).map { -$0 }
    }

    /// The exponent's value; far outside of what a `Double` holds it stays at ±100,000.
    private mutating func exponentPart() throws(JSONError) -> Int {
        position += 1
        let negative = peek == Ascii.minus
        if negative || peek == Ascii.plus { position += 1 }
        guard isDigit(peek) else { throw unexpected("a digit of the exponent") }
        var exponent = 0
        while isDigit(peek) {
            exponent = min(exponent * 10 + Int(peek - Ascii.zero), 100_000)
            position += 1
        }
        return negative ? -exponent : exponent
    }

    private func slowNumber(from start: Int) throws(JSONError) -> Double {
        let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self)
        guard let number = Double(text), number.isFinite else {
            throw JSONError(
                .numberOutOfRange, offset: start,
                message: "The number is out of range; send at most 1.797e308 in magnitude.")
        }
        return number
    }
}
